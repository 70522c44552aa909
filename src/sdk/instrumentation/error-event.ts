import { errorTypeOf } from '../call-error.ts'
import { fieldsOf } from './fields.ts'

/** The error that an event of a stream in OpenAI's format says, where the answer came with 200: its code, its type, or that there is one. */
export function eventErrorType(event: unknown): string | undefined {
  const { error } = fieldsOf(event)
  if (error === undefined || error === null) return undefined
  return typeof error === 'object' ? errorTypeOf({ error, constructor: undefined, name: 'error' }) : 'error'
}
