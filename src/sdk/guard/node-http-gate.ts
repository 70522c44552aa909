import { subscribe } from 'node:diagnostics_channel'
import { fieldsOf, isFields, symbolOf, textOf } from '../instrumentation/fields.ts'
import { callMethod, destroySocket } from './call-method.ts'
import { addressesOf } from './model-target.ts'
import type { Fields } from '../instrumentation/fields.ts'
import type { RawGate } from './raw-gate.ts'

/** Requests of node:http and node:https, and of what is built on them: axios, got, node-fetch, ws. One that is denied is destroyed before its connection is made. */
export function guardNodeHttp(gate: RawGate): void {
  subscribe('http.client.request.created', (message) => {
    const { request } = fieldsOf(message)
    if (!isFields(request)) return
    const { path, method } = request
    const isUpgrade = callMethod(request, 'getHeader', 'upgrade') !== undefined
    const over = isUpgrade ? followUpgrade(request) : undefined
    gate.check({
      client: 'node:http',
      method: String(method),
      addresses: addressesOf(originsOf(request), String(path)),
      isUpgrade,
      destroy(error) {
        callMethod(request, 'destroy', error)
        if (over?.socket !== undefined) destroySocket(over.socket, error)
      },
      onceOver: (ended) => callMethod(over ?? request, 'once', 'close', ended),
    })
  })
}

/** Where it is connected to, and which host it names there. */
function originsOf(request: Fields): string[] {
  const { protocol, host, socketPath } = request
  const named = textOf(callMethod(request, 'getHeader', 'host')) ?? headerOf(request)
  // Node.js 22 has the host without its port.
  const connected = socketPath === undefined ? (textOf(symbolOf(request, 'kAuthority')) ?? textOf(host)) : undefined
  return [named, connected].flatMap((one) => (one === undefined ? [] : `${String(protocol)}//${one}`))
}

/** Headers that were given as a list are a text already. */
const headerOf = ({ _header: text }: Fields): string | undefined =>
  typeof text === 'string' ? /^host: *(.*?) *$/im.exec(text)?.[1] : undefined

/** A request is closed when its socket goes on as something else: then it is the socket that has to be. */
function followUpgrade(request: object): Upgraded {
  let ended: (() => void) | undefined
  const upgraded: Upgraded = { socket: undefined, once: (_, listener) => (ended = listener) }
  callMethod(request, 'once', 'close', () => {
    if (upgraded.socket === undefined) ended?.()
  })
  const emit: unknown = Reflect.get(request, 'emit')
  if (typeof emit !== 'function') throw new TypeError('a request that emits nothing')
  // A listener of ours would be taken for the application's.
  Object.defineProperty(request, 'emit', {
    configurable: true,
    writable: true,
    value(this: unknown, event: unknown, ...args: unknown[]): unknown {
      const [, socket] = args
      if (event === 'upgrade' && isFields(socket)) {
        upgraded.socket = socket
        callMethod(socket, 'once', 'close', () => ended?.())
      }
      return Reflect.apply(emit, this, [event, ...args])
    },
  })
  return upgraded
}

interface Upgraded {
  socket: object | undefined
  readonly once: (event: 'close', listener: () => void) => unknown
}
