import type { Counter, OwnMetrics } from '../../component.ts'
import type { Decision } from './policies.ts'

/** Names of the stock processor, where it has them. */
export class SamplingCounters {
  readonly newTraces: Counter
  /** Decided before their time, for want of room. */
  readonly early: Counter
  readonly tooLarge: Counter
  readonly errors: Counter
  /** Spans of batches that were handed on undecided, since split by trace they would take too much. */
  readonly undivided: Counter
  readonly #counter: (name: string, description: string, labels?: Record<string, string>) => Counter

  constructor(metrics: OwnMetrics, processor: string) {
    this.#counter = (name, description, labels = {}) =>
      metrics.counter(`otelcol_processor_tail_sampling_${name}`, description, { processor, ...labels })
    this.newTraces = this.#counter('new_trace_id_received', 'Traces that began.')
    this.early = this.#counter('sampling_trace_decided_early', 'Traces decided before their time, for want of room.')
    this.tooLarge = this.#counter('traces_dropped_too_large', 'Traces dropped beyond maximum_trace_size_bytes.')
    this.errors = this.#counter('sampling_policy_evaluation_error', 'Policies that failed; the trace was kept.')
    this.undivided = this.#counter(
      'undivided_spans',
      'Spans of batches handed on undecided: split by trace, their resources would take too much.',
    )
  }

  late(isSampled: boolean, spans: number): void {
    const labels = { sampled: String(isSampled) }
    this.#counter(
      'early_releases_from_cache_decision',
      'Spans that came after the decision on their trace.',
      labels,
    ).add(spans)
  }

  decided(decision: Decision, policy: string, spans: number): void {
    const labels = { sampled: String(decision === 'sampled'), decision }
    this.#counter('global_count_traces_sampled', 'Traces that were decided.', labels).add(1)
    const ofPolicy = { ...labels, policy }
    this.#counter('count_traces_sampled', 'Traces by the policy that decided.', ofPolicy).add(1)
    this.#counter('count_spans_sampled', 'Spans by the policy that decided.', ofPolicy).add(spans)
  }
}
