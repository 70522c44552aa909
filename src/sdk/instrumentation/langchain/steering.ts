import { fieldsOf } from '../fields.ts'

/** LangGraph steers by throwing: an interrupt that waits for a person, a command to the parent graph. That is no failure. */
export const isSteering = (error: unknown): boolean => fieldsOf(error)['is_bubble_up'] === true
