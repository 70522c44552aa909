import type { Duplex } from 'node:stream'
import { RefusedError } from '../component.ts'
import { answerFrame, FrameReader, readBatch } from './frames.ts'
import type { BatchFrame } from './frames.ts'

/** The first process' end: takes in what a worker hands on and answers it. `take` resolves when it is with everyone, and rejects with RefusedError. */
export function answerBatches(socket: Duplex, take: (batch: BatchFrame) => Promise<void>): void {
  const answer = async (frame: Buffer): Promise<void> => {
    const batch = readBatch(frame)
    const { number } = batch
    try {
      await take(batch)
      socket.write(answerFrame({ number, reason: 'taken', message: '' }))
    } catch (error) {
      const { reason, message } =
        error instanceof RefusedError ? error : { reason: 'failed' as const, message: 'a fault' }
      if (!socket.destroyed) socket.write(answerFrame({ number, reason, message }))
    }
  }
  const reader = new FrameReader((frame) => void answer(frame))
  socket.on('data', (chunk: Buffer) => reader.push(chunk))
  socket.on('error', () => {})
}
