import type { RuleType } from '../../../redaction/rule.ts'
import { rules } from '../../../redaction/rules.ts'

/** Types of the rules that the names stand for: types and families, with a minus those that are left out. Names that only leave out start from the default rules. */
export function chooseRules(names: readonly string[] | undefined): readonly RuleType[] {
  const named = names?.filter((name) => !name.startsWith('-')) ?? []
  const without = new Set((names ?? []).filter((name) => name.startsWith('-')).map((name) => name.slice(1)))
  const startsFromDefault = names === undefined || (named.length === 0 && without.size > 0)
  const chosen = rules.filter(({ type, family, isDefault }) => {
    if (without.has(type) || (without.has(family) && !named.includes(type))) return false
    if (startsFromDefault) return isDefault !== false
    return named.includes(type) || (named.includes(family) && isDefault !== false)
  })
  return [...new Set(chosen.map(({ type }) => type))]
}
