import { subscribe } from 'node:diagnostics_channel'
import { fieldsOf, isFields, symbolOf, textOf } from '../instrumentation/fields.ts'
import { callMethod } from './call-method.ts'
import { addressesOf } from './model-target.ts'
import type { RawGate } from './raw-gate.ts'

/** Streams of node:http2: the AWS clients, gRPC. One that is denied is destroyed before its headers are sent. */
export function guardHttp2(gate: RawGate): void {
  subscribe('http2.client.stream.created', (message) => {
    const { stream, headers } = fieldsOf(message)
    if (!isFields(stream) || isOfUndici(stream['session'])) return
    const header = headerReader(headers)
    const scheme = header(':scheme') === 'http' ? 'http' : 'https'
    const hosts = [header(':authority'), header('host'), authorityOf(stream['session'])]
    const origins = hosts.flatMap((host) => (host === undefined ? [] : `${scheme}://${host}`))
    gate.check({
      client: 'node:http2',
      method: header(':method') ?? 'GET',
      addresses: addressesOf(origins, header(':path') ?? '/'),
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

/** What the session is connected to. */
const authorityOf = (session: unknown): string | undefined => textOf(symbolOf(session, 'authority'))

/** Its requests have passed the gate for undici. */
const isOfUndici = (session: unknown): boolean => symbolOf(session, 'client') !== undefined
