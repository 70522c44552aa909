import type { ComponentDefinition } from './component.ts'

/** What a configuration can name; its code is loaded when one does. */
export interface KnownComponent extends Pick<ComponentDefinition, 'kind' | 'type' | 'aliases'> {
  load(): Promise<ComponentDefinition>
}

/** Every component that a configuration can name. A new one is a file and a line here. */
export const components: readonly KnownComponent[] = [
  { kind: 'receiver', type: 'otlp', load: async () => (await import('./receivers/otlp.ts')).otlp },
  { kind: 'receiver', type: 'spool', load: async () => (await import('./receivers/spool.ts')).spool },
  {
    kind: 'processor',
    type: 'memory_limiter',
    load: async () => (await import('./processors/memory-limiter.ts')).memoryLimiter,
  },
  { kind: 'processor', type: 'filter', load: async () => (await import('./processors/filter.ts')).filter },
  { kind: 'processor', type: 'attributes', load: async () => (await import('./processors/attributes.ts')).attributes },
  { kind: 'processor', type: 'redaction', load: async () => (await import('./processors/redaction.ts')).redaction },
  { kind: 'processor', type: 'resource', load: async () => (await import('./processors/resource.ts')).resource },
  { kind: 'processor', type: 'cost', load: async () => (await import('./processors/cost.ts')).cost },
  {
    kind: 'processor',
    type: 'gen_ai_normalizer',
    aliases: ['genainormalizer'],
    load: async () => (await import('./processors/gen-ai-normalizer.ts')).genAiNormalizer,
  },
  {
    kind: 'processor',
    type: 'tail_sampling',
    load: async () => (await import('./processors/tail-sampling.ts')).tailSampling,
  },
  {
    kind: 'connector',
    type: 'agent_metrics',
    load: async () => (await import('./connectors/agent-metrics.ts')).agentMetrics,
  },
  {
    kind: 'connector',
    type: 'span_metrics',
    aliases: ['spanmetrics'],
    load: async () => (await import('./connectors/span-metrics.ts')).spanMetrics,
  },
  { kind: 'exporter', type: 'debug', load: async () => (await import('./exporters/debug.ts')).debug },
  { kind: 'exporter', type: 'file', load: async () => (await import('./exporters/file.ts')).file },
  { kind: 'exporter', type: 'kafka', load: async () => (await import('./exporters/kafka.ts')).kafka },
  {
    kind: 'exporter',
    type: 'otlp_grpc',
    aliases: ['otlp'],
    load: async () => (await import('./exporters/otlp-grpc.ts')).otlpGrpc,
  },
  {
    kind: 'exporter',
    type: 'otlp_http',
    aliases: ['otlphttp'],
    load: async () => (await import('./exporters/otlp-http.ts')).otlpHttp,
  },
  { kind: 'exporter', type: 'prometheus', load: async () => (await import('./exporters/prometheus.ts')).prometheus },
  { kind: 'exporter', type: 'store', load: async () => (await import('./exporters/store.ts')).store },
  { kind: 'extension', type: 'alerts', load: async () => (await import('./extensions/alerts.ts')).alerts },
  { kind: 'extension', type: 'basicauth', load: async () => (await import('./extensions/basicauth.ts')).basicauth },
  {
    kind: 'extension',
    type: 'bearertokenauth',
    load: async () => (await import('./extensions/bearertokenauth.ts')).bearertokenauth,
  },
  {
    kind: 'extension',
    type: 'file_storage',
    load: async () => (await import('./extensions/file-storage.ts')).fileStorage,
  },
  { kind: 'extension', type: 'guard', load: async () => (await import('./extensions/guard.ts')).guard },
  {
    kind: 'extension',
    type: 'health_check',
    aliases: ['healthcheck'],
    load: async () => (await import('./extensions/health-check.ts')).healthCheck,
  },
  { kind: 'extension', type: 'page', load: async () => (await import('./extensions/page.ts')).page },
]

export const allComponents = (): Promise<ComponentDefinition[]> => Promise.all(components.map(({ load }) => load()))

/** Those of which a type, or a former name of it, is among `names`. */
export function componentsNamed(names: ReadonlySet<string>): Promise<ComponentDefinition[]> {
  const named = components.filter(({ type, aliases = [] }) => [type, ...aliases].some((name) => names.has(name)))
  return Promise.all(named.map(({ load }) => load()))
}
