import { OtlpError } from '../../otlp/otlp-error.ts'
import { defineExporter } from '../component.ts'
import type { Exporter, ExporterContext, Payload, Sent, Signal } from '../component.ts'
import { isLoopback } from '../loopback.ts'
import { destinationOf, kafkaConfig } from './kafka/kafka-config.ts'
import type { KafkaConfig } from './kafka/kafka-config.ts'
import type { KafkaClient } from './kafka/kafka-client.ts'
import { messagesOf } from './kafka/messages.ts'
import type { Partitioning } from './kafka/messages.ts'
import { MessageSender } from './kafka/message-sender.ts'
import { readClientTls } from './otlp/client-tls.ts'

/**
 * Writes batches to topics of Kafka, as requests of OTLP that the `kafka` receiver of the stock collector reads.
 *
 *     exporters:
 *       kafka:
 *         brokers: [kafka-1:9093, kafka-2:9093]
 *         tls: {}
 *         auth: { sasl: { mechanism: SCRAM-SHA-512, username: agents, password: '${file:/run/secrets/kafka}' } }
 */
export const kafka = defineExporter({
  type: 'kafka',
  summary: 'Writes traces, metrics and logs to topics of Kafka; the key of a message of traces is the trace id.',
  signals: ['traces', 'metrics', 'logs'],
  delivery: 'remote',
  config: kafkaConfig,
  create: (config, context) => new KafkaExporter(config, context),
})

class KafkaExporter implements Exporter {
  readonly #config: KafkaConfig
  readonly #context: ExporterContext
  readonly #senders = new Map<Signal, MessageSender>()
  #client: KafkaClient | undefined

  constructor(config: KafkaConfig, context: ExporterContext) {
    this.#config = config
    this.#context = context
  }

  /** Does not connect: brokers that are away are no reason not to start. */
  async start(): Promise<void> {
    const given = this.#config.tls ?? this.#config.auth.tls
    const tls = given === undefined || given.insecure ? undefined : await readClientTls(given)
    if (tls === undefined) this.#warnOfPlainLogin()
    const { kafkaClient } = await import('./kafka/kafka-client.ts')
    this.#client = kafkaClient(this.#config, tls, this.#context.clock)
  }

  async send(payload: Payload, abort: AbortSignal): Promise<Sent> {
    const sender = this.#senderOf(payload.signal)
    if (sender === undefined) return { outcome: 'retry', reason: 'not started' }
    let messages
    try {
      messages = messagesOf(payload, partitioningOf(this.#config, payload.signal), this.#encodingOf(payload.signal))
    } catch (error) {
      if (error instanceof OtlpError) return { outcome: 'rejected', reason: error.message }
      throw error
    }
    if (messages === undefined) return { outcome: 'split', reason: 'too many messages with a large resource in each' }
    // The messages are in memory of their own, so what is still under way may go on after an abort.
    return unlessAborted(sender.send(payload, messages), abort)
  }

  async stop(): Promise<void> {
    await this.#client?.close()
  }

  #encodingOf(signal: Signal): 'otlp_proto' | 'otlp_json' {
    return destinationOf(this.#config, signal).encoding
  }

  #senderOf(signal: Signal): MessageSender | undefined {
    if (this.#client === undefined) return undefined
    const known = this.#senders.get(signal)
    if (known !== undefined) return known
    const { record_headers, producer } = this.#config
    const sender = new MessageSender(this.#client, {
      topic: destinationOf(this.#config, signal).topic,
      messageBytesMax: producer.max_message_bytes,
      headerBytes: Buffer.byteLength(Object.entries(record_headers).flat().join('')),
    })
    this.#senders.set(signal, sender)
    return sender
  }

  #warnOfPlainLogin(): void {
    const { auth, brokers } = this.#config
    const isPlain = auth.plain_text !== undefined || auth.sasl?.mechanism === 'PLAIN'
    const isAway = brokers.some((broker) => !isLoopback(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')))
    if (isPlain && isAway)
      this.#context.logger.warn({}, 'the password goes to the brokers in plain text: set tls, or a SCRAM mechanism')
  }
}

function partitioningOf(config: KafkaConfig, signal: Signal): Partitioning {
  if (signal === 'traces') return config.partition_traces_by_id ? 'trace' : 'whole'
  if (signal === 'metrics') return config.partition_metrics_by_resource_attributes ? 'resource' : 'whole'
  if (config.partition_logs_by_trace_id) return 'trace'
  return config.partition_logs_by_resource_attributes ? 'resource' : 'whole'
}

/** What the first of both says; an abort does not wait for what is under way. */
async function unlessAborted(sending: Promise<Sent>, signal: AbortSignal): Promise<Sent> {
  const { promise: aborted, resolve } = Promise.withResolvers<Sent>()
  const abort = (): void => resolve({ outcome: 'retry', reason: 'stopped before the brokers had answered' })
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([sending, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
