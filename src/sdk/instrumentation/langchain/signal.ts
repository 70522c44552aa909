import { fieldsOf } from '../fields.ts'

/** The signal with which the caller can abort, among the options of a call or in the config of a run. */
export function signalOf(options: unknown): AbortSignal | undefined {
  const { signal } = fieldsOf(options)
  return signal instanceof AbortSignal ? signal : undefined
}
