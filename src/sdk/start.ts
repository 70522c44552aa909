import { resolve } from 'node:path'
import { dirname } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { context } from '@opentelemetry/api'
import type { TextMapPropagator } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Sampler } from '@opentelemetry/sdk-trace'
import { sayGoodbye } from '../control/goodbye-file.ts'
import { ATTR_SERVICE_NAME, ATTR_SERVICE_NAMESPACE, SCHEMA_URL } from '../conventions.ts'
import { runAgent } from './agent.ts'
import { SharedGlobals } from './attach.ts'
import { consoleSpans } from './console-spans.ts'
import { withAmbient } from './context.ts'
import type { Environment } from './environment-reader.ts'
import { evaluationRecord } from './evaluation.ts'
import { onProcessEnd } from './exit.ts'
import { GUARD_FLUSH_MS } from './guard/guard-limits.ts'
import { startGuard } from './guard/start-guard.ts'
import { settingsOfThread } from './guard/thread-settings.ts'
import type { StartedGuard } from './guard/start-guard.ts'
import { hookModules } from './hook.ts'
import type { ModuleHook } from './hook.ts'
import type { SdkContext } from './instrumentation/instrumentation.ts'
import { instrumentations } from './instrumentation/instrumentations.ts'
import { inferenceRecord } from './inference-event.ts'
import { Lane } from './lane.ts'
import { PLAIN_HTTP, observePlainHttp } from './instrumentation/plain-http.ts'
import { LastRequests } from './last-requests.ts'
import { serialiseLogs } from './log-record.ts'
import type { LogRecord } from './log-record.ts'
import { Metrics } from './metrics.ts'
import { Notices } from './notices.ts'
import { OpenSpans } from './open-spans.ts'
import { usePricesFile } from './prices.ts'
import { Queues } from './queues.ts'
import { resourceAttributes } from './resource.ts'
import { runtime, setRuntime } from './runtime.ts'
import type { RuntimeState } from './runtime.ts'
import { logsRequest } from './otlp-logs.ts'
import { OtlpSender } from './sender.ts'
import { isLibraryEnabled, readSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { StartupLine } from './startup-line.ts'
import { spanLane } from './span-lane.ts'
import { reportState } from './state-report.ts'
import { runTool } from './tool.ts'
import { warnOfUnobserved } from './unobserved.ts'
import { VERSION } from './version.ts'

/**
 * Starts the SDK in this process or worker thread. Assembled from the parts of OpenTelemetry's SDK: sdk-node adds 380 to 470 ms to every
 * start, this adds a few. A second call does nothing. Never throws.
 */
export function start(environment: Environment): void {
  if (runtime() !== undefined) return
  const notices = new Notices()
  try {
    const settings = readSettings(environment)
    notices.level = settings.logLevel
    if (!settings.enabled) return
    if (isTooOld(process.versions.node)) {
      const what = `Node.js 22.19 or newer is needed, this is ${process.version}; nothing is observed`
      return notices.warn('node version', what)
    }
    for (const warning of settings.warnings) notices.warn(warning, warning)
    assemble(settings, notices, environment)
  } catch (error) {
    notices.fault('starting', error)
  }
}

/** Also said by the `engines` of the package and by the command. */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 22 || (major === 22 && minor < 19)
}

function assemble(settings: Settings, notices: Notices, environment: Environment): void {
  if (settings.pricesFile !== undefined)
    usePricesFile(resolve(settings.pricesFile), (line) => notices.warn('prices file', line))
  const attributes = resourceAttributes(settings, process.argv[1])
  const resource = resourceFromAttributes(attributes)
  const sender = new OtlpSender({
    ...(settings.traces === undefined ? {} : { traces: settings.traces }),
    ...(settings.metrics === undefined ? {} : { metrics: settings.metrics }),
    ...(settings.logs === undefined ? {} : { logs: settings.logs }),
  })
  const lane = { sender, notices }
  const { lane: spans, sink } = spanLane({
    ...lane,
    ...settings.batch,
    protocol: settings.traces?.protocol ?? 'http/protobuf',
    resource: attributes,
  })
  const logs = new Lane<LogRecord>({
    ...lane,
    ...settings.logBatch,
    signal: 'logs',
    serialise: (items) => (settings.logs?.protocol === 'http/json' ? serialiseLogs : logsRequest)(attributes, items),
  })
  const open = new OpenSpans(sink)
  const queues = new Queues(notices)
  const provider = new TracerProvider({
    resource,
    sampler: samplerOf(settings),
    spanLimits: settings.spanLimits,
    spanProcessors: [...(sender.has('traces') ? [open] : []), ...(settings.consoleSpans ? [consoleSpans] : [])],
  })
  const globals = new SharedGlobals({
    contextManager: new AsyncLocalStorageContextManager().enable(),
    propagator: new CompositePropagator({ propagators: propagatorsOf(settings) }),
    tracerProvider: provider,
  })
  globals.register()
  const fault = (where: string, error: unknown): void => notices.fault(where, error)
  const guard = settingsOfThread(settings.guard)
  const limits = startGuard(guard, String(attributes[ATTR_SERVICE_NAME]), settings.modelHosts, fault)
  const sdk = sdkContext(settings, notices, provider, open, sender.has('logs') ? logs : undefined, limits)
  const metrics = startMetrics(settings, resource, sender, notices, queues)

  const enabled = instrumentations.filter(({ library }) => isLibraryEnabled(library, settings))
  const plumbing = settings.attach ? [globals.makeRoom()] : []
  const hook = hookModules({ instrumentations: [...enabled, ...plumbing], sdk, notices })
  const startupLine = new StartupLine((line) => notices.info(line))
  globals.onAttach(() => startupLine.besideAnother())
  hook.libraries.onFound = (library) => startupLine.found(library)
  for (const library of hook.libraries.found.values()) startupLine.found(library)
  warnOfUnobserved(enabled, hook.libraries, notices)
  if (isLibraryEnabled(PLAIN_HTTP, settings)) observePlainHttp(sdk, settings.modelHosts)
  const state = (): RuntimeState => ({
    libraries: stateOfLibraries(hook),
    attached: globals.attached,
    traces: { ...spans.counts, unsent: spans.unsent, open: open.size, untracked: open.untracked },
    logs: { ...logs.counts, unsent: logs.unsent },
    notices: Object.fromEntries(notices.counts),
  })
  const lastRequests = new LastRequests({ sender, notices, spoolFolder: settings.spoolFolder })
  const holders = metrics === undefined ? [spans, logs] : [spans, logs, metrics]
  const isUnsent = (): boolean => spans.unsent + logs.unsent > 0 || metrics?.outdated === true
  const isUntold = (): boolean => limits?.guard.isUntold === true
  const flush = async (): Promise<void> => void (await Promise.all([spans.flush(), logs.flush(), metrics?.flush()]))
  onProcessEnd(
    {
      flushMs: () => Math.max(isUnsent() ? lastRequests.flushMsMax() : 0, isUntold() ? GUARD_FLUSH_MS : 0),
      async flush() {
        await Promise.all([limits?.guard.flush(GUARD_FLUSH_MS), flush()])
        return !isUnsent()
      },
      finish(reason, failed, unreachable) {
        try {
          startupLine.tell()
          open.endAll(reason, failed)
          lastRequests.bringHome(holders, unreachable)
          // Somebody ended it, or it is done: nobody has to miss it.
          if (isMainThread && settings.spoolFolder !== undefined && (!failed || reason.startsWith('SIG')))
            sayGoodbye(dirname(settings.spoolFolder), { job: jobOf(attributes), atMs: Date.now() })
          reportState(environment, state)
        } catch (error) {
          notices.fault('ending', error)
        }
      },
    },
    isMainThread,
  )
  setRuntime({
    contract: 1,
    agent: (name, call, args) => runAgent(sdk, queues, name, call, args),
    tool: (name, options, call, args, kind) => runTool(sdk, name, options, call, args, kind ?? 'sync'),
    session: (ids, call) => context.with(withAmbient(context.active(), ids), call),
    retrying: ({ state: retrying, call }) => context.with(withAmbient(context.active(), { retrying }), call),
    queue: (name, depth) => queues.add(name, depth),
    evaluation(evaluation) {
      if (sender.has('logs')) logs.push(evaluationRecord(evaluation, Date.now()))
    },
    instrument: (imported) => hook.instrument(imported),
    flush: async (timeoutMs) => (await within(flush(), timeoutMs)) && spans.unsent + logs.unsent === 0,
    state,
  })
}

/** As the sidecar names the agent. */
function jobOf(attributes: Readonly<Record<string, unknown>>): string {
  const { [ATTR_SERVICE_NAME]: name = '', [ATTR_SERVICE_NAMESPACE]: namespace = '' } = attributes
  return namespace === '' ? String(name) : `${String(namespace)}/${String(name)}`
}

const stateOfLibraries = ({ libraries }: ModuleHook): RuntimeState['libraries'] =>
  [...libraries.found.values()].map(({ library, version, folder, state, remark }) => ({
    library,
    version,
    state,
    folder,
    ...(remark === undefined ? {} : { remark }),
  }))

/** Waits for `work`, but not longer than `timeoutMs`. This timer holds the process: whoever calls `flush()` wants that. */
async function within(work: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)))
  const done = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return done
}

const sdkContext = (
  settings: Settings,
  notices: Notices,
  provider: TracerProvider,
  open: OpenSpans,
  logs: Lane<LogRecord> | undefined,
  limits: StartedGuard | undefined,
): SdkContext => ({
  guard: limits,
  tracer: provider.getTracer('spanwarden', VERSION, { schemaUrl: SCHEMA_URL }),
  captureContent: settings.content.spans,
  recordInference:
    settings.content.events && logs !== undefined
      ? (event) => logs.push(inferenceRecord(event, Date.now()))
      : undefined,
  streamUsageHosts: settings.streamUsageHosts,
  fault: (where, error) => notices.fault(where, error),
  forget: (span) => open.forget(span),
  now: () => performance.now(),
})

type Resource = ReturnType<typeof resourceFromAttributes>

function startMetrics(
  settings: Settings,
  resource: Resource,
  sender: OtlpSender,
  notices: Notices,
  queues: Queues,
): Metrics | undefined {
  if (!sender.has('metrics')) return undefined
  const { metricIntervalMs: intervalMs, metricTemporality: temporality } = settings
  const metrics = new Metrics({ resource, sender, notices, intervalMs, temporality, depths: () => queues.depths() })
  queues.onRequestsChange((started) => metrics.requestsChanged(started))
  return metrics
}

function samplerOf({ sampler: { name, ratio } }: Settings): Sampler {
  const root = name.endsWith('always_off')
    ? new AlwaysOffSampler()
    : name.endsWith('traceidratio')
      ? new TraceIdRatioBasedSampler(ratio)
      : new AlwaysOnSampler()
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}

const propagatorsOf = ({ propagators }: Settings): TextMapPropagator[] => [
  ...(propagators.includes('tracecontext') ? [new W3CTraceContextPropagator()] : []),
  ...(propagators.includes('baggage') ? [new W3CBaggagePropagator()] : []),
]
