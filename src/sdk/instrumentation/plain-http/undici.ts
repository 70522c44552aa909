import { deniedRequests } from '../../guard/denied-requests.ts'
import { fieldsOf, isFields, listOf } from '../fields.ts'
import type { PlainExchange, Target } from './exchange.ts'

type On = (channel: string, handle: (message: unknown) => void) => void

/**
 * Requests of `fetch` and of the undici package, 5 to 7. The channels tell the head and the end of a request; the bytes pass through two
 * methods of undici's request, which are replaced on this one object. A version without them gives a span without model and usage.
 */
export function observeUndici(on: On, begin: (target: Target) => PlainExchange | undefined): void {
  const exchanges = new WeakMap<object, PlainExchange>()
  const of = (message: unknown): PlainExchange | undefined => {
    const { request } = fieldsOf(message)
    return isFields(request) ? exchanges.get(request) : undefined
  }
  on('undici:request:create', (message) => {
    const { request } = fieldsOf(message)
    if (!isFields(request)) return
    const { origin, path, method } = request
    const exchange = begin({ origin: String(origin), path: String(path), method: String(method) })
    if (exchange === undefined) return
    const denial = deniedRequests.get(request)
    if (denial !== undefined) return exchange.failed(denial)
    exchanges.set(request, exchange)
    const { body } = request
    if (body instanceof Uint8Array) {
      exchange.sent(body)
      exchange.requested()
    } else passThrough(request, 'onBodySent', (chunk) => exchange.sent(chunk))
    passThrough(request, 'onData', (chunk) => exchange.received(chunk))
  })
  on('undici:request:bodySent', (message) => of(message)?.requested())
  on('undici:request:headers', (message) => {
    const { statusCode, headers } = fieldsOf(fieldsOf(message)['response'])
    of(message)?.responded(Number(statusCode), (name) => headerOf(listOf(headers), name))
  })
  on('undici:request:trailers', (message) => of(message)?.ended())
  on('undici:request:error', (message) => of(message)?.failed(fieldsOf(message)['error']))
}

/** Replaces a method of one object; `look` never throws. */
function passThrough(target: object, method: string, look: (chunk: unknown) => void): void {
  const original: unknown = Reflect.get(target, method)
  if (typeof original !== 'function') return
  Object.defineProperty(target, method, {
    configurable: true,
    writable: true,
    enumerable: false,
    value(this: unknown, chunk: unknown): unknown {
      look(chunk)
      return Reflect.apply(original, this, [chunk])
    },
  })
}

/** undici gives the headers of an answer as a flat list of names and values. */
function headerOf(headers: readonly unknown[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (String(headers[index]).toLowerCase() === name) return String(headers[index + 1])
  }
  return undefined
}
