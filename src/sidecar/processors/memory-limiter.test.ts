import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { startReceiver } from '../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { RefusedError } from '../component.ts'
import { memoryLimiter } from './memory-limiter.ts'
import { MemoryGate } from './memory-limiter/memory-gate.ts'
import { memoryLimits } from './memory-limiter/memory-limits.ts'
import { availableBytes, processMemory } from './memory-limiter/process-memory.ts'

const MIB = 1024 * 1024
const seconds = (shortest: number, longest: number) => ({ shortest: shortest * 1000, longest: longest * 1000 })

function setUp() {
  const context = testContext('memory_limiter')
  const state = { used: 0, garbage: 0, collections: 0 }
  const gate = new MemoryGate({
    limits: { hardBytes: 100 * MIB, softBytes: 80 * MIB },
    checkIntervalMs: 1000,
    collectMs: { soft: seconds(10, 30), hard: seconds(0, 30) },
    memory: {
      usedBytes: () => (state.used + state.garbage) * MIB,
      collect() {
        state.garbage = 0
        state.collections++
      },
    },
    clock: context.clock,
    logger: context.logger,
    refused: context.metrics.counter('refused', ''),
    collections: context.metrics.counter('collections', ''),
  })
  const isOpen = (): boolean => {
    try {
      gate.admit()
      return true
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== 'busy' || error.retryAfterMs !== 1000) throw error
      return false
    }
  }
  return { ...context, state, isOpen }
}

describe('the gate', () => {
  test('closes above the soft limit and opens below it, at the next look', () => {
    const { state, isOpen, clock, counters, logged } = setUp()
    expect(isOpen()).toBe(true)
    state.used = 90
    expect(isOpen()).toBe(true)
    clock.advance(1000)
    expect([isOpen(), isOpen()]).toEqual([false, false])
    state.used = 79
    expect(isOpen()).toBe(false)
    clock.advance(1000)
    expect(isOpen()).toBe(true)
    expect(counters.get('refused')).toBe(3)
    expect(logged.map(({ message }) => message)).toEqual([
      'memory was collected',
      'memory is above the soft limit: senders are told to retry',
      'memory is below the soft limit again',
    ])
  })

  test('garbage alone does not close it', () => {
    const { state, isOpen } = setUp()
    state.used = 50
    state.garbage = 60
    expect(isOpen()).toBe(true)
    expect(state.collections).toBe(1)
  })

  test('collecting that helps nothing becomes seldom, and is as often as allowed at the beginning', () => {
    const { state, isOpen, clock } = setUp()
    state.used = 120
    const at: number[] = []
    for (let second = 0; second < 200; second++) {
      const before = state.collections
      isOpen()
      if (state.collections > before) at.push(second)
      clock.advance(1000)
    }
    expect(at).toEqual([0, 2, 6, 14, 30, 60, 90, 120, 150, 180])
  })

  test('is open exactly when the last look found less than the soft limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 3000 })), { maxLength: 30 }),
        (steps) => {
          const { state, isOpen, clock } = setUp()
          let seen = 0
          let lookedMs = -Infinity
          let nowMs = 0
          for (const [used, waitMs] of steps) {
            state.used = used
            clock.advance(waitMs)
            nowMs += waitMs
            if (nowMs - lookedMs >= 1000) [seen, lookedMs] = [used, nowMs]
            expect(isOpen()).toBe(seen < 80)
          }
        },
      ),
    )
  })
})

test('limits in MiB and in percent', () => {
  const none = { limit_mib: 0, spike_limit_mib: 0, limit_percentage: 0, spike_limit_percentage: 0 }
  const inMib = (options: object) => {
    const { hardBytes, softBytes } = memoryLimits({ ...none, ...options }, 1000 * MIB)
    return [hardBytes / MIB, softBytes / MIB]
  }
  expect(inMib({ limit_mib: 400 })).toEqual([400, 320])
  expect(inMib({ limit_mib: 400, spike_limit_mib: 100, limit_percentage: 90 })).toEqual([400, 300])
  expect(inMib({ limit_percentage: 80, spike_limit_percentage: 30 })).toEqual([800, 500])
  expect(inMib({ limit_percentage: 50 })).toEqual([500, 400])
})

test('the memory that there is: that of the control group where it has a limit', () => {
  expect(availableBytes(512 * MIB, 4096 * MIB)).toBe(512 * MIB)
  expect(availableBytes(2 ** 64, 4096 * MIB)).toBe(4096 * MIB)
  expect(availableBytes(0, 4096 * MIB)).toBe(4096 * MIB)
})

test('what buffers hold is counted, and collecting gives it back', () => {
  processMemory.collect()
  const before = processMemory.usedBytes()
  let held: Buffer | undefined = Buffer.alloc(64 * MIB)
  expect(processMemory.usedBytes() - before).toBeGreaterThan(60 * MIB)
  held = undefined
  processMemory.collect()
  expect(held).toBeUndefined()
  expect(processMemory.usedBytes() - before).toBeLessThan(30 * MIB)
})

test.each([
  [{}, 'give limit_mib or limit_percentage'],
  [{ limit_mib: 100, spike_limit_mib: 100 }, 'must be below limit_mib'],
  [{ limit_percentage: 120 }, 'Too big'],
  [{ limit_mib: 100, check_interval: '0s' }, 'must be longer than 0'],
  [
    { limit_mib: 1, min_gc_interval_when_soft_limited: '1s', min_gc_interval_when_hard_limited: '2s' },
    'must not be shorter',
  ],
])('%j is refused: %s', (config, message) => {
  expect(String(memoryLimiter.config.safeParse(config).error?.message)).toContain(message)
})

describe('at the door', () => {
  const closed = () => {
    const context = testContext('memory_limiter')
    const component = memoryLimiter.create(memoryLimiter.config.parse({ limit_mib: 1, check_interval: '2s' }), context)
    return { id: 'memory_limiter', component }
  }

  test.each([true, false])(
    'a request over HTTP gets 503 and Retry-After before its body is there (fast_read %s)',
    async (fast) => {
      await using receiver = await startReceiver({ processors: [closed()], http: { fast_read: fast } })
      const { hostname, port } = new URL(receiver.http)
      const socket = connect(Number(port), hostname)
      // Of the body only the first byte comes: what is answered is answered without it.
      const head = [
        'POST /v1/traces HTTP/1.1',
        `host: ${hostname}`,
        'content-type: application/json',
        'content-length: 100000',
      ]
      socket.write(`${head.join('\r\n')}\r\n\r\n{`)
      let answer = ''
      for await (const chunk of socket) if ((answer += String(chunk)).endsWith('}')) break
      socket.destroy()
      expect(answer).toMatch(/^HTTP\/1.1 503 /)
      expect(answer.toLowerCase()).toContain('\r\nretry-after: 2\r\n')
      expect(answer).toContain('short of memory')
      expect(receiver.received).toEqual([])
    },
  )

  test('a call over gRPC gets UNAVAILABLE with RetryInfo before its message is there', async () => {
    await using receiver = await startReceiver({ processors: [closed()] })
    const session = connectHttp2(receiver.grpc)
    const call = session.request({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc',
    })
    const [headers] = await once(call, 'response')
    session.destroy()
    expect(headers).toMatchObject({ 'grpc-status': '14' })
    const details = Buffer.from(Reflect.get(Object(headers), 'grpc-status-details-bin'), 'base64')
    expect(details.toString('latin1')).toContain('google.rpc.RetryInfo')
  })

  test('with room everything passes unchanged', async () => {
    const context = testContext('memory_limiter')
    const component = memoryLimiter.create(memoryLimiter.config.parse({ limit_mib: 100_000 }), context)
    await using receiver = await startReceiver({ processors: [{ id: 'memory_limiter', component }] })
    const body = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
    const headers = { 'content-type': 'application/x-protobuf' }
    const response = await fetch(`${receiver.http}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(body) })
    expect(response.status).toBe(200)
    expect(receiver.received.map(({ bytes }) => bytes)).toEqual([body])
  })
})
