/** One SDK of the comparison. */
export interface Peer {
  readonly name: string
  readonly packages: readonly string[]
  /** The case that it is compared with: the same version of the client library, unobserved. */
  readonly bare: string
  readonly isBare?: boolean
  /** What is preloaded, as its documentation asks; `flags` where that is not a file of its own. */
  readonly setup?: string
  readonly flags?: readonly string[]
  readonly environment?: (sink: string) => Record<string, string>
  /** For those that are handed the client in code. */
  readonly wrap?: { readonly import: string; readonly client: string }
  /** Around each call (`make`), for those that observe only inside something. */
  readonly call?: string
}

const openai7 = 'openai@7.55.0'
const openai6 = 'openai@6'

/** Before anything else, so that ESM is observed: what the documentation of these SDKs asks for. */
const hook =
  "import { register } from 'node:module'\nregister('@opentelemetry/instrumentation/hook.mjs', import.meta.url)\n"

/** Versions of November 2026 that install side by side with Node 24. */
export const peers: readonly Peer[] = [
  { name: 'bare', bare: 'bare', isBare: true, packages: [openai7], flags: [] },
  { name: 'bare-openai-6', bare: 'bare-openai-6', isBare: true, packages: [openai6], flags: [] },
  { name: 'spanwarden', bare: 'bare', packages: [openai7], environment: () => ({ SPANWARDEN_SPOOL: 'off' }) },
  {
    name: 'langfuse',
    bare: 'bare',
    packages: [
      openai7,
      '@langfuse/otel@5.11.1',
      '@langfuse/openai@5.11.1',
      '@langfuse/tracing@5.11.1',
      '@opentelemetry/api@1.9.0',
      '@opentelemetry/core@2',
      '@opentelemetry/sdk-trace-base@2',
      '@opentelemetry/sdk-node@0.222.0',
      '@opentelemetry/exporter-trace-otlp-http@0.222.0',
    ],
    setup: `import { NodeSDK } from '@opentelemetry/sdk-node'
import { LangfuseSpanProcessor } from '@langfuse/otel'
const processor = new LangfuseSpanProcessor({ baseUrl: process.env.SINK, publicKey: 'pk', secretKey: 'none' })
new NodeSDK({ spanProcessors: [processor] }).start()`,
    wrap: { import: "import { observeOpenAI } from '@langfuse/openai'", client: 'observeOpenAI(plain)' },
  },
  {
    name: 'otel-openai',
    bare: 'bare-openai-6',
    packages: [
      openai6,
      '@opentelemetry/api@1.10.0',
      '@opentelemetry/sdk-node@0.300.0',
      '@opentelemetry/instrumentation@0.300.0',
      '@opentelemetry/instrumentation-openai@0.22.0',
      '@opentelemetry/exporter-trace-otlp-http@0.300.0',
    ],
    setup: `${hook}const { NodeSDK } = await import('@opentelemetry/sdk-node')
const { OpenAIInstrumentation } = await import('@opentelemetry/instrumentation-openai')
const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
new NodeSDK({ traceExporter: new OTLPTraceExporter(), instrumentations: [new OpenAIInstrumentation()] }).start()`,
  },
  {
    name: 'traceloop',
    bare: 'bare-openai-6',
    packages: [openai6, '@traceloop/node-server-sdk@0.27.0'],
    setup: `${hook}const traceloop = await import('@traceloop/node-server-sdk')
traceloop.initialize({ baseUrl: process.env.SINK, apiKey: 'none', disableBatch: false, silenceInitializationMessage: true })`,
  },
  {
    name: 'openlit',
    bare: 'bare',
    packages: [openai7, 'openlit@1.15.0'],
    setup: `${hook}const { default: openlit } = await import('openlit')
;(openlit.default ?? openlit).init({ otlpEndpoint: process.env.SINK, applicationName: 'bench' })`,
  },
  {
    name: 'sentry',
    bare: 'bare',
    packages: [openai7, '@sentry/node@11.11.0'],
    setup: `import * as Sentry from '@sentry/node'
Sentry.init({ dsn: process.env.SINK.replace('//', '//key@') + '/1', tracesSampleRate: 1 })`,
    wrap: { import: "import * as Sentry from '@sentry/node'", client: 'plain' },
    call: "() => Sentry.startSpan({ name: 'request' }, make)",
  },
  {
    name: 'dd-trace',
    bare: 'bare',
    packages: [openai7, 'dd-trace@6.21.0'],
    flags: ['--import', 'dd-trace/initialize.mjs'],
    environment: (sink) => ({
      DD_TRACE_AGENT_URL: sink,
      DD_LLMOBS_ENABLED: '1',
      DD_LLMOBS_ML_APP: 'bench',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    }),
  },
]
