import { getEventListeners } from 'node:events'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, test } from 'vitest'
import { withSpan } from '../context.ts'
import { mcpClient, mcpSdk, mcpServer } from './mcp.ts'
import { runTool } from '../tool.ts'
import { startHookedSdk } from '../../../test/support/hooked.ts'
import { GENERATIONS } from '../../../test/support/mcp-desk.ts'
import { propagateAsThePreload, spanTree } from '../../../test/support/span-tree.ts'

const hooked = startHookedSdk([mcpSdk, mcpClient, mcpServer])
propagateAsThePreload()
const { tracer } = hooked.sdk

afterEach(() => {
  hooked.sdk.captureContent = false
  hooked.takeSpans()
  if (hooked.faults.length > 0) throw new Error(`faults: ${hooked.faults.map(String).join(', ')}`)
})

const shown = ['rpc.response.status_code']
const look = { name: 'look', arguments: { id: 'a' } }

/** Spans of tool calls: what connecting makes is left out. */
const calls = (): ReadableSpan[] =>
  hooked.takeSpans().filter(({ name }) => !/^(?:initialize|notifications\/initialized)$/.test(name))
const named = (spans: readonly ReadableSpan[], kind: SpanKind, name = 'tools/call look'): ReadableSpan | undefined =>
  spans.find((span) => span.name === name && span.kind === kind)

const generations = GENERATIONS.filter(({ format }) => format === 'esm')

describe.each(generations)('$name', (generation) => {
  const open = generation.open.bind(undefined, hooked)

  test.each(['memory', 'http'] as const)(
    'over %s the handler runs inside the span of the server, which is below that of the client',
    async (transport) => {
      await using desk = await open({
        transport,
        work: () => tracer.startActiveSpan('inside', async (span) => span.end()),
      })
      await tracer.startActiveSpan('outside', async (span) => {
        await desk.callTool(look)
        span.end()
      })
      expect(spanTree(calls())).toBe(
        'INTERNAL outside\n  CLIENT tools/call look\n    SERVER tools/call look\n      INTERNAL inside',
      )
    },
  )

  test("the caller's `_meta` stays and wins, his objects are not touched, baggage goes along", async () => {
    const seen: unknown[] = []
    await using desk = await open({ transport: 'http', work: (meta) => seen.push(meta) })
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } })
    const params = Object.freeze({ ...look, _meta: Object.freeze({ own: 1 }) })
    await context.with(propagation.setBaggage(context.active(), baggage), () => desk.callTool(params))
    const spans = calls()
    const client = named(spans, SpanKind.CLIENT)?.spanContext()
    expect(seen).toEqual([
      { own: 1, traceparent: `00-${client?.traceId}-${client?.spanId}-01`, baggage: 'tenant=acme' },
    ])
    expect(params).toEqual({ ...look, _meta: { own: 1 } })
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await desk.callTool({ ...look, _meta: { traceparent } })
    expect(seen[1]).toMatchObject({ traceparent })
    expect(named(calls(), SpanKind.SERVER)?.parentSpanContext?.traceId).toBe('a'.repeat(32))
  })

  test('a hostile `_meta` is no parent and no fault', async () => {
    await using desk = await open({ transport: 'http' })
    for (const traceparent of ['', 'x', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, 7, {}, ['x']])
      await desk.callTool({ ...look, _meta: { traceparent, tracestate: 1, baggage: {} } })
    const servers = calls().filter(({ kind }) => kind === SpanKind.SERVER)
    expect(servers.map(({ parentSpanContext }) => parentSpanContext)).toEqual(Array.from({ length: 6 }))
  })

  test('the span that is active where the message arrives is linked', async () => {
    const http = tracer.startSpan('POST', { kind: SpanKind.SERVER })
    await using desk = await open({ transport: 'memory' })
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await context.with(withSpan(context.active(), http), () => desk.callTool({ ...look, _meta: { traceparent } }))
    const spans = calls()
    const client = named(spans, SpanKind.CLIENT)
    expect(named(spans, SpanKind.SERVER)?.links.map(({ context: linked }) => linked.spanId)).toEqual([
      client?.spanContext().spanId,
    ])
    http.end()
  })

  test('an aborted call: the same error, the handler learns of it, both spans say cancelled, no listener stays', async () => {
    const started = Promise.withResolvers<void>()
    const over = Promise.withResolvers<void>()
    const work = async (_: unknown, signal: AbortSignal): Promise<void> => {
      started.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      over.resolve()
    }
    await using desk = await open({ transport: 'http', work })
    const controller = new AbortController()
    const call = desk.callTool(look, { signal: controller.signal })
    await started.promise
    const listeners = getEventListeners(controller.signal, 'abort').length
    controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    expect(listeners).toBe(1)
    await over.promise
    await desk.client.ping()
    expect(
      spanTree(calls(), shown)
        .split('\n')
        .filter((line) => line.includes('tools/call')),
    ).toEqual(['CLIENT tools/call look ERROR(cancelled)', '  SERVER tools/call look ERROR(cancelled)'])
  })

  test('a time-out is no answer of the server', async () => {
    const end = Promise.withResolvers<void>()
    await using desk = await open({ transport: 'http', work: () => end.promise })
    await expect(desk.callTool(look, { timeout: 1 })).rejects.toThrow('timed out')
    end.resolve()
    await desk.client.ping()
    const client = named(calls(), SpanKind.CLIENT)
    expect(client?.attributes['error.type']).toBe(generation.name.includes('/sdk 1') ? '-32001' : 'REQUEST_TIMEOUT')
    expect(client?.attributes['rpc.response.status_code']).toBe(undefined)
  })

  test('the connection is closed under a call', async () => {
    const started = Promise.withResolvers<void>()
    const desk = await open({
      transport: 'memory',
      work: async (_, signal) => {
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      },
    })
    const call = desk.callTool(look)
    await started.promise
    await Promise.all([expect(call).rejects.toThrow('Connection closed'), desk.client.close()])
    await desk[Symbol.asyncDispose]()
    const spans = calls()
    expect(named(spans, SpanKind.SERVER)?.attributes['error.type']).toBe('cancelled')
    expect(named(spans, SpanKind.CLIENT)?.attributes['rpc.response.status_code']).toBe(undefined)
    await expect(desk.callTool(look)).rejects.toThrow('Not connected')
    expect(spanTree(calls(), shown)).toBe('CLIENT tools/call look ERROR(Error)')
  })

  test('a tool call past the helper method is one span as well; inside a tool of that name it completes the span of the tool', async () => {
    await using desk = await open({ transport: 'http' })
    await desk.request({ method: 'tools/call', params: look })
    const call = (): unknown => desk.callTool(look)
    await runTool(hooked.sdk, 'look', {}, call, [])
    expect(spanTree(calls(), ['mcp.method.name', 'jsonrpc.request.id', 'server.address'])).toBe(
      [
        'CLIENT tools/call look [mcp.method.name=tools/call jsonrpc.request.id=1 server.address=127.0.0.1]',
        '  SERVER tools/call look [mcp.method.name=tools/call jsonrpc.request.id=1]',
        'INTERNAL execute_tool look [mcp.method.name=tools/call jsonrpc.request.id=2 server.address=127.0.0.1]',
        '  SERVER tools/call look [mcp.method.name=tools/call jsonrpc.request.id=2]',
      ].join('\n'),
    )
  })

  test('content: arguments, result and address only when asked for; messages of errors too', async () => {
    const secret = `card-${'4111'}`
    await using desk = await open({ transport: 'http' })
    const play = async (): Promise<string> => {
      await desk.callTool({ name: 'look', arguments: { id: secret } })
      await expect(desk.client.readResource({ uri: `mem://${secret}` })).rejects.toThrow(secret)
      return JSON.stringify(calls().map(({ name, attributes, status }) => [name, attributes, status]))
    }
    expect(await play()).not.toContain(secret)
    hooked.sdk.captureContent = true
    const captured = await play()
    for (const key of ['gen_ai.tool.call.arguments', 'gen_ai.tool.call.result', 'mcp.resource.uri', 'message'])
      expect(captured.split(`"${key}"`)).toHaveLength(3)
  })

  test('a fault of ours is counted, and nobody notices', async () => {
    const broken = { get: (): never => expect.fail('ours') }
    const { tracer: working } = hooked.sdk
    Object.defineProperty(hooked.sdk, 'tracer', { ...broken, configurable: true })
    const seen: unknown[] = []
    {
      await using desk = await open({ transport: 'http', work: (meta) => seen.push(meta) })
      await desk.client.listTools()
      expect(await desk.callTool(look)).toMatchObject({ content: [{ text: 'a' }] })
      await expect(desk.client.readResource({ uri: 'mem://nope' })).rejects.toThrow('nope')
      await expect(desk.request({ method: 'own/thing' })).rejects.toThrow('not found')
      expect(await desk.callTool({ name: 'ask' })).toMatchObject({ content: [{ text: 'm' }] })
    }
    Object.defineProperty(hooked.sdk, 'tracer', { value: working, configurable: true })
    expect(seen).toEqual([undefined])
    expect(new Set(hooked.faults.splice(0).filter((fault) => typeof fault === 'string'))).toEqual(
      new Set([
        'beginning an MCP request',
        'beginning an MCP notification',
        'beginning an MCP tool call',
        'opening an MCP span',
        'receiving an MCP message',
      ]),
    )
  })

  test('without a span around it nothing is stranger than before: the values and the order of things are the same', async () => {
    await using desk = await open({ transport: 'http' })
    const [one, two] = await Promise.all([
      desk.callTool(look),
      desk.callTool({ name: 'look', arguments: { id: 'b' } }),
      desk.client.ping(),
    ])
    expect([one, two]).toMatchObject([{ content: [{ text: 'a' }] }, { content: [{ text: 'b' }] }])
    expect(trace.getActiveSpan()).toBe(undefined)
  })
})
