import { PowerOfTwoPool } from '../../../src/sidecar/buffer-pool.ts'
import { RefusedError } from '../../../src/sidecar/component.ts'
import { agentMetrics } from '../../../src/sidecar/connectors/agent-metrics.ts'
import { countItems } from '../../../src/sidecar/count-items.ts'
import { OwnMetricsRegistry } from '../../../src/sidecar/own-metrics.ts'
import { Pipeline } from '../../../src/sidecar/pipeline.ts'
import { cost } from '../../../src/sidecar/processors/cost.ts'
import { redaction } from '../../../src/sidecar/processors/redaction.ts'
import { OtlpView } from '../../../src/otlp/view.ts'
import { testContext } from '../../support/component-context.ts'
import { otlpTypes } from '../../support/otlp-reflection.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { RequestMutator, requestIn } from '../request-mutator.ts'
import type { Seeds, Signal } from '../seeds.ts'

/** A request goes through the processors and the metrics; what is not refused comes out, and an independent library can read it. */
export function pipelineTarget({ protobuf }: Seeds): FuzzTarget {
  const mutator = new RequestMutator(protobuf)
  const pipelines = { traces: pipelineOf('traces'), metrics: pipelineOf('metrics'), logs: pipelineOf('logs') }
  return {
    input: (random) => mutator.mutate(random),
    async run(input) {
      const { signal, bytes } = requestIn(input)
      const pipeline = pipelines[signal]
      try {
        const batch = await pipeline.prepare(bytes)
        const out = batch.payload.bytes
        must(itemsIn(signal, out) === batch.payload.items, 'not the items that were counted come out')
        decode(signal, out)
        await pipeline.forward(batch)
      } catch (error) {
        if (!(error instanceof RefusedError) || error.reason === 'failed') throw error
      }
    },
  }
}

function itemsIn(signal: Signal, bytes: Uint8Array): number {
  const view = new OtlpView(signal, bytes)
  const items = countItems(view)
  view.release()
  return items
}

function pipelineOf(signal: Signal): Pipeline {
  const context = testContext('fuzz')
  const connectors = signal === 'logs' ? [] : [{ id: 'agent_metrics', component: startedConnector() }]
  const processors = [{ id: 'redaction', component: redaction.create(redaction.config.parse({}), context) }]
  if (signal === 'traces') processors.push({ id: 'cost', component: cost.create(cost.config.parse({}), context) })
  return new Pipeline({
    id: signal,
    signal,
    processors,
    connectors,
    deliveries: [],
    buffers: new PowerOfTwoPool(),
    metrics: new OwnMetricsRegistry(),
    logger: { ...context.logger, error: (fields, message) => fail(message, fields) },
  })
}

function startedConnector(): ReturnType<typeof agentMetrics.create> {
  const connector = agentMetrics.create(agentMetrics.config.parse({}), {
    ...testContext('agent_metrics'),
    emit: () => {},
  })
  connector.start()
  return connector
}

/** A component that fails is logged and counted; here it is a fault. */
function fail(message: string, fields: object): never {
  throw new Error(`${message} ${JSON.stringify(fields)}`)
}

/** Strings that are not UTF-8 go through as they came. */
function decode(signal: Signal, bytes: Buffer): void {
  try {
    otlpTypes[signal].decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError && error.message.includes('not valid for encoding utf-8'))) throw error
  }
}
