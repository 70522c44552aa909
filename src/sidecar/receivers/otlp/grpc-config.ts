import * as z from 'zod'
import { duration } from '../../config-types.ts'
import { endpointProblem, listenerEndpoint, listenerKeys } from './listener-config.ts'

/** Empty sections are defaults, as in the stock collector. */
const section = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema)

const serverParameters = z.strictObject({
  max_connection_idle: duration
    .prefault('10m')
    .describe('A connection without requests is closed after this time; 0 never. Clients come again by themselves.'),
  max_connection_age: duration
    .prefault(0)
    .describe(
      'A connection is closed after this time, give or take a tenth; 0 never. Spreads clients over new servers.',
    ),
  max_connection_age_grace: duration
    .prefault(0)
    .describe('What is under way then may take so much longer; 0: as long as it takes.'),
  time: duration.prefault('2h').describe('How often a client is asked whether it is still there; 0 never.'),
  timeout: duration.prefault('20s').describe('Without an answer by then its connection is closed.'),
})

const enforcementPolicy = z.strictObject({
  min_time: duration
    .prefault('5m')
    .describe('A client that asks more often whether we are there is sent away: too_many_pings.'),
  permit_without_stream: z.boolean().default(false).describe('It may also ask while it has no request under way.'),
})

/** The `grpc` protocol of the receiver: keys as the stock collector's. */
export const grpcConfig = z
  .strictObject({
    ...listenerKeys,
    endpoint: listenerEndpoint.default('127.0.0.1:4317').describe('Address to listen on, or unix:///path.'),
    max_recv_msg_size_mib: z
      .int()
      .min(0)
      .default(16)
      .describe(
        'MiB of a message, as sent and after decompression; 0 is 4, as in the stock collector. 16 because prompts are long, and because too large is never sent again.',
      ),
    max_concurrent_streams: z
      .int()
      .min(0)
      .default(100)
      .describe('Requests at the same time on one connection; 0 is any number.'),
    keepalive: section(
      z.strictObject({
        server_parameters: section(serverParameters).describe('How long connections last.'),
        enforcement_policy: section(enforcementPolicy).describe('How often clients may ask.'),
      }),
    ).describe('Connections that are idle, old or dead.'),
    reflection: z
      .boolean()
      .default(true)
      .describe('Tells tools such as grpcurl what can be called (grpc.reflection, v1 and v1alpha).'),
    read_buffer_size: z.int().min(0).default(0).describe('For configurations of the stock collector: Node.js chooses.'),
    write_buffer_size: z
      .int()
      .min(0)
      .default(0)
      .describe('For configurations of the stock collector: Node.js chooses.'),
  })
  .superRefine((config, context) => {
    const problem = endpointProblem(config)
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['endpoint'], message: problem })
  })
export type GrpcConfig = z.output<typeof grpcConfig>
