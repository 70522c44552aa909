import { Producer } from '@platformatic/kafka'
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
  const { producer: writing, metadata, timeout } = config
  const sasl = loginOf(config)
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: config.client_id,
    bootstrapBrokers: config.brokers.map((broker) => broker.trim()),
    timeout,
    requestTimeout: timeout + ANSWER_MS_EXTRA,
    connectTimeout: timeout,
    retries: metadata.retry.max,
    retryDelay: metadata.retry.backoff,
    metadataMaxAge: metadata.refresh_interval,
    autocreateTopics: writing.allow_auto_topic_creation,
    acks: writing.required_acks,
    compression: writing.compression,
    partitioner: partitionerOf(config),
    ...(tls === undefined ? {} : { tls, ...(namesServers(config, tls) ? { tlsServerName: true } : {}) }),
    ...(sasl === undefined ? {} : { sasl }),
  })
  // A connection that fails twice would end the process: the client listens for the first failure only.
  producer.connections.on('connecting', ({ connection }) => void connection.on('error', () => {}))
  const headers = new Map(
    Object.entries(config.record_headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const),
  )
  return {
    async produce(topic, messages) {
      try {
        await producer.send({
          acks: writing.required_acks,
          messages: messages.map(({ key, value }) => ({
            topic,
            value,
            headers,
            ...(key === undefined ? {} : { key }),
          })),
        })
      } catch (error) {
        producer.clearMetadata()
        throw error
      }
    },
    async close() {
      const closed = producer.close(true).catch(() => {})
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const cancel = clock.after(CLOSE_MS_MAX, resolve)
      await Promise.race([closed, late])
      cancel()
    },
  }
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
