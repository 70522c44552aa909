import type { Socket } from 'node:net'
import type { ClosedConnections, CloseReason } from './closed-connections.ts'
import { CODE_DEADLINE_EXCEEDED, CODE_INVALID_ARGUMENT, CODE_RESOURCE_EXHAUSTED, rpcStatusJson } from './rpc-status.ts'

interface BadClient {
  readonly status: string
  readonly code: number
  readonly message: string
  readonly reason: CloseReason
}
const malformed: BadClient = {
  status: '400 Bad Request',
  code: CODE_INVALID_ARGUMENT,
  message: 'this is not HTTP/1.1',
  reason: 'malformed',
}
const badClients: Readonly<Record<string, BadClient>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: CODE_DEADLINE_EXCEEDED,
    message: 'the request was not complete in time',
    reason: 'too slow',
  },
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: CODE_RESOURCE_EXHAUSTED,
    message: 'the headers are larger than 16 KiB',
    reason: 'headers too large',
  },
}

/** What node:http can't make a request of. Its type is not known then, so the status is JSON. */
export function answerBadClient(error: Error & { code?: unknown }, socket: Socket, closed: ClosedConnections): void {
  const code = String(error.code)
  if (!code.startsWith('HPE_') && !code.startsWith('ERR_HTTP_')) return void socket.destroy(error)
  if (socket.destroyed) return
  const bad = badClients[code] ?? malformed
  closed.add(bad.reason)
  if (socket.writable) socket.write(badClientAnswer(bad))
  socket.destroy(error)
}

function badClientAnswer({ status, code, message }: BadClient): string {
  const body = rpcStatusJson({ code, message, httpStatus: 0 })
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

/** For a request that is not complete in time. */
export const TIMEOUT_ANSWER = badClientAnswer(badClients['ERR_HTTP_REQUEST_TIMEOUT'] ?? malformed)
