import { isDenial } from './denial-error.ts'
import type { DenialError } from './denial-error.ts'

/** Errors that are looked at; whoever wraps deeper wraps himself. */
const ERRORS_MAX = 64

/**
 * The denial in an error, whatever a client library or a framework has put around it: in its causes (`APIConnectionError`), in what was tried before it (`RetryError`, `AggregateError`), or
 * in the `error` part of a stream. Undefined when it has another reason, such as an outage of the provider. Never throws.
 */
export function denialIn(error: unknown): DenialError | undefined {
  const found = [error]
  for (let i = 0; i < found.length && i < ERRORS_MAX; i++) {
    const one = found[i]
    if (typeof one !== 'object' || one === null) continue
    try {
      if (isDenial(one)) return one
      for (const inner of innerOf(one)) if (!found.includes(inner)) found.push(inner)
    } catch {
      // It does not let itself be looked at.
    }
  }
  return undefined
}

function innerOf(error: object): unknown[] {
  const errors: unknown = Reflect.get(error, 'errors')
  const wrapped = ['cause', 'error', 'lastError', 'originalError'].map((name): unknown => Reflect.get(error, name))
  return [...wrapped, ...(Array.isArray(errors) ? errors.slice(0, ERRORS_MAX) : [])]
}
