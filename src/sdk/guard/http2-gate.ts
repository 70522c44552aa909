import { subscribe } from 'node:diagnostics_channel'
import { fieldsOf, isFields, textOf } from '../instrumentation/fields.ts'
import { callMethod } from './call-method.ts'
import { addressOf } from './model-target.ts'
import type { RawGate } from './raw-gate.ts'

/** Streams of node:http2: the AWS clients, gRPC. One that is denied is destroyed before its headers are sent. */
export function guardHttp2(gate: RawGate): void {
  subscribe('http2.client.stream.created', (message) => {
    const { stream, headers } = fieldsOf(message)
    if (!isFields(stream) || isOfUndici(stream['session'])) return
    const header = headerReader(headers)
    const authority = header(':authority') ?? header('host') ?? authorityOf(stream['session'])
    gate.check({
      client: 'node:http2',
      method: header(':method') ?? 'GET',
      address: addressOf(`${header(':scheme') ?? 'https'}://${authority}`, header(':path') ?? '/'),
      isUpgrade: header(':protocol') !== undefined,
      destroy: (error) => callMethod(stream, 'destroy', error),
      onceOver: (over) => callMethod(stream, 'once', 'close', over),
    })
  })
}

/** A list of names and values, or an object. */
function headerReader(headers: unknown): (name: string) => string | undefined {
  if (!Array.isArray(headers)) return (name) => textOf(fieldsOf(headers)[name])
  return (name) => {
    const at = headers.findIndex((one, index) => index % 2 === 0 && String(one).toLowerCase() === name)
    return at === -1 ? undefined : textOf(headers[at + 1])
  }
}

/** Node.js 22 puts it into the headers later. */
const authorityOf = (session: unknown): string | undefined => textOf(symbolOf(session, 'authority'))

/** Its requests have passed the gate for undici. */
const isOfUndici = (session: unknown): boolean => symbolOf(session, 'client') !== undefined

function symbolOf(target: unknown, description: string): unknown {
  if (!isFields(target)) return undefined
  const symbol = Object.getOwnPropertySymbols(target).find((one) => one.description === description)
  return symbol === undefined ? undefined : Reflect.get(target, symbol)
}
