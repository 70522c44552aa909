import { callBound, OUTPUT_TOKENS_DEFAULT } from './call-bound.ts'
import type { CallBound, CallBoundOptions } from './call-bound.ts'
import type { ModelRequest } from './call-bound/model-request.ts'

/** An answer that is cut to less is of no use, in tokens. */
export const CLAMPED_OUTPUT_TOKENS_MIN = 256

export type KnownBound = Extract<CallBound, { isKnown: true }>

export interface ClampedOutput {
  readonly bound: KnownBound
  /** The limit for each choice. */
  readonly outputTokens: number
}

/** The request with the smallest output that is of use. Undefined where there is nothing to lower, or nobody knows what it costs. */
export function leastOutput(request: ModelRequest | undefined, options: CallBoundOptions): ClampedOutput | undefined {
  const range = rangeOf(request, options)
  return range === undefined ? undefined : at(request, options, range.least)
}

/** The request with the longest output that fits into the amount. Undefined where even the smallest one does not. */
export function clampOutput(
  request: ModelRequest | undefined,
  options: CallBoundOptions,
  nanoUsd: number,
): ClampedOutput | undefined {
  const range = rangeOf(request, options)
  if (range === undefined) return undefined
  const fitting = (tokens: number): ClampedOutput | undefined => {
    const clamped = at(request, options, tokens)
    return clamped !== undefined && clamped.bound.nanoUsd <= nanoUsd ? clamped : undefined
  }
  let best = fitting(range.least)
  let [low, high] = [range.least, range.asked]
  // More output never costs less.
  while (best !== undefined && low < high) {
    const middle = Math.ceil((low + high) / 2)
    const clamped = fitting(middle)
    if (clamped === undefined) high = middle - 1
    else [low, best] = [middle, clamped]
  }
  return best
}

function rangeOf(request: ModelRequest | undefined, options: CallBoundOptions): Range | undefined {
  if (request === undefined || request.output !== 'tokens') return undefined
  const { outputTokensDefault = OUTPUT_TOKENS_DEFAULT, outputTokensMax = Infinity } = options
  const asked = Math.min(request.maxOutputTokens ?? outputTokensDefault, outputTokensMax)
  const least = CLAMPED_OUTPUT_TOKENS_MIN + request.thinkingTokens
  return least < asked ? { least, asked } : undefined
}

interface Range {
  readonly least: number
  readonly asked: number
}

function at(
  request: ModelRequest | undefined,
  options: CallBoundOptions,
  outputTokens: number,
): ClampedOutput | undefined {
  const bound = callBound(request, { ...options, outputTokensMax: outputTokens })
  return bound.isKnown ? { bound, outputTokens } : undefined
}
