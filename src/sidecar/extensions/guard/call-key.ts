import type { Hello } from '../../../control/guard-messages.ts'

/** A call in the books of rates: ids are chosen by processes, and none ends, or gives back, what another one was let in for. */
export const callKey = ({ process }: Pick<Hello, 'process'>, id: string): string => `${process}/${id}`
