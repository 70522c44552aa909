import { isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** True for addresses that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** Whether a request came from this machine, or through something on it. */
export const isFromThisHost = ({ socket }: Pick<IncomingMessage, 'socket'>): boolean =>
  socket.remoteAddress !== undefined && isLoopback(socket.remoteAddress.replace(/^::ffff:/, ''))

/**
 * False for a request that a web page made by pointing its own name at this machine (DNS rebinding): its Host is neither a loopback
 * address nor localhost. Only for servers that listen on loopback.
 */
export function namesLoopback({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return isLoopback(host.toLowerCase())
}

/** `http://127.0.0.1:8080`, with brackets around an IPv6 address. */
export const httpUrl = (host: string, port: number, scheme = 'http'): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
