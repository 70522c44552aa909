import { canonicalText } from './canonical-text.ts'
import { MASK, MASK_KEEP_MAX } from './own-marks.ts'
import type { Replacement } from './redactor.ts'
import type { RuleFamily, RuleType } from './rule.ts'

/** What is done with a match. All but the first four say something about more than its text; the text is replaced by the placeholder then, wherever that is not possible. */
export type Action =
  /** The placeholder `[REDACTED:TYPE]`. */
  | { readonly kind: 'replace' }
  /** `****1111`: the last letters and digits stay, and the domain of an e-mail address if that is asked for. */
  | { readonly kind: 'mask'; readonly keepLast: number; readonly keepDomain: boolean }
  /** `<TYPE:4fq2…>`: the same value has the same token, and nobody without the key can tell which value it was. */
  | { readonly kind: 'pseudonym' }
  /** Nothing: matches that are only counted. */
  | { readonly kind: 'keep' }
  /** The nearest attribute around it goes, key and value. */
  | { readonly kind: 'drop_attribute' }
  /** The span, log record or data point goes. */
  | { readonly kind: 'drop_item' }
  /** The whole request is refused. */
  | { readonly kind: 'block' }

export const REPLACE: Action = { kind: 'replace' }
export const maskKeepDefault = 4

/** A token for a value; the text is canonical, so that spellings of the same value have the same token. */
export type Pseudonym = (type: RuleType, text: string) => string

/** Chosen actions: the type's own goes before its family's, that before the default. */
export interface ActionTable {
  readonly default: Action
  readonly byFamily: ReadonlyMap<RuleFamily, Action>
  readonly byType: ReadonlyMap<RuleType, Action>
}

/** There are so few values of these that a token would tell which one it is, by how often it comes. */
export const lowEntropyTypes: ReadonlySet<RuleType> = new Set([
  'AGE',
  'CARD_EXPIRY',
  'CARD_LAST4',
  'COUNTRY',
  'CVV',
  'DATE_OF_BIRTH',
  'GENDER',
  'LIMIT',
  'PIN',
  'POSTAL_CODE',
])

export function actionFor(table: ActionTable, type: RuleType, family: RuleFamily | undefined): Action {
  const own = table.byType.get(type)
  const chosen = own ?? (family === undefined ? undefined : table.byFamily.get(family)) ?? table.default
  return chosen.kind === 'pseudonym' && lowEntropyTypes.has(type) ? REPLACE : chosen
}

/** Letters and digits below which a value gets no token either: whoever holds a list of all values would need no key. */
const PSEUDONYM_TEXT_MIN = 4
const decoder = new TextDecoder()

/** What the redactor puts in the place of matches. `pseudonym` must be given when an action asks for it. */
export function replacementsOf(
  actionOf: (type: RuleType) => Action,
  familyOf: (type: RuleType) => RuleFamily | undefined,
  pseudonym: Pseudonym | undefined,
): Replacement {
  return (type, text) => {
    const action = actionOf(type)
    if (action.kind === 'mask') return masked(type, text, action)
    if (action.kind !== 'pseudonym' || pseudonym === undefined) return undefined
    const canonical = canonicalText(type, familyOf(type), decoder.decode(text))
    return canonical.length < PSEUDONYM_TEXT_MIN ? undefined : pseudonym(type, canonical)
  }
}

/** Letters and digits only: whatever stands around it, a mask breaks no quotes. At most half of a value stays. */
function masked(
  type: RuleType,
  text: Uint8Array,
  { keepLast, keepDomain }: { keepLast: number; keepDomain: boolean },
): string {
  const at = keepDomain && type === 'EMAIL' ? text.lastIndexOf(0x40) : -1
  const domain = at < 0 ? '' : decoder.decode(text.subarray(at + 1))
  if (/^[A-Za-z0-9.-]{1,64}$/.test(domain)) return `${MASK}@${domain}`
  let chars = 0
  for (const byte of text) if (isLetterOrDigit(byte)) chars++
  let kept = ''
  let keep = lowEntropyTypes.has(type) ? 0 : Math.min(keepLast, MASK_KEEP_MAX, chars >> 1)
  for (let i = text.length - 1; i >= 0 && keep > 0; i--) {
    const byte = text[i] as number
    if (!isLetterOrDigit(byte)) continue
    kept = String.fromCharCode(byte) + kept
    keep--
  }
  return MASK + kept
}

const isLetterOrDigit = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
