import type { HrTime } from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { MetricData, MetricProducer, ScopeMetrics } from '@opentelemetry/sdk-metrics'

/**
 * What counters and histograms hold, without waiting: at the end of the process no promise settles any more, and the package collects by promises
 * only. It reads the package's inner state, of the one version that is bundled; a state of another shape gives an empty sample. Callbacks of
 * observable instruments are the agent's code and are not called while its process ends.
 */
export function sampleNow(producer: MetricProducer, time: HrTime): ScopeMetrics[] {
  return meters(producer).flatMap((meter) => {
    const metrics = meter.metricStorageRegistry
      .getStorages(producer)
      .filter((storage) => !storage.getInstrumentDescriptor().type.startsWith('OBSERVABLE'))
      .flatMap((storage) => storage.collect(producer, time) ?? [])
    return metrics.length === 0 ? [] : [{ scope: meter._instrumentationScope, metrics }]
  })
}

/** Whether the agent has instruments of its own: scopes beside ours. */
export const hasOtherMeters = (producer: MetricProducer, ours: string): boolean =>
  meters(producer).some(({ _instrumentationScope: { name } }) => name !== ours)

interface MeterState {
  readonly _instrumentationScope: InstrumentationScope
  readonly metricStorageRegistry: { getStorages(producer: MetricProducer): readonly Storage[] }
}

interface Storage {
  getInstrumentDescriptor(): { readonly type: string }
  collect(producer: MetricProducer, time: HrTime): MetricData | undefined
}

function meters(producer: MetricProducer): MeterState[] {
  const states = field(field(producer, '_sharedState'), 'meterSharedStates')
  return states instanceof Map ? [...states.values()].filter(isMeterState) : []
}

const field = (holder: unknown, key: string): unknown =>
  typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined

const isMeterState = (value: unknown): value is MeterState =>
  typeof field(field(value, 'metricStorageRegistry'), 'getStorages') === 'function' &&
  typeof field(field(value, '_instrumentationScope'), 'name') === 'string'
