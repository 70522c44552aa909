import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { spanViolations } from './conformance.ts'
import type { SeenSpan } from './conformance.ts'
import type { Instrumentation, SdkContext } from '../../src/sdk/instrumentation/instrumentation.ts'

/** An SDK in this process whose finished spans stay in memory, registered globally as the preload does. */
export interface TestSdk {
  readonly sdk: SdkContext & { captureContent: boolean }
  /** Faults of the instrumentation, which a test expects to be none. */
  readonly faults: unknown[]
  /** Takes the spans that have ended since the last call. Throws when one of ours breaks the conventions. */
  takeSpans(): ReadableSpan[]
}

export function startTestSdk(): TestSdk {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  trace.setGlobalTracerProvider(provider)
  const faults: unknown[] = []
  let capture = false
  let captured = false
  const sdk: TestSdk['sdk'] = {
    tracer: provider.getTracer('spanwarden'),
    get captureContent() {
      return capture
    },
    set captureContent(value) {
      capture = value
      captured ||= value
    },
    fault: (where, error) => faults.push(where, error),
    forget: () => undefined,
    now: () => performance.now(),
  }
  return {
    sdk,
    faults,
    takeSpans() {
      const spans = [...exporter.getFinishedSpans()]
      exporter.reset()
      const violations = spans.filter(isOurs).flatMap((span) => spanViolations(seen(span), captured))
      captured = capture
      if (violations.length > 0)
        throw new Error(`spans against conventions/spans.yaml: ${[...new Set(violations)].join('; ')}`)
      return spans
    },
  }
}

/** Libraries have spans of their own; the tests' spans around ours have no such attributes. */
const isOurs = ({ attributes, instrumentationScope }: ReadableSpan): boolean =>
  instrumentationScope.name === 'spanwarden' &&
  Object.keys(attributes).some((key) => /^(gen_ai|mcp|spanwarden)\./.test(key))

const KINDS = {
  [SpanKind.INTERNAL]: 'internal',
  [SpanKind.SERVER]: 'server',
  [SpanKind.CLIENT]: 'client',
  [SpanKind.PRODUCER]: 'producer',
  [SpanKind.CONSUMER]: 'consumer',
} as const

const seen = ({ name, kind, status, attributes }: ReadableSpan): SeenSpan => ({
  name,
  kind: KINDS[kind],
  failed: status.code === SpanStatusCode.ERROR,
  attributes,
})

/**
 * Patches one build of a library as the preload would, without the module hook: loads every file that a patch names and hands its exports
 * over. Whoever has used the library before can compare. Functions that a patch replaces stay (the exports of an ES module cannot be
 * assigned to). Returns the files, so that a test can insist on them.
 */
export async function instrument(
  instrumentation: Instrumentation,
  sdk: SdkContext,
  { major, format }: { readonly major: 'current' | 'previous'; readonly format: 'esm' | 'cjs' } = CURRENT,
): Promise<string[]> {
  const require = createRequire(major === 'current' ? import.meta.url : new URL('../previous/x', import.meta.url))
  // The clients that this is for keep their main file at the root of the package.
  const folder = dirname(require.resolve(instrumentation.library))
  const patched: string[] = []
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(format === 'esm' ? '.mjs' : '.js') || file.startsWith('src')) continue
    const patches = instrumentation.modules.filter((module) => module.file.test(file))
    if (patches.length === 0) continue
    const path = join(folder, file)
    const bindings: Record<string, unknown> = format === 'esm' ? await import(pathToFileURL(path).href) : require(path)
    for (const patch of patches) {
      if (patch.names.every((name) => bindings[name] === undefined)) continue
      patch.patch({ ...bindings }, sdk)
      patched.push(file)
    }
  }
  return patched.toSorted()
}

const CURRENT = { major: 'current', format: 'esm' } as const
