import { z } from 'zod'
import { duration, endpoint } from '../../config-types.ts'
import { COMPRESSIONS } from './decompress.ts'

const path = z.string().startsWith('/')

export const tlsConfig = z
  .strictObject({
    cert_file: z.string().describe('PEM file of the certificate chain.'),
    key_file: z.string().describe('PEM file of the private key.'),
    client_ca_file: z.string().optional().describe('PEM file: clients must show a certificate of this authority.'),
    min_version: z.enum(['1.2', '1.3']).default('1.2').describe('Oldest TLS version to speak.'),
  })
  .nullish()
  .describe('TLS of the listener; none by default.')

/** The `http` protocol of the receiver: keys as the stock collector's. */
export const httpConfig = z.strictObject({
  endpoint: endpoint.default('127.0.0.1:4318').describe('Address to listen on.'),
  tls: tlsConfig,
  traces_url_path: path.default('/v1/traces').describe('Path for traces.'),
  metrics_url_path: path.default('/v1/metrics').describe('Path for metrics.'),
  logs_url_path: path.default('/v1/logs').describe('Path for logs.'),
  max_request_body_size: z
    .int()
    .positive()
    .default(20 * 1024 * 1024)
    .describe('Bytes of a body, as sent and after decompression.'),
  compression_algorithms: z
    .array(z.enum(['', 'gzip', 'zstd', 'zlib', 'deflate']))
    .default(['', 'gzip', 'zstd', 'zlib', 'deflate'])
    .describe(`What a client may compress with: ${COMPRESSIONS.join(', ')}.`),
  max_connections: z.int().positive().default(1000).describe('Connections at the same time; further ones are closed.'),
  read_timeout: duration.prefault('60s').describe('A request must be complete within this time.'),
  read_header_timeout: duration.prefault('60s').describe('Its headers must be complete within this time.'),
  idle_timeout: duration.prefault('2m').describe('A connection without requests is closed after this time.'),
  keep_alives_enabled: z.boolean().default(true).describe('False: one request on each connection.'),
  fast_read: z
    .boolean()
    .default(true)
    .describe('Plain requests are read straight into pooled memory, past the HTTP parser of Node.js. False: none is.'),
  response_headers: z.record(z.string(), z.string()).default({}).describe('Headers that every answer carries.'),
  cors: z
    .strictObject({
      allowed_origins: z.array(z.string()).describe('Origins of web pages that may send; a * stands for any text.'),
      allowed_headers: z.array(z.string()).default([]).describe('Request headers beside Content-Type they may set.'),
      exposed_headers: z.array(z.string()).default([]).describe('Response headers that they may read.'),
      max_age: z.int().min(0).optional().describe('Seconds for which a browser remembers the permission.'),
    })
    .nullish()
    .describe('For agents in browsers; off by default.'),
})
export type HttpConfig = z.output<typeof httpConfig>

/** The `grpc` protocol of the receiver. */
export const grpcConfig = z.strictObject({
  endpoint: endpoint.default('127.0.0.1:4317').describe('Address to listen on.'),
  transport: z.literal('tcp').default('tcp').describe('Kind of socket.'),
  tls: tlsConfig,
  max_recv_msg_size_mib: z
    .int()
    .min(0)
    .default(20)
    .describe(
      'MiB of a message after decompression; 0 is 4, as in the stock collector. 20 because prompts are long, and because too large is never sent again.',
    ),
  max_concurrent_streams: z
    .int()
    .min(0)
    .default(100)
    .describe('Requests at the same time on one connection; 0 is any number.'),
  max_connections: z.int().positive().default(1000).describe('Connections at the same time; further ones are closed.'),
  read_timeout: duration.prefault('60s').describe('A request must be complete within this time.'),
})
export type GrpcConfig = z.output<typeof grpcConfig>
