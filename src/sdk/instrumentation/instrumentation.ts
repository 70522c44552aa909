import type { Span, Tracer } from '@opentelemetry/api'
import type { StartedGuard } from '../guard/start-guard.ts'
import type { InferenceEvent } from '../inference-event.ts'

/** What one client library needs in order to be observed: pure data and patch functions. Loading is hook.ts's business. */
export interface Instrumentation {
  /** Package name, as in `node_modules/<library>`. */
  readonly library: string
  /** Semver majors that the tests cover. Another major is patched too, with one warning. */
  readonly majors: readonly number[]
  readonly modules: readonly ModulePatch[]
  /** How its requests name themselves: a request of a library that was never seen loading (a bundle) is then told instead of missed. */
  readonly userAgent?: RegExp
  /** For code that is bundled: the export that stands for the library where `instrument()` is given a class instead of a namespace. */
  readonly main?: string
  /** Not a client library but what we stand on: never reported as one. */
  readonly isPlumbing?: boolean
}

/** One kind of file inside the package. The same patch serves its ESM and its CommonJS build. */
export interface ModulePatch {
  /** Tested on the path of the loaded file inside the package, with `/` separators, e.g. `/^client\.(js|mjs)$/`. */
  readonly file: RegExp
  /** Local names of that module (classes, functions, imports) that are handed to `patch` once its body has run. */
  readonly names: readonly string[]
  /** The names are those under which the file exports (`export { a1 as query }`): a minifier has renamed the functions themselves. ESM only. */
  readonly minified?: boolean
  /**
   * For code that is bundled: where the names stand in what the agent imports from the package, from its exports on, as in
   * `{ Completions: 'OpenAI.Chat.Completions' }`; several places are tried in their order. Absent: out of reach of `instrument()`.
   */
  readonly exported?: Readonly<Record<string, string | readonly string[]>>
  /**
   * Called once per loaded file, before any importer of the file runs. A name that the file does not declare is `undefined`. Assigning to
   * one replaces the file's own function or class (not an import, not a `const`), for its callers in that file and, in ESM, for importers.
   * Throwing is safe: the fault is counted, one warning is written, the library works on unobserved.
   */
  readonly patch: (bindings: Record<string, unknown>, sdk: SdkContext) => void
}

/** What an instrumentation may use of the running SDK. */
export interface SdkContext {
  readonly tracer: Tracer
  /** True when prompts, completions, tool arguments and results may be put on spans. */
  readonly captureContent: boolean
  /** Hosts beside the known ones whose streams are asked for their usage; `*` stands for all, `none` switches it off. */
  readonly streamUsageHosts?: readonly string[]
  /** Takes finished model calls with their content as events; undefined when nobody asked for these. */
  readonly recordInference?: ((event: InferenceEvent) => void) | undefined
  /** Where calls are let through or denied; undefined when no limits are configured. */
  readonly guard?: Pick<StartedGuard, 'guard' | 'tools' | 'client' | 'awsClient' | 'process'> | undefined
  /** Counts a fault of ours and warns once per `where`. Never throws. No payload in `where`. */
  readonly fault: (where: string, error: unknown) => void
  /** Gives up a span that was started and is not to be reported. */
  readonly forget: (span: Span) => void
  /** Monotonic milliseconds, for durations only. */
  readonly now: () => number
}
