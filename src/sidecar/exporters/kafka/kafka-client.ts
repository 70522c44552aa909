import { Producer } from '@platformatic/kafka'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../../component.ts'
import type { KafkaConfig } from './kafka-config.ts'
import type { KafkaMessage } from './messages.ts'
import { murmur2Hash, saramaHash } from './partition-of.ts'

/** Writes messages to brokers. */
export interface KafkaClient {
  /** Resolves when the brokers have them, as `producer.required_acks` says. All go to one topic. */
  produce(topic: string, messages: readonly KafkaMessage[]): Promise<void>
  close(): Promise<void>
}

/** How long a close may take: connections that do not end by themselves are left to the end of the process. */
const CLOSE_MS_MAX = 1_000
/** A request of the client waits so much longer than the broker was told to. */
const ANSWER_MS_EXTRA = 500

/** The only file that knows the client library, which is loaded when there is an exporter that needs it. */
export function kafkaClient(config: KafkaConfig, tls: ConnectionOptions | undefined, clock: Clock): KafkaClient {
  return new GuardedClient(config, tls, clock)
}

type ByteProducer = Producer<Buffer, Buffer, Buffer, Buffer>

/** The client is made anew after a fault of its own: an answer that it can't read makes it throw where nobody catches, or never call back. */
class GuardedClient implements KafkaClient {
  readonly #config: KafkaConfig
  readonly #tls: ConnectionOptions | undefined
  readonly #clock: Clock
  readonly #headers: Map<Buffer, Buffer>
  readonly #underWay = new Set<(error: Error) => void>()
  #producer: ByteProducer

  constructor(config: KafkaConfig, tls: ConnectionOptions | undefined, clock: Clock) {
    this.#config = config
    this.#tls = tls
    this.#clock = clock
    this.#headers = new Map(
      Object.entries(config.record_headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const),
    )
    this.#producer = this.#newProducer()
  }

  async produce(topic: string, messages: readonly KafkaMessage[]): Promise<void> {
    const headers = this.#headers
    const records = messages.map(({ key, value }) => ({ topic, value, headers, ...(key === undefined ? {} : { key }) }))
    const producer = this.#producer
    const { promise: failed, reject } = Promise.withResolvers<never>()
    this.#underWay.add(reject)
    const cancel = this.#clock.after(this.#attemptMsMax, () => this.#renew(producer, 'CLIENT_HANGS'))
    try {
      await Promise.race([producer.send({ acks: this.#config.producer.required_acks, messages: records }), failed])
    } catch (error) {
      producer.clearMetadata()
      throw error
    } finally {
      cancel()
      this.#underWay.delete(reject)
    }
  }

  async close(): Promise<void> {
    const closed = this.#producer.close(true).catch(() => {})
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(CLOSE_MS_MAX, resolve)
    await Promise.race([closed, late])
    cancel()
  }

  /** All attempts of the client with a connection, a question about the cluster and a request each. */
  get #attemptMsMax(): number {
    const { metadata, timeout } = this.#config
    return (metadata.retry.max + 1) * (3 * (timeout + ANSWER_MS_EXTRA) + metadata.retry.backoff)
  }

  #newProducer(): ByteProducer {
    const { producer: writing, metadata, timeout, client_id, brokers } = this.#config
    const sasl = loginOf(this.#config)
    const tls = this.#tls
    const producer: ByteProducer = new Producer({
      clientId: client_id,
      bootstrapBrokers: brokers.map((broker) => broker.trim()),
      timeout,
      requestTimeout: timeout + ANSWER_MS_EXTRA,
      connectTimeout: timeout,
      retries: metadata.retry.max,
      retryDelay: metadata.retry.backoff,
      metadataMaxAge: metadata.refresh_interval,
      autocreateTopics: writing.allow_auto_topic_creation,
      compression: writing.compression,
      partitioner: partitionerOf(this.#config),
      ...(tls === undefined ? {} : { tls, ...(namesServers(this.#config, tls) ? { tlsServerName: true } : {}) }),
      ...(sasl === undefined ? {} : { sasl }),
    })
    producer.connections.on('connecting', ({ connection }) => {
      // A connection that fails twice would end the process: the client listens for the first failure only.
      connection.on('error', () => {})
      // The socket is made when this event is over, and read from when it is connected.
      queueMicrotask(() => {
        const { socket } = connection
        socket?.once(tls === undefined ? 'connect' : 'secureConnect', () =>
          guardReads(socket, () => this.#renew(producer, 'UNREADABLE_ANSWER')),
        )
      })
    })
    return producer
  }

  #renew(producer: ByteProducer, code: string): void {
    if (producer !== this.#producer) return
    this.#producer = this.#newProducer()
    const error = Object.assign(new Error('the client of Kafka is made anew'), { code })
    for (const fail of this.#underWay) fail(error)
    void producer.close(true).catch(() => {})
  }
}

/** What a listener throws ends the connection instead of the process. */
function guardReads(socket: Socket, failed: () => void): void {
  const readers = socket.listeners('data')
  socket.removeAllListeners('data')
  socket.on('data', (chunk) => {
    try {
      for (const read of readers) read.call(socket, chunk)
    } catch {
      socket.destroy()
      failed()
    }
  })
}

function loginOf({ auth }: KafkaConfig) {
  if (auth.plain_text !== undefined) return { mechanism: 'PLAIN' as const, ...auth.plain_text }
  if (auth.sasl === undefined) return undefined
  const { mechanism, username, password } = auth.sasl
  return { mechanism, username, password }
}

/** Brokers are told by which name they were called, as proxies in front of them need; an address is no name. */
const namesServers = ({ brokers }: KafkaConfig, { servername }: ConnectionOptions): boolean =>
  servername === undefined && !brokers.some((broker) => /^(\[.*\]|[\d.]+)(:\d+)?$/.test(broker.trim()))

function partitionerOf({ record_partitioner: { round_robin, sticky_key } }: KafkaConfig) {
  const hash = sticky_key.hasher === 'murmur2' ? murmur2Hash : saramaHash
  let turn = 0
  return (_message: unknown, key: Buffer | undefined): number => {
    if (key !== undefined && !round_robin) return hash(key)
    turn = (turn + 1) & 0x3fffffff
    return turn
  }
}
