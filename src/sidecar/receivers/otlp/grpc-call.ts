import { RefusedError } from '../../component.ts'
import type { Clock, Signal } from '../../component.ts'
import { BodyBuffer } from './body-memory.ts'
import { GRPC_COMPRESSIONS, PREFIX_BYTES } from './grpc-stream.ts'
import type { GrpcStream } from './grpc-stream.ts'
import type { Intake } from './intake.ts'
import { AbortedError } from './read-body.ts'
import { CODE_DEADLINE_EXCEEDED, CODE_INTERNAL, CODE_UNIMPLEMENTED } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

export interface GrpcCallOptions {
  readonly intake: Intake
  /** Of a message, as sent and after decompression. */
  readonly bytesMax: number
  /** 0 waits for ever. */
  readonly readTimeoutMs: number
  readonly clock: Clock
}

/** An Export<Signal>ServiceResponse with no partial success. */
const EMPTY_MESSAGE = Buffer.alloc(0)

/** Answers one call of an Export method. Never throws: whatever happens is answered. */
export async function answerExport(call: GrpcStream, signal: Signal, options: GrpcCallOptions): Promise<void> {
  const { intake } = options
  const encoding = String(call.headers['grpc-encoding'] ?? 'identity')
  if (encoding !== 'identity' && !GRPC_COMPRESSIONS.includes(encoding)) {
    const list = GRPC_COMPRESSIONS.join(', ')
    return call.refuse(intake.refused(unimplemented(`grpc-encoding must be one of ${list}, or identity`)))
  }
  const closed = intake.closedTo(signal)
  if (closed !== undefined) return call.refuse(intake.refused(closed))
  try {
    await take(call, signal, encoding, options)
    call.succeed(EMPTY_MESSAGE)
  } catch (error) {
    if (error instanceof AbortedError) return
    call.refuse(error instanceof CallError ? intake.refused(error.refusal) : intake.refusal(error))
  }
}

export const unimplemented = (message: string): Refusal => ({ code: CODE_UNIMPLEMENTED, httpStatus: 404, message })

async function take(call: GrpcStream, signal: Signal, encoding: string, options: GrpcCallOptions): Promise<void> {
  const { intake, bytesMax } = options
  const body = new BodyBuffer(intake.memory, bytesMax + PREFIX_BYTES)
  try {
    await read(call, body, options)
    const { bytes } = body
    if (bytes.length < PREFIX_BYTES || bytes.length !== PREFIX_BYTES + bytes.readUInt32BE(1)) {
      throw new CallError(CODE_INTERNAL, 'one whole message is wanted')
    }
    const [flag = 0] = bytes
    if (flag > 1) throw new CallError(CODE_INTERNAL, 'the first byte of a message is 0 or 1')
    if (flag === 1 && encoding === 'identity') throw new CallError(CODE_INTERNAL, 'compressed without grpc-encoding')
    const compression = flag === 1 ? encoding : ''
    await intake.take({ signal, bytes: bytes.subarray(PREFIX_BYTES), encoding: 'protobuf', compression, bytesMax })
  } finally {
    body.release()
  }
}

/** Reads the stream to its end. A length in the prefix that is too large is refused before the message comes. */
function read({ stream }: GrpcStream, body: BodyBuffer, options: GrpcCallOptions): Promise<void> {
  const { clock, readTimeoutMs, bytesMax } = options
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      cancel()
      stream.off('data', add).off('end', ended).off('close', closed)
      outcome()
    }
    const fail = (error: unknown): void => settle(() => reject(error))
    const late = (): void => fail(new CallError(CODE_DEADLINE_EXCEEDED, 'the request was not complete in time'))
    const cancel = readTimeoutMs === 0 ? () => {} : clock.after(readTimeoutMs, late)
    let isAnnounced = false
    const add = (chunk: Buffer): void => {
      try {
        body.add(chunk)
        if (isAnnounced || body.length < PREFIX_BYTES) return
        isAnnounced = true
        const length = body.bytes.readUInt32BE(1)
        if (length > bytesMax) fail(tooLargeMessage(bytesMax))
        else body.announce(length + PREFIX_BYTES)
      } catch (error) {
        fail(error)
      }
    }
    const ended = (): void => settle(resolve)
    const closed = (): void => fail(new AbortedError('the client cancelled the call'))
    stream.on('data', add).on('end', ended).on('close', closed)
  })
}

/** A refusal with a code that only gRPC has. */
class CallError extends Error {
  override readonly name = 'CallError'
  readonly refusal: Refusal

  constructor(code: number, message: string) {
    super(message)
    this.refusal = { code, httpStatus: 400, message }
  }
}

const tooLargeMessage = (bytesMax: number): RefusedError =>
  new RefusedError('too_large', `the message is larger than ${bytesMax} bytes (max_recv_msg_size_mib)`)
