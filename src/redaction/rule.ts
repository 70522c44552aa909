import type { Subject } from './subject.ts'
import type { WordNeeds } from './word-needs.ts'

/** What a rule finds; the name in placeholders, counters and configuration, in capitals and underscores. */
export type RuleType = string

/** Rules that belong together: configuration may name them by their family. */
export type RuleFamily = 'secrets' | 'payment' | 'identity' | 'contact' | 'network' | 'personal' | 'custom'

/** One thing that is taken out. Rules do not know of each other: what overlaps is resolved afterwards (matches.ts). */
export interface Rule {
  readonly type: RuleType
  readonly family: RuleFamily
  readonly summary: string
  /** Where form and checksum are laid down: a standard, an authority's page, the rule set that it was learnt from (with its licence). */
  readonly source?: string
  /** Whether it applies when the configuration names no rules; default true. */
  readonly isDefault?: boolean
  /** Triggers (triggers.ts) at which `find` is called; nothing else calls it. */
  readonly triggers: readonly number[]
  /**
   * Words (lower case, letters and digits) behind which `find` is called, at TRIGGER_WORD: words of keys (`customerPassport`, `card_number`) and of
   * sentences. `subject.word` is the one, `at` its last letter; keyed-value.ts finds the value behind it.
   */
  readonly words?: readonly string[]
  /** What must stand around a word, so that `find` is not called in vain. */
  readonly needs?: WordNeeds | ((word: string) => WordNeeds)
  /**
   * How what stands at TRIGGER_DIGITS or TRIGGER_CODE must begin, so that `find` is not called in vain: so many digits and the byte behind them if it matters
   * (`10`, `6-`; `8A` before a letter), or a word of so many letters and digits (`w9`). Without heads it is called at each.
   */
  readonly heads?: readonly string[]
  /**
   * With what matches at TRIGGER_TOKEN begin, so that `find` is not called in vain: two ASCII bytes, `first << 7 | second`. Without pairs it is called at every one.
   */
  readonly pairs?: readonly number[]
  /** How sure a match is: 1 = checksum or unmistakable form, 0.5 = form that other things have too. `subject.confidence` may lower or raise it for one match. */
  readonly confidence: number
  /** Words of which one must stand before the weaker forms of the value. */
  readonly context?: readonly string[]
  /**
   * Looks at a bounded window around the trigger; on a match sets `from` and `to` of the subject. A match never cuts a word in two and never holds
   * a quote or half an escape. Rules that share this very function are looked for once: it sets `subject.type`.
   */
  readonly find: (subject: Subject, at: number, trigger: number) => boolean
  /** Documentation and test: in `matches` exactly what stands between « and » is found, in `misses` nothing. */
  readonly examples: { readonly matches: readonly string[]; readonly misses: readonly string[] }
}
