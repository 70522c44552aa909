import { subscribe } from 'node:diagnostics_channel'
import { ambientOf } from '../context.ts'
import { fieldsOf, isFields } from '../instrumentation/fields.ts'
import { callMethod, destroySocket } from './call-method.ts'
import { deniedRequests } from './denied-requests.ts'
import { addressesOf } from './model-target.ts'
import type { Admitted } from '../context.ts'
import type { Fields } from '../instrumentation/fields.ts'
import type { RawGate } from './raw-gate.ts'

/**
 * Requests of undici, whose own `request`, `stream`, `fetch` and pools don't pass the global `fetch`, and WebSockets. `fetch` comes by here, too, when it has asked. One that is
 * denied is taken out of its queue: 6, 7 and 8 look for that before they connect.
 */
export function guardUndici(gate: RawGate): void {
  const underWay = new WeakMap<object, () => void>()
  const slots = new WeakMap<object, Admitted>()
  subscribe('undici:request:create', (message) => {
    const { request } = fieldsOf(message)
    if (!isFields(request)) return
    const { path, method, upgrade } = request
    const isUpgrade = upgrade !== undefined && upgrade !== null && upgrade !== false
    const upgraded: Upgraded = { socket: undefined }
    const { admitted } = ambientOf()
    if (admitted !== undefined) slots.set(request, admitted)
    gate.check({
      client: 'undici',
      method: String(method),
      addresses: addressesOf(originsOf(request), String(path)),
      isUpgrade,
      destroy: (error) => destroy(request, upgraded, error),
      onceOver(over) {
        if (isUpgrade) followUpgrade(request, upgraded, over)
        underWay.set(request, () => {
          if (upgraded.socket === undefined) over()
        })
      },
    })
  })
  // A client takes the origin that a request names, and sends it where it is connected to.
  subscribe('undici:client:sendHeaders', (message) => {
    const { request, socket } = fieldsOf(message)
    if (!isFields(request) || !isFields(socket)) return
    const origins = otherOrigins(request, socket)
    if (origins.length === 0) return
    gate.check({
      client: 'undici',
      method: String(request['method']),
      addresses: addressesOf(origins, String(request['path'])),
      isUpgrade: false,
      destroy: (error) => destroySocket(socket, error),
      onceOver: (over) => underWay.set(request, over),
    })
  })
  const ended = (message: unknown): void => {
    const { request } = fieldsOf(message)
    if (isFields(request)) underWay.get(request)?.()
  }
  subscribe('undici:request:trailers', ended)
  subscribe('undici:request:error', ended)
  subscribe('undici:request:headers', (message) => {
    const { request, response } = fieldsOf(message)
    const { statusCode } = fieldsOf(response)
    const slot = isFields(request) ? slots.get(request) : undefined
    // What is redirected was not answered yet: it leaves again.
    if (slot !== undefined && (statusCode === 307 || statusCode === 308)) slot.isSent = false
  })
}

/** Where it is connected to, and which host it names there. */
function originsOf({ origin, host }: Fields): string[] {
  const connected = String(origin)
  const [scheme = ''] = connected.split('//', 1)
  return typeof host === 'string' ? [connected, `${scheme}//${host}`] : [connected]
}

/** Of a connection that goes elsewhere than to the origin of the request. */
function otherOrigins(request: Fields, { servername, _host, remoteAddress, remotePort, encrypted }: Fields): string[] {
  const names = [servername, _host, remoteAddress].filter((name): name is string => typeof name === 'string')
  const scheme = encrypted === true ? 'https' : 'http'
  const origins = names.map((name) => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${String(remotePort)}`)
  const isSame = (origin: string): boolean => hostOf(origin) === hostOf(String(request['origin']))
  return origins.some(isSame) ? [] : origins
}

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined)

interface Upgraded {
  socket: object | undefined
}

function destroy(request: object, { socket }: Upgraded, error: Error): void {
  if (socket !== undefined) return destroySocket(socket, error)
  deniedRequests.set(request, error)
  // Before it is on a connection there is nothing to abort yet.
  const names = typeof Reflect.get(request, 'abort') === 'function' ? ['abort'] : ['onError', 'onResponseError']
  const name = names.find((one) => typeof Reflect.get(request, one) === 'function')
  if (name === undefined) throw new TypeError('a request that can not be ended')
  callMethod(request, name, error)
}

/** The request ends with the upgrade: then it is its socket that has to be closed. */
function followUpgrade(request: object, upgraded: Upgraded, over: () => void): void {
  for (const name of ['onUpgrade', 'onRequestUpgrade']) {
    const original: unknown = Reflect.get(request, name)
    if (typeof original !== 'function') continue
    Object.defineProperty(request, name, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]): unknown {
        const [, , socket] = args
        if (isFields(socket)) {
          upgraded.socket = socket
          callMethod(socket, 'once', 'close', over)
        }
        return Reflect.apply(original, this, args)
      },
    })
  }
}
