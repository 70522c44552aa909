import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_WORKFLOW_NAME,
  ATTR_MCP_METHOD_NAME,
  ATTR_TELEMETRY_DISTRO_NAME,
  METRICS,
} from '../../../conventions.ts'
import type { GenAiOperation } from '../../../otlp/genai-operation.ts'
import { fieldId } from '../../../otlp/schema.ts'
import { type SpanReader, wireId } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'

/** Whether the resource that was read last is of a process with our preload: somebody said that it is an agent, before its first call. */
export const runsWithOurSdk = (reader: SpanReader): boolean => reader.text(DISTRO) === OWN_DISTRO

/** Whether the span that was read last is of GenAI or MCP. */
export const isAgentSpan = (reader: SpanReader, operation: GenAiOperation): boolean =>
  operation !== 'none' || SIGNS.some((id) => reader.has(id))

/** Whether there is a metric of agents, GenAI or MCP in this part of a batch of metrics. */
export function hasAgentMetric(view: OtlpView, resourceMetrics: number): boolean {
  for (let scope = view.first(resourceMetrics); scope < view.next(resourceMetrics); scope = view.next(scope)) {
    if (view.field(scope) !== SCOPE_METRICS) continue
    for (let metric = view.first(scope); metric < view.next(scope); metric = view.next(metric)) {
      const name = view.field(metric) === METRIC ? view.child(metric, NAME) : -1
      if (name >= 0 && Object.hasOwn(METRICS, view.text(name))) return true
    }
  }
  return false
}

const DISTRO = wireId(ATTR_TELEMETRY_DISTRO_NAME)
const OWN_DISTRO = 'spanwarden'
/** Of spans without an operation, as some instrumentations write them. */
const SIGNS = [
  ATTR_MCP_METHOD_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_WORKFLOW_NAME,
].map(wireId)

const SCOPE_METRICS = fieldId('ResourceMetrics', 'scopeMetrics')
const METRIC = fieldId('ScopeMetrics', 'metrics')
const NAME = fieldId('Metric', 'name')
