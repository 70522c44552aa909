import type { Server, Socket } from 'node:net'
import type { ComponentContext } from '../../component.ts'
import type { BodyMemory } from './body-memory.ts'
import type { ClosedConnections } from './closed-connections.ts'
import { FastConnection } from './fast-connection.ts'
import type { FastConnectionOptions } from './fast-connection.ts'
import type { HttpHandler } from './http-handler.ts'

export interface FastDoorOptions extends Pick<
  FastConnectionOptions,
  'bodyBytesMax' | 'keepsAlive' | 'headTimeoutMs' | 'requestTimeoutMs' | 'idleTimeoutMs'
> {
  readonly handler: HttpHandler
  readonly memory: BodyMemory
  readonly closed: ClosedConnections
  readonly context: Pick<ComponentContext, 'id' | 'clock' | 'metrics'>
}

/**
 * Stands before the connections of a node:http server: each begins as a FastConnection and comes to the server when something about it is not plain.
 * The server goes on counting and limiting all of them.
 */
export class FastDoor {
  readonly #connections = new Set<FastConnection>()
  #isClosing = false

  constructor(server: Server, { handler, memory, context, closed, ...limits }: FastDoorOptions) {
    const labels = { receiver: context.id }
    const requests = context.metrics.counter(
      'otelcol_receiver_fast_requests',
      'Requests that were read straight into pooled memory.',
      labels,
    )
    const handedOver = context.metrics.counter(
      'otelcol_receiver_handed_over_connections',
      'Connections that node:http reads since a request was not plain.',
      labels,
    )
    const owners = server.listeners('connection')
    const options: FastConnectionOptions = {
      ...limits,
      handler,
      memory,
      clock: context.clock,
      handOver(socket, bytes) {
        handedOver.add(1)
        for (const owner of owners) Reflect.apply(owner, server, [socket])
        socket.unshift(bytes)
      },
      late: () => closed.add('too slow'),
      answered: () => requests.add(1),
      left: (connection) => void this.#connections.delete(connection),
    }
    server.removeAllListeners('connection')
    server.on('connection', (accepted: Socket) => {
      const connection = new FastConnection(accepted, options)
      this.#connections.add(connection)
      if (this.#isClosing) connection.close()
    })
  }

  /** Ends idle connections, and the others with their next answer. */
  close(): void {
    this.#isClosing = true
    for (const connection of this.#connections) connection.close()
  }
}
