import * as fc from 'fast-check'
import type { RuleType } from '../../src/redaction/rule.ts'
import { rules } from '../../src/redaction/rules.ts'

/** A text from the documentation of a rule, with what must not get through in it. */
export interface RuleExample {
  readonly rule: RuleType
  readonly text: string
  readonly values: readonly string[]
}

/** All examples of the rules that apply by default: what a new rule claims, every fuzzer tries. */
export const ruleExamples: readonly RuleExample[] = rules
  .filter(({ isDefault = true }) => isDefault)
  .flatMap(({ type, examples }) =>
    examples.matches.map((marked) => {
      const parts = marked.split(/[«»]/)
      return { rule: type, text: parts.join(''), values: parts.filter((_, i) => i % 2 === 1) }
    }),
  )

export const anyRuleExample: fc.Arbitrary<RuleExample> = fc.constantFrom(...ruleExamples)
