import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_MCP_PROTOCOL_VERSION,
  ATTR_MCP_SESSION_ID,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_TRANSPORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  NETWORK_TRANSPORT_VALUE_PIPE,
  NETWORK_TRANSPORT_VALUE_TCP,
} from '../../../conventions.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { present } from '../present.ts'

/** What is known of the connection of a `Protocol` (a client or a server): version, session, transport. */
export function connectionAttributes(protocol: object, extra?: unknown): Attributes {
  const transport: unknown = Reflect.get(protocol, 'transport')
  return {
    ...present({
      [ATTR_MCP_PROTOCOL_VERSION]: protocolVersion(protocol, transport, extra),
      [ATTR_MCP_SESSION_ID]: nameOf(fieldsOf(extra)['sessionId']) ?? nameOf(fieldsOf(transport)['sessionId']),
    }),
    ...networkAttributes(transport),
  }
}

/** Notes what the answer to `initialize` says: the first generation keeps it nowhere on stdio. */
export function noteProtocolVersion(protocol: object, answer: unknown): void {
  const version = nameOf(fieldsOf(answer)['protocolVersion'])
  if (version !== undefined) negotiated.set(protocol, version)
}

const negotiated = new WeakMap<object, string>()

/** The second generation keeps it itself. A server without sessions knows it from the header of each request only. */
const protocolVersion = (protocol: object, transport: unknown, extra: unknown): string | undefined =>
  nameOf(Reflect.get(protocol, '_negotiatedProtocolVersion')) ??
  negotiated.get(protocol) ??
  nameOf(fieldsOf(transport)['protocolVersion']) ??
  nameOf(fieldsOf(fieldsOf(fieldsOf(extra)['requestInfo'])['headers'])['mcp-protocol-version'])

/** Told by the name of the transport's class or of a class that it extends. Of an in-memory one there is nothing to say. */
function networkAttributes(transport: unknown): Attributes {
  const names = classNames(transport)
  if (names.some((name) => name.startsWith('Stdio'))) return { [ATTR_NETWORK_TRANSPORT]: NETWORK_TRANSPORT_VALUE_PIPE }
  const http = names.some((name) => name.includes('HTTP') || name.startsWith('SSE'))
  if (!http && !names.some((name) => name.startsWith('WebSocket'))) return {}
  return {
    [ATTR_NETWORK_TRANSPORT]: NETWORK_TRANSPORT_VALUE_TCP,
    [ATTR_NETWORK_PROTOCOL_NAME]: http ? 'http' : 'websocket',
  }
}

/** Where a client's messages go. */
export function serverAttributes(protocol: object): Attributes {
  const url = fieldsOf(Reflect.get(protocol, 'transport'))['_url']
  if (!(url instanceof URL) || url.hostname === '') return {}
  const port = Number(url.port || (/^(?:https|wss):$/.test(url.protocol) ? 443 : 80))
  return { [ATTR_SERVER_ADDRESS]: url.hostname, [ATTR_SERVER_PORT]: port }
}

function classNames(transport: unknown): string[] {
  const names: string[] = []
  let prototype: unknown =
    typeof transport === 'object' && transport !== null ? Reflect.getPrototypeOf(transport) : null
  while (typeof prototype === 'object' && prototype !== null && names.length < CLASSES_MAX) {
    const made: unknown = Reflect.get(prototype, 'constructor')
    if (typeof made === 'function') names.push(made.name)
    prototype = Reflect.getPrototypeOf(prototype)
  }
  return names
}

/** Classes that a transport may extend. */
const CLASSES_MAX = 8
