import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

export interface RecordingSocket extends AsyncDisposable {
  /** All that went over it, in both directions. */
  readonly bytes: Buffer
}

/** Stands at `path` in front of the socket at `target`, and keeps what passes. */
export async function startRecordingSocket(path: string, target: string): Promise<RecordingSocket> {
  const chunks: Buffer[] = []
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      to.write(chunk)
    })
    from.on('error', () => undefined)
    from.on('close', () => to.destroy())
  }
  const server = createServer((near) => {
    const far = connect(target)
    pass(near, far)
    pass(far, near)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    get bytes() {
      return Buffer.concat(chunks)
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
