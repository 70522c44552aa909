import type { Subject } from './subject.ts'

/** What a rule finds; the name in placeholders, counters and configuration. */
export type RuleType =
  | 'PRIVATE_KEY'
  | 'ANTHROPIC_KEY'
  | 'OPENAI_KEY'
  | 'AWS_ACCESS_KEY'
  | 'AWS_SECRET_KEY'
  | 'GITHUB_TOKEN'
  | 'SLACK_TOKEN'
  | 'GOOGLE_API_KEY'
  | 'STRIPE_KEY'
  | 'JWT'
  | 'BEARER_TOKEN'
  | 'URL_CREDENTIALS'
  | 'CREDIT_CARD'
  | 'IBAN'
  | 'US_SSN'
  | 'EMAIL'
  | 'PHONE'
  | 'IP_ADDRESS'
  | 'MAC_ADDRESS'

/** One thing that is taken out. Rules do not know of each other: what overlaps is resolved afterwards (matches.ts). */
export interface Rule {
  readonly type: RuleType
  readonly summary: string
  /** Triggers (triggers.ts) at which `find` is called; nothing else calls it. */
  readonly triggers: readonly number[]
  /** How sure a match is: 1 = checksum or unmistakable form, 0.5 = form that other things have too. */
  readonly confidence: number
  /** Words of which one must stand before the weaker forms of the value. */
  readonly context?: readonly string[]
  /**
   * Looks at a bounded window around the trigger; on a match sets `from` and `to` of the subject. A match never cuts a word in two and never holds
   * a quote or half an escape.
   */
  readonly find: (subject: Subject, at: number, trigger: number) => boolean
  /** Documentation and test: in `matches` exactly what stands between « and » is found, in `misses` nothing. */
  readonly examples: { readonly matches: readonly string[]; readonly misses: readonly string[] }
}
