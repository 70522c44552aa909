import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import type { RefusedError } from '../../component.ts'

/** google.rpc.Code: the ones that a receiver answers with. */
export const CODE_INVALID_ARGUMENT = 3
export const CODE_DEADLINE_EXCEEDED = 4
export const CODE_NOT_FOUND = 5
export const CODE_PERMISSION_DENIED = 7
export const CODE_RESOURCE_EXHAUSTED = 8
export const CODE_UNIMPLEMENTED = 12
export const CODE_INTERNAL = 13
export const CODE_UNAVAILABLE = 14
export const CODE_UNAUTHENTICATED = 16

/** Why a request is not taken, for both protocols. */
export interface Refusal {
  /** google.rpc.Code. */
  readonly code: number
  readonly httpStatus: number
  readonly message: string
  readonly retryAfterMs?: number
}

const RETRY_AFTER_MS = 1000

const codes: Readonly<Record<RefusedError['reason'], readonly [code: number, httpStatus: number]>> = {
  invalid: [CODE_INVALID_ARGUMENT, 400],
  too_large: [CODE_RESOURCE_EXHAUSTED, 413],
  busy: [CODE_UNAVAILABLE, 503],
  failed: [CODE_INTERNAL, 500],
}

export function refusalOf({ reason, message, retryAfterMs = RETRY_AFTER_MS }: RefusedError): Refusal {
  const [code, httpStatus] = codes[reason]
  return reason === 'busy' ? { code, httpStatus, message, retryAfterMs } : { code, httpStatus, message }
}

/** google.rpc.Status with RetryInfo where there is a time to wait. */
export function rpcStatus({ code, message, retryAfterMs }: Refusal): Buffer {
  const status = new ProtobufWriter().varint(1, code).string(2, message)
  if (retryAfterMs !== undefined) {
    const seconds = Math.floor(retryAfterMs / 1000)
    const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6)
    const retryInfo = new ProtobufWriter().message(1, (w) => w.varint(1, seconds).varint(2, nanos)).finish()
    status.message(3, (w) => w.string(1, 'type.googleapis.com/google.rpc.RetryInfo').bytes(2, retryInfo))
  }
  return status.finish()
}

/** The same in the JSON of Protocol Buffers. */
export function rpcStatusJson({ code, message, retryAfterMs }: Refusal): string {
  if (retryAfterMs === undefined) return JSON.stringify({ code, message })
  const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterMs / 1000}s` }
  return JSON.stringify({ code, message, details: [retryInfo] })
}
