import * as z from 'zod'
import { duration } from '../../config-types.ts'
import { COMPRESSIONS } from './decompress.ts'
import { endpointProblem, listenerEndpoint, listenerKeys } from './listener-config.ts'

const MIB = 1024 * 1024

/** The stock collector adds a missing slash, too. */
const path = z
  .string()
  .regex(/^(?!:)[^\s?#]+$/, 'write it as /path')
  .transform((text) => (text.startsWith('/') ? text : `/${text}`))

const cors = z
  .strictObject({
    allowed_origins: z
      .array(z.string())
      .default([])
      .describe('Origins of web pages that may send; a * stands for any text.'),
    allowed_headers: z.array(z.string()).default([]).describe('Request headers beside Content-Type they may set.'),
    exposed_headers: z.array(z.string()).default([]).describe('Response headers that they may read.'),
    max_age: z.int().min(0).optional().describe('Seconds for which a browser remembers the permission.'),
  })
  .nullish()
  .describe('For agents in browsers; off by default.')

const keepalive = z
  .strictObject({
    enabled: z.boolean().default(true).describe('False: one request on each connection.'),
    idle_timeout: duration.optional().describe('As `idle_timeout` beside it.'),
  })
  .nullish()
  .describe('The newer spelling of `idle_timeout` and `keep_alives_enabled`.')

/** The `http` protocol of the receiver: keys as the stock collector's. */
export const httpConfig = z
  .strictObject({
    ...listenerKeys,
    endpoint: listenerEndpoint.default('127.0.0.1:4318').describe('Address to listen on, or unix:///path.'),
    traces_url_path: path.default('/v1/traces').describe('Path for traces.'),
    metrics_url_path: path.default('/v1/metrics').describe('Path for metrics.'),
    logs_url_path: path.default('/v1/logs').describe('Path for logs.'),
    max_request_body_size: z
      .int()
      .min(0)
      .default(20 * MIB)
      .describe('Bytes of a body as it is sent; 0 is the default.'),
    max_decompressed_body_size: z
      .int()
      .positive()
      .default(64 * MIB)
      .describe('Bytes of a body after decompression. Never less than `max_request_body_size`.'),
    compression_algorithms: z
      .array(z.enum(['', 'gzip', 'zstd', 'zlib', 'deflate']))
      .default(['', 'gzip', 'zstd', 'zlib', 'deflate'])
      .describe(`What a client may compress with: ${COMPRESSIONS.join(', ')}. Empty text: nothing.`),
    read_header_timeout: duration.prefault('60s').describe('Headers must be complete within this time.'),
    write_timeout: duration
      .prefault('30s')
      .describe('A client that has not read its answer by then is cut off; 0 waits for ever.'),
    idle_timeout: duration.prefault('2m').describe('A connection without requests is closed after this time.'),
    keep_alives_enabled: z.boolean().default(true).describe('False: one request on each connection.'),
    keepalive,
    allowed_hosts: z
      .array(z.string())
      .default([])
      .describe(
        'Names by which a listener on loopback is called, beside localhost and addresses of loopback. Other names are refused: a web page could have made them point here.',
      ),
    fast_read: z
      .boolean()
      .default(true)
      .describe(
        'Plain requests are read straight into pooled memory, past the HTTP parser of Node.js. False: none is.',
      ),
    response_headers: z
      .preprocess(
        (value) => (Array.isArray(value) ? Object.fromEntries(value.map(nameAndValue)) : value),
        z.record(z.string(), z.string()),
      )
      .default({})
      .describe('Headers that every answer carries: a map, or a list of `name` and `value`.'),
    cors,
  })
  .superRefine((config, context) => {
    const problem = endpointProblem(config)
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['endpoint'], message: problem })
  })
  .transform(({ keepalive: newer, ...config }) => ({
    ...config,
    idle_timeout: newer?.idle_timeout ?? config.idle_timeout,
    keep_alives_enabled: newer?.enabled ?? config.keep_alives_enabled,
    max_request_body_size: config.max_request_body_size === 0 ? 20 * MIB : config.max_request_body_size,
    max_decompressed_body_size: Math.max(config.max_decompressed_body_size, config.max_request_body_size),
  }))
export type HttpConfig = z.output<typeof httpConfig>

function nameAndValue(item: unknown): [string, unknown] {
  if (typeof item !== 'object' || item === null || !('name' in item)) return ['', item]
  return [String(item.name), 'value' in item ? item.value : undefined]
}
