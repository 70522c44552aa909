import type { Server } from 'node:net'
import type { ComponentContext, Counter } from '../../component.ts'

/** Why a connection was ended by us, before or beside any request. */
export type CloseReason =
  | 'too many connections'
  | 'handshake'
  | 'malformed'
  | 'headers too large'
  | 'too slow'
  | 'idle'
  | 'age'
  | 'no answer to a ping'
  | 'too many pings'
  | 'too many settings'

/** Counts connections that were not the client's to end. */
export class ClosedConnections {
  readonly #counters = new Map<CloseReason, Counter>()
  readonly #counter: (reason: CloseReason) => Counter

  constructor({ id, metrics }: Pick<ComponentContext, 'id' | 'metrics'>, transport: string) {
    this.#counter = (reason) =>
      metrics.counter('otelcol_receiver_closed_connections', 'Connections that the receiver ended, by reason.', {
        receiver: id,
        transport,
        reason,
      })
  }

  /** What node:net and node:tls end before there is a request. */
  countOf(server: Server): void {
    server.on('drop', () => this.add('too many connections'))
    server.on('tlsClientError', () => this.add('handshake'))
  }

  add(reason: CloseReason): void {
    const counter = this.#counters.get(reason) ?? this.#counter(reason)
    this.#counters.set(reason, counter)
    counter.add(1)
  }
}
