import * as z from 'zod'
import { defineReceiver } from '../component.ts'
import { BodyMemory } from './otlp/body-memory.ts'
import { grpcConfig } from './otlp/grpc-config.ts'
import { OtlpGrpcServer } from './otlp/grpc-server.ts'
import { httpConfig } from './otlp/http-config.ts'
import { OtlpHttpServer } from './otlp/http-server.ts'
import { Intake } from './otlp/intake.ts'

const MIB = 1024 * 1024

/** `grpc:` with nothing behind it switches the protocol on, as in the stock collector. */
const orDefaults = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema)

const config = z
  .strictObject({
    protocols: z
      .strictObject({
        grpc: z.optional(orDefaults(grpcConfig)).describe('OTLP/gRPC; listens when the key is there.'),
        http: z.optional(orDefaults(httpConfig)).describe('OTLP/HTTP; listens when the key is there.'),
      })
      .refine(({ grpc, http }) => grpc !== undefined || http !== undefined, 'name at least one of grpc and http'),
    max_in_flight_mib: z
      .int()
      .positive()
      .default(256)
      .describe('MiB of all requests that are being read at the same time; beyond, senders are told to retry.'),
  })
  .describe('Each protocol listens when its key is there.')

/**
 * Receives traces, metrics and logs over OTLP/gRPC and OTLP/HTTP, as Protocol Buffers and JSON. A request is answered when every pipeline has it;
 * 503 with Retry-After (UNAVAILABLE with RetryInfo) when a queue is full.
 */
export const otlp = defineReceiver({
  type: 'otlp',
  summary: 'Receives traces, metrics and logs over OTLP, gRPC and HTTP.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create({ protocols: { grpc, http }, max_in_flight_mib }, context) {
    const memory = new BodyMemory(context.buffers, max_in_flight_mib * MIB)
    context.metrics.gauge(
      'otelcol_receiver_in_flight_bytes',
      'Memory of requests under way.',
      { receiver: context.id },
      () => memory.bytes,
    )
    const servers = [
      ...(grpc === undefined ? [] : [new OtlpGrpcServer(grpc, new Intake(context, 'grpc', memory), context)]),
      ...(http === undefined ? [] : [new OtlpHttpServer(http, new Intake(context, 'http', memory), context)]),
    ]
    return {
      async start() {
        for (const server of servers) await server.start()
      },
      async stop() {
        await Promise.all(servers.map((server) => server.stop()))
      },
      listening: () => Object.assign({}, ...servers.map((server) => server.listening())),
    }
  },
})
