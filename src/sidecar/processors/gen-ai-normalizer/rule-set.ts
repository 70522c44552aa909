import { CANONICAL_VALUES, WIRE_KEYS } from '../../../conventions.ts'
import type { Conversion, TargetType } from './dialect.ts'
import { DIALECTS, TARGET_TYPES } from './dialects.gen.ts'

/** What becomes of one old name. */
export interface Rule {
  readonly from: string
  readonly to: string
  readonly when: readonly string[]
  readonly as?: Conversion | undefined
  readonly beside?: string | undefined
  readonly type: TargetType
  /** In lower case: value → value of today. */
  readonly values: ReadonlyMap<string, string> | undefined
  /** The old attribute stays. */
  readonly keep: boolean
  /** It wins over what is there. */
  readonly overwrite: boolean
}

export interface Family {
  readonly prefix: string
  readonly to: string
  readonly as: Conversion
  readonly without: ReadonlySet<string>
  readonly keep: boolean
  readonly overwrite: boolean
}

export interface RuleSet {
  /** By old name, in the order in which they are asked. */
  readonly rules: ReadonlyMap<string, readonly (Rule & { readonly order: number })[]>
  readonly families: readonly Family[]
  /** By wire key id (conventions.ts): 1 = a name of one of the dialects. */
  readonly isForeign: Uint8Array
  /** Whether messages in events of spans, as OpenTelemetry once had them, become attributes, and whether these events stay. */
  readonly foldsEvents: boolean
  readonly keepsEvents: boolean
  /** Names that are not in conventions.ts. */
  readonly ownKeys: readonly string[]
}

/** One dialect, or names of the user's own, with its settings. */
export interface Source {
  readonly dialect?: string
  readonly mappings: Readonly<Record<string, string>>
  /** By the name that they stand under: a new one, or an old one of `mappings`. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly keep: boolean
  readonly overwrite: boolean
}

const EVENTS_DIALECT = 'otel'

export const DIALECT_IDS: readonly string[] = DIALECTS.map(({ id }) => id)

/** The rules of these sources; those of the first come first. */
export function ruleSetOf(sources: readonly Source[]): RuleSet {
  const all: Rule[] = []
  const families: Family[] = []
  const markers: string[] = []
  for (const { dialect, mappings, values, keep, overwrite } of sources) {
    const known = DIALECTS.find(({ id }) => id === dialect)
    const valuesOf = (from: string, to: string): ReadonlyMap<string, string> | undefined =>
      valueMap({ ...CANONICAL_VALUES[to], ...known?.values[to], ...values[to], ...values[from] })
    for (const [from, to] of Object.entries(mappings))
      all.push({ from, to, when: [], type: TARGET_TYPES[to] ?? 'any', values: valuesOf(from, to), keep, overwrite })
    if (known === undefined) continue
    for (const { from, to, when, as, beside } of known.attributes) {
      if (from in mappings) continue
      all.push({
        from,
        to,
        when,
        as,
        beside,
        type: TARGET_TYPES[to] ?? 'any',
        values: valuesOf(from, to),
        keep,
        overwrite,
      })
    }
    families.push(...known.families.map((family) => ({ ...family, without: new Set(family.without), keep, overwrite })))
    markers.push(...known.markers)
  }
  const rules = new Map<string, (Rule & { readonly order: number })[]>()
  for (const [order, rule] of all.entries()) rules.set(rule.from, [...(rules.get(rule.from) ?? []), { ...rule, order }])
  const foreign = new Set([...rules.keys(), ...markers])
  return {
    rules,
    families,
    foldsEvents: sources.some(({ dialect }) => dialect === EVENTS_DIALECT),
    keepsEvents: sources.some(({ dialect, keep }) => dialect === EVENTS_DIALECT && keep),
    isForeign: Uint8Array.from([0, ...WIRE_KEYS.map((key) => (foreign.has(key) ? 1 : 0))]),
    ownKeys: [...new Set(sources.flatMap(({ mappings }) => Object.keys(mappings)))].filter(
      (key) => !WIRE_KEYS.includes(key),
    ),
  }
}

function valueMap(values: Readonly<Record<string, string>>): ReadonlyMap<string, string> | undefined {
  const entries = Object.entries(values)
  return entries.length === 0 ? undefined : new Map(entries.map(([from, to]) => [from.toLowerCase(), to]))
}
