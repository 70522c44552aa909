import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_SPANWARDEN_BUDGET_CLAMPED,
  ATTR_SPANWARDEN_BUDGET_OUTPUT_TOKENS,
  ATTR_SPANWARDEN_GUARD_DECISION,
  ATTR_SPANWARDEN_GUARD_RULE,
  ATTR_SPANWARDEN_LOOP_LEVEL,
} from '../../conventions.ts'
import type { GuardDecision } from '../context.ts'

/** What the guard has decided, as the call's span says it. */
export function decisionAttributes({ decision, rule, loopLevel, clampedTo }: GuardDecision): Attributes {
  const attributes: Attributes = { [ATTR_SPANWARDEN_GUARD_DECISION]: decision }
  if (rule !== undefined) attributes[ATTR_SPANWARDEN_GUARD_RULE] = rule
  if (loopLevel !== undefined) attributes[ATTR_SPANWARDEN_LOOP_LEVEL] = loopLevel
  if (clampedTo === undefined) return attributes
  return {
    ...attributes,
    [ATTR_SPANWARDEN_BUDGET_CLAMPED]: true,
    [ATTR_SPANWARDEN_BUDGET_OUTPUT_TOKENS]: clampedTo,
  }
}
