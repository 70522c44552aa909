import {
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_WORKFLOW_NAME,
  ATTR_MCP_METHOD_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_VERSION,
  ATTR_SPANWARDEN_USAGE_SOURCE,
  GEN_AI_TOKEN_MODALITY_VALUE_UNKNOWN,
  MCP_METHOD_NAME_VALUE_TOOLS_CALL,
  METRIC_AGENT_COST,
  METRIC_AGENT_ERROR_RATE,
  METRIC_AGENT_REQUEST_LATENCY,
  METRIC_AGENT_REQUESTS,
  METRIC_AGENT_TOKENS_USED,
  METRIC_AGENT_TOOL_CALLS,
  METRIC_AGENT_USAGE_UNKNOWN,
  METRIC_GEN_AI_CLIENT_INFERENCE_DURATION,
  METRIC_GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK,
  METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
  METRIC_GEN_AI_EXECUTE_TOOL_DURATION,
  METRIC_GEN_AI_INVOKE_AGENT_DURATION,
  METRIC_GEN_AI_INVOKE_WORKFLOW_DURATION,
  METRIC_MCP_CLIENT_OPERATION_DURATION,
  type MetricDefinition,
  SPANWARDEN_RESULT_VALUE_DENIED,
  SPANWARDEN_RESULT_VALUE_ERROR,
} from '../../../conventions.ts'
import { operationOf } from '../../../otlp/genai-operation.ts'
import type { PulseFeed } from '../../../alerts/agent-pulse.ts'
import { fieldId } from '../../../otlp/schema.ts'
import { SpanReader, spanNodes, wireId } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { hasAgentMetric, isAgentSpan, runsWithOurSdk } from './agent-signs.ts'
import { costOf } from './call-cost.ts'
import { CallTwins } from './call-twins.ts'
import type { Labels } from './labels.ts'
import { metricDefinition } from './metric-definition.ts'
import { IDS_BYTES } from './exemplars.ts'
import { Nesting } from './nesting.ts'
import { type Pending, type PendingRequest, type PendingTool, WaitingRoots } from './waiting-roots.ts'
import { AGENT, COUNTED_EMBEDDINGS, COUNTED_INFERENCE, TOOL } from '../state/seen-spans.ts'
import { addExemplar, ErrorWindow, observe, type Series, type SeriesTable } from './series.ts'
import { serviceInstanceId } from './service-instance-id.ts'
import { jobOf } from './services.ts'
import type { Service, Services } from './services.ts'
import { resultOf } from './span-result.ts'
import { TOKEN_KINDS } from './token-kinds.ts'

/** What the metrics are kept in and how long things wait; see the connector's configuration. */
export interface SpanMetricsParts {
  readonly labels: Labels
  readonly series: SeriesTable
  readonly services: Services
  readonly spansMax: number
  readonly windowMs: number
  readonly agentWaitMs: number
  readonly toolWaitMs: number
  readonly rootWaitMs: number
  /** Exemplars of a data point; 0 = none. */
  readonly exemplarsMax: number
  /** Told of the same; undefined: somebody else tells it. */
  pulse?(): PulseFeed | undefined
  onDuplicate(): void
  /** The times of a span make no duration that can be. */
  onAbsurdTime(): void
}

/** Turns spans into recordings, one span after the other; knows nothing of time but what it is told. */
export class SpanMetrics {
  readonly nesting: Nesting<Pending>
  readonly roots: WaitingRoots
  readonly #parts: SpanMetricsParts
  readonly #twins = new CallTwins()
  /** Trace id and span id of what is being counted. */
  #ids = Buffer.alloc(IDS_BYTES)
  #nowMs = 0
  /** Of the resource whose spans are read. */
  #job = ''
  /** That it is an agent is noted. */
  #isNoted = false

  constructor(parts: SpanMetricsParts) {
    this.#parts = parts
    const count = (pending: Pending): void => this.#count(pending)
    this.nesting = new Nesting(parts.spansMax, count)
    this.roots = new WaitingRoots(count)
  }

  /** Counts what waited too long for something around it. */
  expire(nowMs: number): void {
    this.#nowMs = nowMs
    this.nesting.expire(nowMs)
    this.roots.expire(nowMs)
  }

  /** Counts all that waits. */
  finish(nowMs: number): void {
    this.#nowMs = nowMs
    this.nesting.finish()
    this.roots.expire(Infinity)
  }

  /** Notes that the agents among the services of a batch of any signal are alive; what carries the instance id of our own metrics is no sign of life. */
  noteLife(view: OtlpView, nowMs: number, ownInstanceId: string): void {
    const reader = new SpanReader(view)
    for (let group = view.first(0); group < view.next(0); group = view.next(group)) {
      const resource = view.child(group, RESOURCE_OF[view.signal])
      reader.readResource(resource)
      const own = serviceInstanceId(ownInstanceId, reader.text(VERSION) ?? '', reader.text(ENVIRONMENT) ?? '')
      if (reader.text(INSTANCE_ID) === own) continue
      this.#nowMs = nowMs
      const service = this.#enter(reader, resource)
      if (view.signal === 'metrics' && !this.#isNoted && hasAgentMetric(view, group)) this.#noteAgent(service)
    }
  }

  /** Takes in the spans of a batch of traces. */
  consume(view: OtlpView, nowMs: number): void {
    this.#nowMs = nowMs
    const reader = new SpanReader(view)
    for (let group = view.first(0); group < view.next(0); group = view.next(group)) {
      if (view.field(group) !== RESOURCE_SPANS) continue
      const service = this.#enter(reader, view.child(group, RESOURCE))
      for (const span of spanNodes(view, group)) {
        reader.readSpan(span)
        this.#span(reader, service)
      }
    }
  }

  /** What comes next is of this resource. Where it is known to be an agent, it is alive. */
  #enter(reader: SpanReader, resource: number): Service {
    const { service, job, isReplaced } = this.#parts.services.find(reader, resource)
    if (isReplaced === true) this.roots.forget(service.index)
    this.#job = job
    this.#isNoted = false
    // One that many share says nothing of each.
    const isKnown = service.isAgent && jobOf(service) === job
    if (isKnown || runsWithOurSdk(reader)) this.#noteAgent(service)
    return service
  }

  /** Whatever sends OTLP may send it here, be it the backend that traces itself. An agent is what shows GenAI or MCP, or runs with our SDK. */
  #noteAgent(service: Service): void {
    this.#isNoted = true
    service.isAgent = true
    service.heartbeatMs = this.#nowMs
    this.#parts.pulse?.()?.alive(this.#job, this.#nowMs)
  }

  #span(reader: SpanReader, service: Service): void {
    const { nesting } = this
    if (!nesting.enter(reader)) return this.#parts.onDuplicate()
    const { view } = reader
    view.bytes.copy(this.#ids, 0, view.body(reader.traceId), view.end(reader.traceId))
    view.bytes.copy(this.#ids, 16, view.body(reader.spanId), view.end(reader.spanId))
    const operation = operationOf(reader)
    if (!this.#isNoted && isAgentSpan(reader, operation)) this.#noteAgent(service)
    if (operation === 'inference' || operation === 'embeddings') this.#call(reader, service, operation)
    else if (operation === 'agent') this.#agent(reader, service)
    else if (operation === 'workflow') this.#workflow(reader, service)
    if (operation === 'tool' || reader.has(MCP_METHOD)) this.#tool(reader, service)
    if (operation !== 'agent' && nesting.isLocalRoot && !service.hasAgents && !isHousekeeping(reader))
      this.roots.add(this.#requestOf(reader, service), this.#nowMs + this.#parts.rootWaitMs)
    nesting.leave(this.#nowMs)
  }

  #call(reader: SpanReader, service: Service, operation: 'inference' | 'embeddings'): void {
    const { labels } = this.#parts
    const { nesting } = this
    const counted = operation === 'inference' ? COUNTED_INFERENCE : COUNTED_EMBEDDINGS
    if (nesting.isCallTwice(counted)) return
    nesting.mark(counted)
    if (this.#twins.isTwin(reader, nesting.trace, reader.node(RESPONSE_ID))) return
    const name = labels.of(reader, OPERATION)
    const provider = labels.provider(reader, PROVIDER)
    const responseModel = labels.of(reader, RESPONSE_MODEL)
    const model = labels.of(reader, REQUEST_MODEL) || responseModel
    const error = labels.error(reader)
    const seconds = this.#secondsOf(reader)
    if (operation === 'inference') {
      this.#observe(INFERENCE_DURATION, service, [name, provider, model, responseModel, error], seconds)
      const firstChunk = reader.number(TIME_TO_FIRST_CHUNK)
      if (firstChunk !== undefined && firstChunk >= 0 && firstChunk <= DURATION_MAX_SECONDS)
        this.#observe(FIRST_CHUNK, service, [name, provider, model], firstChunk)
    } else this.#observe(OPERATION_DURATION, service, [name, provider, model, error], seconds)
    for (const { id, type, usage } of TOKEN_KINDS) {
      const tokens = reader.count(id)
      if (tokens === undefined || tokens === 0) continue
      this.#add(TOKENS_USED, service, [provider, model, labels.ofText(type)], tokens)
      if (operation === 'inference')
        this.#add(usage, service, [name, provider, model, labels.ofText(GEN_AI_TOKEN_MODALITY_VALUE_UNKNOWN)], tokens)
    }
    if (reader.has(USAGE_SOURCE))
      this.#add(USAGE_UNKNOWN, service, [provider, model, labels.of(reader, USAGE_SOURCE)], 1)
    const cost = costOf(reader)
    if (cost === undefined) return
    this.#add(COST, service, [provider, model], cost)
    this.#parts.pulse?.()?.spent(this.#job, this.#nowMs, cost)
  }

  #agent(reader: SpanReader, service: Service): void {
    const { labels, agentWaitMs } = this.#parts
    if (!service.hasAgents) {
      service.hasAgents = true
      this.roots.forget(service.index)
    }
    this.nesting.mark(AGENT)
    const request = this.#requestOf(reader, service)
    const model = labels.of(reader, REQUEST_MODEL)
    this.#observe(AGENT_DURATION, service, [request.agent, model, labels.error(reader)], request.seconds)
    this.nesting.decide(AGENT, this.#nowMs, agentWaitMs, request)
  }

  #workflow(reader: SpanReader, service: Service): void {
    const { labels } = this.#parts
    const name = labels.of(reader, WORKFLOW_NAME)
    this.#observe(WORKFLOW_DURATION, service, [name, labels.error(reader)], this.#secondsOf(reader))
  }

  /** An execute_tool span, or an MCP request. The latter counts as a tool call when it is one and no tool span is around it. */
  #tool(reader: SpanReader, service: Service): void {
    const { labels, toolWaitMs } = this.#parts
    const isMcp = reader.has(MCP_METHOD)
    const tool = labels.of(reader, TOOL_NAME)
    const error = labels.error(reader)
    const seconds = this.#secondsOf(reader)
    if (isMcp && reader.kind === SPAN_KIND_SERVER) return
    if (isMcp) {
      this.#observe(MCP_DURATION, service, [labels.of(reader, MCP_METHOD), tool, error], seconds)
      if (isHousekeeping(reader)) return
    }
    const result = labels.ofText(resultOf(reader))
    const agent = labels.of(reader, AGENT_NAME)
    const call = {
      kind: 'tool',
      service: service.index,
      tool,
      result,
      agent,
      error,
      seconds,
      ids: this.#idText(),
    } as const
    this.nesting.mark(TOOL)
    if (isMcp) this.nesting.decide(TOOL, this.#nowMs, toolWaitMs, call)
    else this.#toolCall(call, service)
  }

  /** Counts what may have waited: another span than the current one. */
  #count(pending: Pending): void {
    const service = this.#parts.services.all[pending.service]
    if (service === undefined) return
    const current = this.#ids
    this.#ids = Buffer.from(pending.ids, 'latin1')
    if (pending.kind === 'request') this.#request(pending, service)
    else this.#toolCall(pending, service)
    this.#ids = current
  }

  #toolCall({ tool, result, agent, error, seconds }: PendingTool, service: Service): void {
    this.#add(TOOL_CALLS, service, [tool, result], 1)
    this.#observe(TOOL_DURATION, service, [tool, agent, error], seconds)
  }

  #request({ job, agent, result, seconds, failed }: PendingRequest, service: Service): void {
    if (!service.isAgent) return
    this.#observe(LATENCY, service, [agent, result], seconds)
    this.#add(REQUESTS, service, [agent, result], 1)
    this.#beginErrors(agent, service)
    const rate = this.#series(ERROR_RATE, service, [agent])
    rate.window ??= new ErrorWindow(this.#parts.windowMs, this.#nowMs)
    rate.window.add(this.#nowMs, failed)
    if (this.#parts.labels.values.text(result) !== SPANWARDEN_RESULT_VALUE_DENIED)
      this.#parts.pulse?.()?.finished(job ?? jobOf(service), { atMs: this.#nowMs, seconds, failed })
  }

  /** From 0, so that the first error is an increase. */
  #beginErrors(agent: number, { index }: Service): void {
    const { labels, series } = this.#parts
    series.find(REQUESTS, index, [agent, labels.ofText(SPANWARDEN_RESULT_VALUE_ERROR)]).touchedMs = this.#nowMs
  }

  #add(metric: MetricDefinition, service: Service, labels: readonly number[], value: number): void {
    const series = this.#series(metric, service, labels)
    series.value += value
    this.#exemplar(series, 0, value)
  }

  /** Seconds are undefined when the span's times make none. */
  #observe(metric: MetricDefinition, service: Service, labels: readonly number[], seconds: number | undefined): void {
    if (seconds === undefined) return
    const series = this.#series(metric, service, labels)
    this.#exemplar(series, observe(series, seconds), seconds)
  }

  #exemplar(series: Series, bucket: number, value: number): void {
    const { exemplarsMax } = this.#parts
    if (exemplarsMax > 0) addExemplar(series, bucket, value, this.#ids, this.#nowMs, exemplarsMax)
  }

  #series(metric: MetricDefinition, service: Service, labels: readonly number[]): Series {
    const series = this.#parts.series.find(metric, service.index, labels)
    series.touchedMs = this.#nowMs
    series.isTouched = true
    return series
  }

  #requestOf(reader: SpanReader, service: Service): PendingRequest {
    const { labels } = this.#parts
    const result = resultOf(reader)
    return {
      kind: 'request',
      service: service.index,
      job: this.#job,
      agent: labels.of(reader, AGENT_NAME),
      result: labels.ofText(result),
      seconds: this.#secondsOf(reader),
      failed: result === SPANWARDEN_RESULT_VALUE_ERROR,
      ids: this.#idText(),
    }
  }

  #idText(): string {
    return this.#ids.toString('latin1')
  }

  /** Clocks that are set back give no negative durations. */
  #secondsOf({ startMs, endMs }: SpanReader): number | undefined {
    const seconds = Math.max(0, endMs - startMs) / 1_000
    if (startMs > 0 && seconds <= DURATION_MAX_SECONDS) return seconds
    this.#parts.onAbsurdTime()
    return undefined
  }
}

/** MCP's own talk (initialize, tools/list, …): nobody asked the agent for it. */
const isHousekeeping = (reader: SpanReader): boolean =>
  reader.has(MCP_METHOD) && reader.text(MCP_METHOD) !== MCP_METHOD_NAME_VALUE_TOOLS_CALL

/** A week: what lasts longer is a clock that is wrong, and must not spoil the sum. */
const DURATION_MAX_SECONDS = 7 * 24 * 3_600

const SPAN_KIND_SERVER = 2
const RESOURCE_SPANS = fieldId('ExportTraceServiceRequest', 'resourceSpans')
const RESOURCE = fieldId('ResourceSpans', 'resource')
const RESOURCE_OF = {
  traces: RESOURCE,
  metrics: fieldId('ResourceMetrics', 'resource'),
  logs: fieldId('ResourceLogs', 'resource'),
}

const OPERATION = wireId(ATTR_GEN_AI_OPERATION_NAME)
const PROVIDER = wireId(ATTR_GEN_AI_PROVIDER_NAME)
const REQUEST_MODEL = wireId(ATTR_GEN_AI_REQUEST_MODEL)
const RESPONSE_MODEL = wireId(ATTR_GEN_AI_RESPONSE_MODEL)
const RESPONSE_ID = wireId(ATTR_GEN_AI_RESPONSE_ID)
const TIME_TO_FIRST_CHUNK = wireId(ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
const AGENT_NAME = wireId(ATTR_GEN_AI_AGENT_NAME)
const TOOL_NAME = wireId(ATTR_GEN_AI_TOOL_NAME)
const WORKFLOW_NAME = wireId(ATTR_GEN_AI_WORKFLOW_NAME)
const MCP_METHOD = wireId(ATTR_MCP_METHOD_NAME)
const INSTANCE_ID = wireId(ATTR_SERVICE_INSTANCE_ID)
const VERSION = wireId(ATTR_SERVICE_VERSION)
const ENVIRONMENT = wireId(ATTR_DEPLOYMENT_ENVIRONMENT_NAME)
const USAGE_SOURCE = wireId(ATTR_SPANWARDEN_USAGE_SOURCE)

const LATENCY = metricDefinition(METRIC_AGENT_REQUEST_LATENCY)
const REQUESTS = metricDefinition(METRIC_AGENT_REQUESTS)
const ERROR_RATE = metricDefinition(METRIC_AGENT_ERROR_RATE)
const TOOL_CALLS = metricDefinition(METRIC_AGENT_TOOL_CALLS)
const TOKENS_USED = metricDefinition(METRIC_AGENT_TOKENS_USED)
const USAGE_UNKNOWN = metricDefinition(METRIC_AGENT_USAGE_UNKNOWN)
const COST = metricDefinition(METRIC_AGENT_COST)
const INFERENCE_DURATION = metricDefinition(METRIC_GEN_AI_CLIENT_INFERENCE_DURATION)
const FIRST_CHUNK = metricDefinition(METRIC_GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK)
const OPERATION_DURATION = metricDefinition(METRIC_GEN_AI_CLIENT_OPERATION_DURATION)
const TOOL_DURATION = metricDefinition(METRIC_GEN_AI_EXECUTE_TOOL_DURATION)
const AGENT_DURATION = metricDefinition(METRIC_GEN_AI_INVOKE_AGENT_DURATION)
const WORKFLOW_DURATION = metricDefinition(METRIC_GEN_AI_INVOKE_WORKFLOW_DURATION)
const MCP_DURATION = metricDefinition(METRIC_MCP_CLIENT_OPERATION_DURATION)
