import * as z from 'zod'
import { type ComponentContext, defineProcessor, type Next } from '../component.ts'
import { duration } from '../config-types.ts'
import { openQueueStorage } from '../queue/open-queue-storage.ts'
import { samplingFolder } from '../queue/left-queues.ts'
import { sendingQueueConfig } from '../queue/queue-config.ts'
import type { QueueStorage } from '../queue/queue-storage.ts'
import { FolderInUseError } from '../queue/wal/folder-lock.ts'
import { DecisionCache } from './tail-sampling/decision-cache.ts'
import { policiesOf } from './tail-sampling/policies.ts'
import { policyConfig } from './tail-sampling/policy-config.ts'
import { SamplingCounters } from './tail-sampling/sampling-counters.ts'
import { TraceHolder } from './tail-sampling/trace-holder.ts'

const config = z.strictObject({
  decision_wait: duration
    .prefault('30s')
    .describe('How long a trace is held after its root span has come, for spans that are late.'),
  decision_wait_after_root_received: duration
    .prefault('0s')
    .describe('In place of decision_wait after the root span; 0 = decision_wait.'),
  root_wait_max: duration
    .prefault('10m')
    .describe(
      'How long a trace whose root span has not come is held after its first span: an agent may run for long. At least decision_wait. The stock processor decides decision_wait after the first span, which 0s gives.',
    ),
  num_traces: z.int().positive().default(50_000).describe('Traces held at once; beyond, the oldest are decided early.'),
  block_on_overflow: z
    .boolean()
    .default(false)
    .describe('With num_traces traces held, answer "busy, retry later" in place of deciding the oldest early.'),
  expected_new_traces_per_sec: z.int().min(0).default(0).describe('Accepted; nothing is allocated ahead.'),
  sample_on_first_match: z
    .boolean()
    .default(false)
    .describe('Accepted; the first policy that matches decides in any case.'),
  drop_pending_traces_on_shutdown: z
    .boolean()
    .default(false)
    .describe('At the end, drop what is held in place of deciding with what has come.'),
  maximum_trace_size_bytes: z.int().min(0).default(0).describe('A trace is dropped when it grows beyond; 0 = never.'),
  decision_cache: z
    .strictObject({
      sampled_cache_size: z
        .int()
        .min(0)
        .default(0)
        .describe('Kept traces that are remembered, for late spans; 0 = num_traces.'),
      non_sampled_cache_size: z.int().min(0).default(0).describe('The same of traces that were not kept.'),
    })
    .prefault({}),
  policies: z
    .array(policyConfig)
    .min(1)
    .default(() => [
      policyConfig.parse({ name: 'notable-runs', type: 'agent' }),
      policyConfig.parse({ name: 'share', type: 'probabilistic', probabilistic: { sampling_percentage: 10 } }),
    ])
    .describe('A trace is kept when one of them says so, unless a drop policy matches.'),
  storage: z
    .enum(['disk', 'memory'])
    .default('disk')
    .describe(
      'Where spans wait. disk: a write-ahead log in the state folder; a sender is answered when its spans are there, and a crash loses none of a kept trace. memory: gone with the process.',
    ),
  fsync: z.boolean().default(true).describe('disk: spans count as kept when the disk itself says so.'),
  storage_bytes_max: z
    .int()
    .positive()
    .default(1024 * 1024 * 1024)
    .describe('Bytes held at most; beyond, the oldest are decided early and senders are told to come again.'),
  memory_bytes_max: z
    .int()
    .min(0)
    .default(32 * 1024 * 1024)
    .describe('disk: bytes of them that are kept in memory as well, to decide without reading them again.'),
})

/**
 * Keeps whole traces or none: runs that failed, were denied, went round in circles or cost much, and a share of the rest. It stands behind all other processors
 * of its pipeline, wherever it is listed, and before the exporters. Connectors of the pipeline get every span as it comes: metrics are of all runs.
 */
export const tailSampling = defineProcessor({
  type: 'tail_sampling',
  isSingle: true,
  summary: 'Keeps whole traces that are worth it (failed, denied, looped, costly) and a share of the rest.',
  signals: ['traces'],
  config,
  create(settings, context) {
    const { clock, metrics, id } = context
    const policies = policiesOf(settings.policies, () => clock.monotonic())
    const { sampled_cache_size, non_sampled_cache_size } = settings.decision_cache
    let holder: TraceHolder | undefined
    const newHolder = (next: Next): TraceHolder =>
      new TraceHolder(
        {
          policies,
          waits: {
            decisionWaitMs: settings.decision_wait,
            afterRootMs: settings.decision_wait_after_root_received,
            rootWaitMs: settings.root_wait_max,
          },
          tracesMax: settings.num_traces,
          bytesMax: settings.storage_bytes_max,
          traceBytesMax: settings.maximum_trace_size_bytes,
          blocksOnOverflow: settings.block_on_overflow,
          dropsPending: settings.drop_pending_traces_on_shutdown,
          decisions: new DecisionCache(
            sampled_cache_size || settings.num_traces,
            non_sampled_cache_size || settings.num_traces,
          ),
          counters: new SamplingCounters(metrics, id),
          context,
          openStorage: () => openStorage(settings, context, next.pipeline),
        },
        next,
      )
    metrics.gauge(
      'otelcol_processor_tail_sampling_sampling_traces_on_memory',
      'Traces that wait for their decision.',
      { processor: id },
      () => holder?.traces ?? 0,
    )
    metrics.gauge(
      'otelcol_processor_tail_sampling_held_bytes',
      'Bytes of spans that wait for a decision, or for exporters.',
      { processor: id },
      () => holder?.bytes ?? 0,
    )
    return {
      readsEdits: true,
      showsEdits: true,
      process() {},
      hold(next) {
        holder ??= newHolder(next)
        return holder
      },
      drain: async () => holder?.drain(),
      stop: async () => holder?.stop(),
    }
  },
})

function openStorage(
  { storage, fsync, memory_bytes_max, storage_bytes_max }: z.output<typeof config>,
  context: ComponentContext,
  pipeline: string,
): QueueStorage | undefined {
  const queue = sendingQueueConfig.parse({ storage, fsync, memory_bytes_max, queue_bytes_max: storage_bytes_max })
  try {
    // Not among the queues of exporters: what stands here is not to be sent before it is decided.
    const stateFolder = samplingFolder(context.stateFolder)
    return openQueueStorage(queue, 'traces', { ...context, stateFolder, id: `${context.id}@${pipeline}` })
  } catch (error) {
    if (error instanceof FolderInUseError) return undefined
    throw error
  }
}
