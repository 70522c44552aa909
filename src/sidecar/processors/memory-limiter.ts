import * as z from 'zod'
import { defineProcessor } from '../component.ts'
import { duration } from '../config-types.ts'
import { MemoryGate } from './memory-limiter/memory-gate.ts'
import { memoryLimits } from './memory-limiter/memory-limits.ts'
import { availableBytes, processMemory } from './memory-limiter/process-memory.ts'

const percentage = z.int().min(0).max(100).default(0)
const positive = (ms: number): boolean => ms > 0

const config = z
  .strictObject({
    check_interval: duration
      .prefault('1s')
      .refine(positive, 'must be longer than 0')
      .describe('How often memory is looked at, while something comes; also the Retry-After of a refusal.'),
    limit_mib: z.int().min(0).default(0).describe('MiB that the heap and buffers may take: the hard limit.'),
    spike_limit_mib: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'MiB that may come between two looks; limit minus this is the soft limit, from which on nothing is taken in. 0: a fifth of the limit.',
      ),
    limit_percentage: percentage.describe(
      'The hard limit in percent of what the control group (v1, v2) or the host has; `limit_mib` comes first.',
    ),
    spike_limit_percentage: percentage.describe(
      'As `spike_limit_mib`, in percent of the same. 0: a fifth of the limit.',
    ),
    min_gc_interval_when_soft_limited: duration
      .prefault('10s')
      .describe('Above the soft limit memory is collected at most so often.'),
    min_gc_interval_when_hard_limited: duration
      .prefault('0s')
      .describe('The same above the hard limit; 0: at every look.'),
    max_gc_interval_when_soft_limited: duration
      .prefault('30s')
      .describe('While collecting helps nothing the time between grows up to this.'),
    max_gc_interval_when_hard_limited: duration.prefault('30s').describe('The same above the hard limit.'),
  })
  .superRefine((value, context) => {
    const fail = (key: keyof typeof value, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [key] })
    if (value.limit_mib === 0 && value.limit_percentage === 0) fail('limit_mib', 'give limit_mib or limit_percentage')
    if (value.limit_mib > 0 && value.spike_limit_mib >= value.limit_mib)
      fail('spike_limit_mib', 'must be below limit_mib')
    if (value.limit_percentage > 0 && value.spike_limit_percentage >= value.limit_percentage)
      fail('spike_limit_percentage', 'must be below limit_percentage')
    if (value.min_gc_interval_when_soft_limited < value.min_gc_interval_when_hard_limited)
      fail('min_gc_interval_when_soft_limited', 'must not be shorter than min_gc_interval_when_hard_limited')
  })

/**
 * Takes nothing in while the sidecar is short of memory: receivers of its pipelines answer 503 with Retry-After (UNAVAILABLE with RetryInfo) before they
 * read a body, wherever in the pipeline it stands. Nothing that was taken in is dropped.
 *
 *     processors:
 *       memory_limiter: { limit_mib: 200, spike_limit_mib: 40 }
 */
export const memoryLimiter = defineProcessor({
  type: 'memory_limiter',
  summary: 'Refuses requests before their bodies are read while the sidecar takes too much memory.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create(options, { id, clock, logger, metrics }) {
    const limits = memoryLimits(options, availableBytes())
    const labels = { processor: id }
    const gate = new MemoryGate({
      limits,
      checkIntervalMs: options.check_interval,
      collectMs: {
        soft: {
          shortest: options.min_gc_interval_when_soft_limited,
          longest: options.max_gc_interval_when_soft_limited,
        },
        hard: {
          shortest: options.min_gc_interval_when_hard_limited,
          longest: options.max_gc_interval_when_hard_limited,
        },
      },
      memory: processMemory,
      clock,
      logger,
      refused: metrics.counter(
        'spanwarden_memory_limiter_refused_requests',
        'Requests that were refused for want of memory, nearly all before they were read.',
        labels,
      ),
      collections: metrics.counter(
        'spanwarden_memory_limiter_collections',
        'Garbage collections that were asked for.',
        labels,
      ),
    })
    const gauge = (name: string, text: string, read: () => number): void =>
      metrics.gauge(`spanwarden_memory_limiter_${name}`, text, labels, read)
    gauge('used_bytes', 'Heap and buffers, as the limit counts them.', () => processMemory.usedBytes())
    gauge('soft_limit_bytes', 'From here on nothing is taken in.', () => limits.softBytes)
    gauge('closed', '1 while nothing is taken in.', () => (gate.isClosed ? 1 : 0))
    return { admit: () => gate.admit(), readsEdits: true, showsEdits: true, process: () => {} }
  },
})
