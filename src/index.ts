import { runtime } from './sdk/runtime.ts'
import type { Evaluation, SessionIds, ToolKind, ToolOptions } from './sdk/runtime.ts'

export {
  ApprovalDeniedError,
  BudgetExhaustedError,
  DenialError,
  GuardUnavailableError,
  LoopStoppedError,
  RateLimitedError,
  StoppedError,
  UnknownPriceError,
} from './sdk/guard/denial-error.ts'
export { denialIn } from './sdk/guard/denial-in.ts'
export { retry } from './sdk/retry.ts'
export type { RetryAttempt, RetryOptions } from './sdk/retry.ts'
export type { Evaluation, SessionIds, ToolOptions } from './sdk/runtime.ts'

/**
 * The public API, for agents that no supported framework runs. Without the preload (`node --import spanwarden/register`) every function here
 * does nothing but call through, so it can stay in code that also runs elsewhere.
 */

type Callable = (...args: never[]) => unknown

/**
 * Makes `fn` an agent: every call becomes an `invoke_agent` span, and model calls and tools inside it nest below. Works for plain, async
 * and generator functions; the result has the type and the behaviour of `fn`.
 */
export function agent<Fn extends Callable>(name: string, fn: Fn): Fn {
  return new Proxy(fn, {
    apply(target, self, args) {
      const call = (): unknown => Reflect.apply(target, self, args)
      const sdk = runtime()
      return sdk === undefined ? call() : sdk.agent(name, call, args)
    },
  })
}

/** Makes `fn` a tool: every call becomes an `execute_tool` span. Otherwise like `agent`. */
export function tool<Fn extends Callable>(name: string, fn: Fn): Fn
export function tool<Fn extends Callable>(name: string, options: ToolOptions, fn: Fn): Fn
export function tool<Fn extends Callable>(name: string, optionsOrFn: ToolOptions | Fn, maybeFn?: Fn): Fn {
  const [options, fn] = typeof optionsOrFn === 'function' ? [{}, optionsOrFn] : [optionsOrFn, maybeFn]
  if (fn === undefined) throw new TypeError('tool(name, options, fn): fn is missing')
  return new Proxy(fn, {
    apply(target, self, args) {
      const call = (): unknown => Reflect.apply(target, self, args)
      const sdk = runtime()
      return sdk === undefined ? call() : sdk.tool(name, options, call, args, kindOf(fn))
    },
  })
}

/** Only a function that says so can wait. */
function kindOf(fn: Callable): ToolKind {
  const tag: unknown = Reflect.get(fn, Symbol.toStringTag)
  if (tag === 'AsyncGeneratorFunction') return 'async generator'
  return tag === 'AsyncFunction' ? 'async' : 'sync'
}

/**
 * Declares a queue of the agent; its depth counts towards `agent.queue.depth` (the agent's running root invocations are counted without it).
 * `depth` is called at every export, so it has to be cheap. Returns a function that takes the queue out again.
 */
export function queue(name: string, depth: () => number): () => void {
  return runtime()?.queue(name, depth) ?? (() => undefined)
}

/** Runs `fn` so that every span inside it carries the conversation's and the user's id. Returns what `fn` returns. */
export function session<Result>(ids: SessionIds, fn: () => Result): Result {
  const sdk = runtime()
  return sdk === undefined ? fn() : sdk.session(ids, fn)
}

/** Records a judgement on what the agent did, as the event `gen_ai.evaluation.result` on the active span. */
export function evaluation(result: Evaluation): void {
  runtime()?.evaluation(result)
}

/**
 * Observes client libraries in code that a bundler (esbuild, webpack, …) has put into one file, where the preload sees no library loading. Takes
 * what the agent imports, by the name of the package: the namespace, the client class or a client. Call it once, before the first request.
 *
 *     import * as openai from 'openai'
 *     import Anthropic from '@anthropic-ai/sdk'
 *     instrument({ openai, '@anthropic-ai/sdk': Anthropic })
 *
 * Calling it twice, or for a library that is observed anyway, changes nothing. Returns the names of the packages that are observed now; what
 * cannot be is told on stderr. Never throws.
 */
export function instrument(imported: Readonly<Record<string, unknown>>): string[] {
  const sdk = runtime()
  // A preload of an older release has no such method.
  return typeof sdk?.instrument === 'function' ? sdk.instrument(imported) : []
}

/**
 * Sends the spans, events and metrics that are waiting. For platforms that freeze the process after a request (AWS Lambda, Cloud Run, …): `await
 * flush()` before the handler returns. Elsewhere it is not needed. Resolves to false when `timeoutMs` (2,000 by default) was not enough or the
 * receiver did not take everything; what is left is tried again later. Never rejects.
 */
export async function flush(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
  const sdk = runtime()
  return typeof sdk?.flush === 'function' ? await sdk.flush(options.timeoutMs ?? 2_000) : true
}
