import type { Match } from './matches.ts'
import type { Redaction, Replacement } from './redactor.ts'
import type { RuleType } from './rule.ts'

const encoder = new TextEncoder()

/** What is put in the place of a value that was masked as a whole, because it took more work than the limits allow. */
export const LIMIT_TYPE = 'LIMIT'

/** Says what takes the place of matches. */
export class Placeholders {
  /** By the index that matches carry. */
  readonly #types: readonly RuleType[]
  readonly #indexOf = new Map<RuleType, number>()
  readonly #texts: readonly string[]
  readonly #encoded: readonly Uint8Array[]
  readonly #replacement: Replacement | undefined

  constructor(types: readonly RuleType[], replacement: Replacement | undefined) {
    this.#types = types
    for (const [index, type] of types.entries()) if (!this.#indexOf.has(type)) this.#indexOf.set(type, index)
    this.#texts = types.map((type) => `[REDACTED:${type}]`)
    this.#encoded = this.#texts.map((text) => encoder.encode(text))
    this.#replacement = replacement
  }

  /** The last type is that of what has none. */
  indexOf(type: RuleType): number {
    return this.#indexOf.get(type) ?? this.#types.length - 1
  }

  /** `quote`: what makes the replacement a string of JSON where the match is a number. */
  redaction(bytes: Uint8Array, match: Match, quote: string): Redaction {
    const { start, end, rule, confidence, text } = match
    const type = this.#types[rule] as RuleType
    const own = this.#replacement?.(type, text ?? bytes.subarray(start, end))
    const isPlain = own === undefined && quote === ''
    const replacement = isPlain
      ? (this.#encoded[rule] as Uint8Array)
      : encoder.encode(quote + (own ?? (this.#texts[rule] as string)) + quote)
    return text === undefined
      ? { start, end, type, confidence, replacement }
      : { start, end, type, confidence, replacement, text }
  }
}
