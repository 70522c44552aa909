import * as z from 'zod'
import { duration } from '../../config-types.ts'
import { tlsConfig } from './tls-config.ts'

/** Keys that both protocols have: where to listen, who may come, for how long. */

const HOST_AND_PORT = /^(\[[0-9a-fA-F:]+\]|[^:/]*):\d{1,5}$/
const SOCKET_FILE = /^(?:unix:(?:\/\/)?)?(\/(?!\/).+)$/

export const listenerEndpoint = z
  .string()
  .refine(
    (text) => HOST_AND_PORT.test(text) || SOCKET_FILE.test(text),
    'write it as host:port, or as unix:///path of a socket',
  )

export const transportConfig = z
  .enum(['tcp', 'tcp4', 'tcp6', 'unix'])
  .default('tcp')
  .describe(
    'Kind of socket; `unix` is a socket file at the path that `endpoint` names, for the user of the sidecar only.',
  )

export const authConfig = z
  .strictObject({
    authenticator: z.string().describe('Extension that says who may send, such as `bearertokenauth`.'),
    request_params: z
      .array(z.string())
      .default([])
      .describe('Parameters of the query that stand for headers of the same name.'),
  })
  .nullish()
  .describe('Who may send; anybody who reaches the listener by default.')

export const listenerKeys = {
  transport: transportConfig,
  tls: tlsConfig,
  auth: authConfig,
  max_connections: z
    .int()
    .positive()
    .default(1000)
    .describe('Connections at the same time; further ones are closed and counted.'),
  read_timeout: duration.prefault('60s').describe('A request must be complete within this time; 0 waits for ever.'),
  handshake_timeout: duration
    .prefault('10s')
    .describe('TLS must be agreed on within this time, and for gRPC the first frames must be here.'),
  include_metadata: z
    .boolean()
    .default(false)
    .describe('For configurations of the stock collector; nothing here reads the metadata of a connection.'),
  middlewares: z
    .array(z.unknown())
    .max(0, 'there are no middlewares here; `memory_limiter` is a processor and refuses at the door')
    .default([])
    .describe('For configurations of the stock collector: only the empty list.'),
}

export interface ListenerAddress {
  /** Of a socket file. */
  readonly path?: string
  readonly host: string
  readonly port: number
  readonly ipv6Only?: boolean
}

/** Where to listen, of keys that were checked before. */
export function listenerAddress({ endpoint, transport }: { endpoint: string; transport: string }): ListenerAddress {
  const [, path] = SOCKET_FILE.exec(endpoint) ?? []
  if (path !== undefined && !HOST_AND_PORT.test(endpoint)) return { path, host: '', port: 0 }
  const colon = endpoint.lastIndexOf(':')
  const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, '')
  const port = Number(endpoint.slice(colon + 1))
  if (transport === 'tcp6') return { host: host === '' ? '::' : host, port, ipv6Only: true }
  return { host: host === '' ? '0.0.0.0' : host, port }
}

/** Undefined when `endpoint` and `transport` say the same kind of socket. */
export function endpointProblem({ endpoint, transport }: { endpoint: string; transport: string }): string | undefined {
  const isPath = SOCKET_FILE.test(endpoint)
  if (transport === 'unix' && !isPath) return 'transport unix wants the path of a socket file, such as /run/otlp.sock'
  if (isPath && !endpoint.startsWith('unix:') && transport !== 'unix') {
    return 'a path is for transport unix; write transport: unix, or unix:// before the path'
  }
  return undefined
}
