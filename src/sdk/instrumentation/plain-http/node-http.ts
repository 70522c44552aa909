import { fieldsOf, isFields, textOf } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { PlainExchange, Target } from './exchange.ts'

const exchanges = new WeakMap<object, PlainExchange>()

/** A request of node:http or node:https that was just made: nothing is written yet. */
export function observeNodeRequest(request: unknown, begin: (target: Target) => PlainExchange | undefined): void {
  if (!isFields(request)) return
  const { path, method, protocol } = request
  const host = headerOf(request, 'host') ?? textOf(request['host'])
  const exchange = begin({ origin: `${String(protocol)}//${host}`, path: String(path), method: String(method) })
  if (exchange === undefined) return
  exchanges.set(request, exchange)
  before(request, 'write', (chunk) => exchange.sent(chunk))
  before(request, 'end', (chunk) => {
    if (typeof chunk !== 'function') exchange.sent(chunk)
    exchange.requested()
  })
  const { once } = request
  if (typeof once === 'function') Reflect.apply(once, request, ['close', () => closed(request, exchange)])
}

/** Its answer has begun. The parser gives the bytes to `push`, whoever reads them afterwards; `null` is the end. */
export function observeNodeResponse({ request, response }: Fields): void {
  const exchange = isFields(request) ? exchanges.get(request) : undefined
  if (exchange === undefined || !isFields(response)) return
  const { statusCode, headers } = response
  exchange.responded(Number(statusCode), (name) => (isFields(headers) ? textOf(headers[name]) : undefined))
  before(response, 'push', (chunk) => {
    if (chunk === null) exchange.ended()
    else exchange.received(chunk)
  })
}

/** It failed before an answer. */
export function observeNodeError({ request, error }: Fields): void {
  if (isFields(request)) exchanges.get(request)?.failed(error)
}

/** An answer that was cut off is an error to its reader, whoever cut it. */
function closed(request: Fields, exchange: PlainExchange): void {
  const { errored } = fieldsOf(request['res'])
  if (isFields(errored)) exchange.failed(errored)
  else exchange.stopped()
}

/** Replaces a method of one object by one that looks at its first argument before. `look` never throws. */
function before(target: object, method: string, look: (chunk: unknown) => void): void {
  const original: unknown = Reflect.get(target, method)
  if (typeof original !== 'function') return
  Object.defineProperty(target, method, {
    configurable: true,
    writable: true,
    enumerable: false,
    value(this: unknown, ...args: unknown[]): unknown {
      look(args[0])
      return Reflect.apply(original, this, args)
    },
  })
}

function headerOf(request: Fields, name: string): string | undefined {
  const { getHeader } = request
  return typeof getHeader === 'function' ? textOf(Reflect.apply(getHeader, request, [name])) : undefined
}
