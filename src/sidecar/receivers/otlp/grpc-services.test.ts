import { once } from 'node:events'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import * as descriptor from 'protobufjs/ext/descriptor/index.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../../test/support/running-receiver.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { requestMessage } from '../../../otlp/schema.ts'
import type { MessageSchema } from '../../../otlp/schema.ts'

/** The services by another's hand: grpc/health/v1/health.proto and grpc/reflection/v1/reflection.proto. */
const { root } = protobuf.parse(`syntax = "proto3";
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse { int32 status = 1; }
message HealthListResponse { map<string, HealthCheckResponse> statuses = 1; }
message Request { string host = 1; oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4;
  Extension file_containing_extension = 5; string all_extension_numbers_of_type = 6; string list_services = 7; } }
message Extension { string containing_type = 1; int32 extension_number = 2; }
message Response { string valid_host = 1; Request original_request = 2; oneof message_response {
  Files file_descriptor_response = 4; Services list_services_response = 6; Error error_response = 7; } }
message Files { repeated bytes file_descriptor_proto = 1; }
message Services { repeated Service service = 1; }
message Service { string name = 1; }
message Error { int32 error_code = 1; string error_message = 2; }`)

const encoder =
  (type: string) =>
  (message: object): Buffer =>
    Buffer.from(root.lookupType(type).encode(message).finish())
const decoder =
  (type: string) =>
  (bytes: Buffer): Record<string, unknown> =>
    root.lookupType(type).decode(bytes).toJSON()

const TRACE_SERVICE = 'opentelemetry.proto.collector.trace.v1.TraceService'
const METRICS_SERVICE = 'opentelemetry.proto.collector.metrics.v1.MetricsService'

let receiver: RunningReceiver
let client: Client
beforeEach(async () => {
  receiver = await startReceiver({ signals: ['traces', 'metrics'] })
  client = new Client(new URL(receiver.grpc).host, credentials.createInsecure())
})
afterEach(async () => {
  client.close()
  await receiver.stop()
})

function health(method: string, service: string, response = 'HealthCheckResponse'): Promise<unknown> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      `/grpc.health.v1.Health/${method}`,
      encoder('HealthCheckRequest'),
      decoder(response),
      { service },
      (error: ServiceError | null, answer) => resolve(error === null ? answer : error.code),
    )
  })
}

function watch(service: string): ClientReadableStream<Record<string, unknown>> {
  const [encode, decode] = [encoder('HealthCheckRequest'), decoder('HealthCheckResponse')]
  return client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', encode, decode, { service })
}

describe('grpc.health.v1', () => {
  test('the whole, and each service that has a pipeline', async () => {
    for (const service of ['', TRACE_SERVICE, METRICS_SERVICE])
      expect(await health('Check', service)).toEqual({ status: 1 })
    expect(await health('Check', 'opentelemetry.proto.collector.logs.v1.LogsService')).toBe(status.NOT_FOUND)
    expect(await health('Nothing', '')).toBe(status.UNIMPLEMENTED)
    expect(await health('List', '', 'HealthListResponse')).toEqual({
      statuses: { '': { status: 1 }, [TRACE_SERVICE]: { status: 1 }, [METRICS_SERVICE]: { status: 1 } },
    })
  })

  test('who watches is told of the end, and does not hold it up', async () => {
    const [known, unknown] = [watch(TRACE_SERVICE), watch('no.such.Service')]
    expect(await once(known, 'data')).toEqual([{ status: 1 }])
    expect(await once(unknown, 'data')).toEqual([{ status: 3 }])
    const told = once(known, 'data')
    const ends = [known, unknown].map((stream) => new Promise<ServiceError>((resolve) => stream.once('error', resolve)))
    unknown.resume()
    await receiver.stop()
    expect(await told).toEqual([{ status: 2 }])
    for (const { code } of await Promise.all(ends)) expect(code).toBe(status.UNAVAILABLE)
  })
})

type Reflection = ClientDuplexStream<object, Record<string, unknown>>
const reflect = (version: string): Reflection =>
  client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    encoder('Request'),
    decoder('Response'),
    new Metadata(),
  )

async function ask(stream: Reflection, request: object): Promise<Record<string, unknown>> {
  const answered = once(stream, 'data')
  stream.write(request)
  const [answer]: Record<string, unknown>[] = await answered
  expect(answer?.['originalRequest']).toEqual(request)
  return answer ?? {}
}

/** All that a tool learns, from the name of a service. */
async function learn(stream: Reflection, symbol: string): Promise<protobuf.Root> {
  const { fileDescriptorResponse } = await ask(stream, { fileContainingSymbol: symbol })
  const { fileDescriptorProto } = Object(fileDescriptorResponse)
  const files = new ProtobufWriter()
  for (const text of fileDescriptorProto as string[]) files.bytes(1, Buffer.from(text, 'base64'))
  // The extension adds it to Root.
  expect(descriptor).toBeDefined()
  const fromDescriptor: unknown = Reflect.get(protobuf.Root, 'fromDescriptor')
  if (typeof fromDescriptor !== 'function') throw new Error('protobufjs reads no descriptors')
  return fromDescriptor.call(protobuf.Root, files.finish())
}

describe.each(['v1', 'v1alpha'])('grpc.reflection.%s', (version) => {
  test('names the services that can be called', async () => {
    const stream = reflect(version)
    const { listServicesResponse } = await ask(stream, { listServices: '*' })
    expect(Object(listServicesResponse).service.map(({ name }: { name: string }) => name)).toEqual([
      TRACE_SERVICE,
      METRICS_SERVICE,
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ])
    stream.end()
    await once(stream.resume(), 'end')
  })

  test('gives the very messages that we read', async () => {
    const stream = reflect(version)
    const learnt = await learn(stream, TRACE_SERVICE)
    const method = learnt.lookupService(TRACE_SERVICE).methods['Export']
    expect(method?.requestType).toContain('ExportTraceServiceRequest')
    const names = { traces: 'trace.v1.ExportTrace', metrics: 'metrics.v1.ExportMetrics', logs: 'logs.v1.ExportLogs' }
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      const all = await learn(stream, `opentelemetry.proto.collector.${names[signal]}ServiceRequest`)
      expectSame(all, requestMessage[signal], new Set())
    }
    stream.end()
  })

  test('what is not there is an error, and the stream goes on', async () => {
    const stream = reflect(version)
    for (const request of [
      { fileContainingSymbol: 'no.such.Thing' },
      { fileByFilename: 'no.proto' },
      { allExtensionNumbersOfType: 'x' },
    ]) {
      expect(await ask(stream, request)).toMatchObject({ errorResponse: { errorCode: status.NOT_FOUND } })
    }
    const inService = await ask(stream, { fileContainingSymbol: `${TRACE_SERVICE}.Export` })
    expect(inService['fileDescriptorResponse']).toBeDefined()
    const byName = await ask(stream, { fileByFilename: 'opentelemetry/proto/trace/v1/trace.proto' })
    expect(byName['fileDescriptorResponse']).toBeDefined()
    stream.end()
  })

  test('an open stream does not hold up the end', async () => {
    const stream = reflect(version)
    stream.on('error', () => {})
    await ask(stream, { listServices: '' })
    expect(await receiver.stop()).toBeUndefined()
  })
})

/** Every field of our schema is in the descriptor under its number. */
function expectSame(all: protobuf.Root, { name, fields }: MessageSchema, seen: Set<string>): void {
  if (seen.has(name)) return
  seen.add(name)
  const type = all.lookupType(name.split('.').at(-1) ?? name)
  for (const field of fields) {
    const described = Object.values(type.fields).find(({ id }) => id === field.number)
    expect([
      name,
      field.name,
      described?.name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    ]).toEqual([name, field.name, field.name])
    if (field.message !== undefined) expectSame(all, field.message, seen)
  }
}

test('without reflection there is none', async () => {
  await using closed = await startReceiver({ grpc: { reflection: false } })
  const other = new Client(new URL(closed.grpc).host, credentials.createInsecure())
  const stream = other.makeBidiStreamRequest(
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    encoder('Request'),
    decoder('Response'),
    new Metadata(),
  )
  const [error]: unknown[] = await once(
    stream.resume().on('end', () => {}),
    'error',
  ).catch((thrown: unknown) => [thrown])
  expect(error).toMatchObject({ code: status.UNIMPLEMENTED })
  other.close()
})
