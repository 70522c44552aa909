import * as z from 'zod'
import type { Signal } from '../../component.ts'
import { duration, ignoredKey } from '../../config-types.ts'
import { clientTlsConfig } from '../otlp/client-tls.ts'

/** A map that may be missing or empty, as `tls:` with nothing behind it. */
const orEmpty = <T extends z.ZodType>(schema: T) => z.preprocess((value) => value ?? {}, schema).prefault({})

/** The characters that Kafka takes. */
const topic = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,249}$/, 'a name of a topic has letters, digits, dots, - and _, at most 249 of them')
const encoding = z.enum(['otlp_proto', 'otlp_json'], {
  error: 'only otlp_proto and otlp_json are written here: let a stock collector behind the topic make others of them',
})

const signalConfig = (name: string) =>
  orEmpty(
    z.strictObject({
      topic: topic.optional().describe(`Topic for ${name}; without it \`topic\`, or its default.`),
      encoding: encoding
        .optional()
        .describe(`Encoding for ${name}; without it \`encoding\`. \`otlp_json\` costs several times as much.`),
    }),
  )

const login = {
  username: z.string().min(1).describe('Name to log in with.'),
  password: z.string().min(1).describe('Its password; write it as ${file:…} or ${env:…}.'),
}

const tls = z.preprocess((value) => (value === null ? {} : value), clientTlsConfig.unwrap()).optional()

const auth = z
  .strictObject({
    sasl: z
      .strictObject({
        mechanism: z
          .enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], {
            error:
              'this sidecar logs in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; for others chain to a stock collector',
          })
          .describe('How the password is shown. PLAIN shows it as it is, so only with `tls`.'),
        ...login,
        version: ignoredKey('it is negotiated with the broker'),
      })
      .optional()
      .describe('Login with SASL.'),
    plain_text: z.strictObject(login).optional().describe('Older name of `sasl` with mechanism PLAIN.'),
    tls: tls.describe('Older place of `tls`.'),
  })
  .refine((c) => c.sasl === undefined || c.plain_text === undefined, 'give sasl or plain_text, not both')

const partitioner = z
  .strictObject({
    sticky_key: orEmpty(
      z.strictObject({
        hasher: z
          .enum(['sarama_compat', 'murmur2'])
          .default('sarama_compat')
          .describe(
            'Hash of the key that says the partition: `sarama_compat` (FNV-1a) as in the stock collector, `murmur2` as in Java clients.',
          ),
      }),
    ).describe('Messages with a key go to a partition by its hash, others in turn.'),
    round_robin: z
      .preprocess((value) => value !== false, z.boolean())
      .default(false)
      .describe('All messages go to the partitions in turn, whatever their key.'),
  })
  .describe('Which partition a message goes to.')

const ACKS = new Map<unknown, -1 | 0 | 1>([
  ['all', -1],
  [-1, -1],
  [0, 0],
  [1, 1],
])
const acks = z
  .union([z.literal('all'), z.literal(-1), z.literal(0), z.literal(1)], { error: 'write all, 1 or 0' })
  .transform((value): -1 | 0 | 1 => ACKS.get(value) ?? -1)

const producer = z.strictObject({
  max_message_bytes: z
    .int()
    .min(1_000)
    .default(1_000_000)
    .describe(
      'Bytes of a message before compression, and of the messages to one partition in one request. Larger ones are split, single items cut.',
    ),
  required_acks: acks
    .prefault('all')
    .describe(
      'Who has it when a message counts as sent: `all` replicas that are in sync, `1`: the leader alone, `0`: nobody is asked. The stock collector has 1.',
    ),
  compression: z
    .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    .default('none')
    .describe('Compression of the messages. gzip works off the event loop, the others, which are faster, on it.'),
  compression_params: z
    .strictObject({ level: ignoredKey('each compression has its usual level') })
    .nullish()
    .describe('Of the stock collector.'),
  allow_auto_topic_creation: z
    .boolean()
    .default(true)
    .describe('Whether the broker may make a topic that is not there, if it does so at all.'),
  flush_max_messages: ignoredKey('a batch is one request to each broker, or several when max_message_bytes demands it'),
  max_broker_write_bytes: ignoredKey('requests are as large as max_message_bytes for each partition'),
  linger: ignoredKey('batches are made in sending_queue.batch'),
})

const metadata = z.strictObject({
  refresh_interval: duration
    .prefault('10m')
    .describe(
      'How long it is believed which broker leads a partition, and how many there are; an error ends it at once.',
    ),
  retry: orEmpty(
    z.strictObject({
      max: z
        .int()
        .min(0)
        .max(100)
        .default(3)
        .describe('Attempts on passing troubles (no leader yet) before the sending queue waits.'),
      backoff: duration.prefault('250ms').describe('Time between them.'),
    }),
  ).describe('Quick attempts, before those of `retry_on_failure`.'),
  full: ignoredKey('only the topics that are written to are asked for'),
})

export const kafkaConfig = z
  .strictObject({
    brokers: z
      .preprocess(
        (value) => (typeof value === 'string' ? value.split(',') : value),
        z.array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:/\s[\]]+)(:\d{1,5})?$/, 'write it as host:port')).min(1),
      )
      .prefault(['localhost:9092'])
      .describe('Brokers to ask for the others first; port 9092 when none is given.'),
    client_id: z
      .string()
      .regex(/^\S+$/, 'has no spaces')
      .default('spanwarden')
      .describe('What the brokers call this client, in logs and quotas.'),
    traces: signalConfig('traces').describe('Topic `otlp_spans` by default.'),
    metrics: signalConfig('metrics').describe('Topic `otlp_metrics` by default.'),
    logs: signalConfig('logs').describe('Topic `otlp_logs` by default.'),
    topic: topic.optional().describe('Older key: topic of the signals that have none of their own.'),
    encoding: encoding.optional().describe('Older key: encoding of the signals that have none of their own.'),
    partition_traces_by_id: z
      .boolean()
      .default(true)
      .describe(
        'A message for each trace of a batch, with its id (32 hex digits) as key. The stock collector has false.',
      ),
    partition_metrics_by_resource_attributes: z
      .boolean()
      .default(false)
      .describe('A message for each resource of a batch of metrics, with a hash of its attributes as key.'),
    partition_logs_by_resource_attributes: z
      .boolean()
      .default(false)
      .describe('A message for each resource of a batch of logs, with a hash of its attributes as key.'),
    partition_logs_by_trace_id: z
      .boolean()
      .default(false)
      .describe('A message for each trace of a batch of logs, with its id as key.'),
    record_partitioner: orEmpty(partitioner),
    record_headers: z.record(z.string(), z.string()).default({}).describe('Headers of every message.'),
    tls: tls.describe('TLS to the brokers; without it, or with `insecure: true`, plain text.'),
    auth: orEmpty(auth).describe('How the sidecar logs in to the brokers; without it, it does not.'),
    producer: orEmpty(producer).describe('How messages are written.'),
    metadata: orEmpty(metadata).describe('What is known of the cluster.'),
    timeout: duration.prefault('5s').describe('A request that is not answered by then is tried again.'),
    protocol_version: ignoredKey('it is negotiated with the broker'),
    conn_idle_timeout: ignoredKey('a broker closes connections that are not used, and they are opened anew'),
    resolve_canonical_bootstrap_servers_only: ignoredKey('brokers are called by the names that are given'),
  })
  .refine((c) => !(c.partition_logs_by_resource_attributes && c.partition_logs_by_trace_id), {
    error: 'logs go by resource attributes or by trace id, not both',
    path: ['partition_logs_by_trace_id'],
  })
export type KafkaConfig = z.output<typeof kafkaConfig>

/** Where a signal goes, with the older keys and the defaults. */
export function destinationOf(
  config: KafkaConfig,
  signal: Signal,
): { readonly topic: string; readonly encoding: z.output<typeof encoding> } {
  const own = config[signal]
  return {
    topic: own.topic ?? config.topic ?? `otlp_${signal === 'traces' ? 'spans' : signal}`,
    encoding: own.encoding ?? config.encoding ?? 'otlp_proto',
  }
}
