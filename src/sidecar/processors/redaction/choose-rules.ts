import type { RuleType } from '../../../redaction/rule.ts'
import { rules } from '../../../redaction/rules.ts'

/**
 * Types of the rules that the names stand for: types and families, alone exactly these. With `+` they are added to the default rules, with `-` left out of these or of
 * the families that are named; a family that is added brings its rules that are off by default along.
 */
export function chooseRules(names: readonly string[] | undefined): readonly RuleType[] {
  const { plain, added, without } = split(names ?? [])
  const startsFromDefault = plain.size === 0 && (names === undefined || added.size > 0 || without.size > 0)
  const chosen = rules.filter(({ type, family, isDefault }) => {
    if (added.has(type) || plain.has(type)) return !without.has(type)
    if (without.has(type) || without.has(family)) return false
    if (added.has(family)) return true
    return (startsFromDefault || plain.has(family)) && isDefault !== false
  })
  return [...new Set(chosen.map(({ type }) => type))]
}

/** What is wrong with a list of known names; undefined when nothing is. */
export function namesProblem(names: readonly string[]): string | undefined {
  const { plain, added, without } = split(names)
  if (plain.size === 0) return undefined
  const [first = ''] = plain
  if (added.size > 0)
    return `+${[...added][0]} adds to the default rules, ${first} alone is that rule and no other: write +${first}, or leave the plus away`
  const idle = [...without].find((name) => !rules.some((rule) => named(rule, name) && named(rule, plain)))
  return idle === undefined
    ? undefined
    : `-${idle} leaves nothing out of ${[...plain].join(', ')}: write +${first} for the default rules and ${first}`
}

const named = ({ type, family }: { type: string; family: string }, names: string | ReadonlySet<string>): boolean =>
  typeof names === 'string' ? type === names || family === names : names.has(type) || names.has(family)

/** The name without its sign. */
export const bareName = (name: string): string => name.replace(/^[-+]/, '')

function split(names: readonly string[]): Record<'plain' | 'added' | 'without', ReadonlySet<string>> {
  const of = (sign: string): ReadonlySet<string> => new Set(names.filter((name) => name.startsWith(sign)).map(bareName))
  return { plain: new Set(names.filter((name) => bareName(name) === name)), added: of('+'), without: of('-') }
}
