import { createHash, createHmac } from 'node:crypto'
import type { RedactionConfig } from './redaction-config.ts'
import { textMatcher } from './user-pattern.ts'

/** What becomes of an attribute by its key: it passes as it is, goes, its value is masked, or its value is looked at. */
export type Verdict = 'ignore' | 'delete' | 'mask' | 'look'

/** What the stock collector puts in the place of what it masks. */
const STARS = '****'
/** Verdicts kept, by key; when there are so many, all are forgotten. */
const VERDICTS_MAX = 4_096

/** The attributes that tell what was done: they stay. */
export const STOCK_SUMMARY_PREFIX = 'redaction.'
const summaryKeys = new Set(
  ['', 'body.'].flatMap((part) =>
    [
      'redacted.keys',
      'redacted.count',
      'masked.keys',
      'masked.count',
      'allowed.keys',
      'allowed.count',
      'ignored.count',
    ].map((name) => `${STOCK_SUMMARY_PREFIX}${part}${name}`),
  ),
)

/** The decisions of the stock collector's redaction processor, as its README and source (version 0.158) have them. */
export class StockKeys {
  readonly #allowed: ReadonlySet<string> | undefined
  readonly #ignored: ReadonlySet<string>
  readonly #ignoredPatterns: readonly ((text: string) => boolean)[]
  readonly #blockedPatterns: readonly ((text: string) => boolean)[]
  readonly #verdicts = new Map<string, Verdict>()
  readonly #memberVerdicts = new Map<string, Verdict>()
  /** Puts `****` or a hash in the place of what was found. */
  readonly masked: (text: string | Uint8Array) => string

  constructor(config: RedactionConfig) {
    this.#allowed = config.allow_all_keys === true ? undefined : new Set(config.allowed_keys)
    this.#ignored = new Set(config.ignored_keys)
    this.#ignoredPatterns = (config.ignored_key_patterns ?? []).map(textMatcher)
    this.#blockedPatterns = (config.blocked_key_patterns ?? []).map(textMatcher)
    this.masked = maskOf(config)
  }

  /** Case counts, as there. Members of maps that stay in any case are not deleted. */
  verdict(key: string, mayDelete: boolean): Verdict {
    const verdicts = mayDelete ? this.#verdicts : this.#memberVerdicts
    const known = verdicts.get(key)
    if (known !== undefined) return known
    if (verdicts.size >= VERDICTS_MAX) verdicts.clear()
    const verdict = this.#decide(key, mayDelete)
    verdicts.set(key, verdict)
    return verdict
  }

  #decide(key: string, mayDelete: boolean): Verdict {
    if (this.#ignored.has(key) || this.#ignoredPatterns.some((matches) => matches(key))) return 'ignore'
    if (mayDelete && this.#allowed !== undefined && !this.#allowed.has(key) && !summaryKeys.has(key)) return 'delete'
    return this.#blockedPatterns.some((matches) => matches(key)) ? 'mask' : 'look'
  }
}

function maskOf({ hash_function: name, hmac_key: key = '' }: RedactionConfig): StockKeys['masked'] {
  if (name === '') return () => STARS
  if (name === 'hmac-sha256' || name === 'hmac-sha512')
    return (text) => createHmac(name.slice('hmac-'.length), key).update(text).digest('hex')
  return (text) =>
    createHash(name === 'sha3' ? 'sha3-256' : name)
      .update(text)
      .digest('hex')
}
