import { ATTR_GEN_AI_RESPONSE_FINISH_REASONS } from '../../../conventions.ts'
import {
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
} from '../../../conventions.ts'
import type { AttributeContent } from './attribute-value.ts'
import { convert, OPERATION_NAME, SAME } from './convert.ts'
import type { Converted, NewValue } from './convert.ts'
import { documentsOf } from './documents.ts'
import { unflatten } from './flattened.ts'
import { isObject } from './fields.ts'
import { toJson } from './json-text.ts'
import { messageOf } from './messages.ts'
import { parametersOf } from './parameters.ts'
import type { Family, Rule, RuleSet } from './rule-set.ts'
import { isSame, SpanDraft } from './span-draft.ts'
import type { SpanAttributes } from './span-draft.ts'
import { definitionsOf } from './tool-definitions.ts'
import { usageOf } from './usage.ts'

/** What becomes of the attributes of a span of a dialect. */
export function normalizeSpan(attributes: SpanAttributes, ruleSet: RuleSet): SpanDraft {
  const draft = new SpanDraft(attributes)
  const found = matching(attributes, ruleSet)
  // What a span is decides what its other names mean.
  for (const { index, rule } of found) if (rule.to === OPERATION_NAME) apply(draft, rule, index, '')
  const operation = String(draft.current(OPERATION_NAME) ?? '')
  for (const family of ruleSet.families) applyFamily(draft, family)
  for (const { index, rule } of found) {
    if (rule.to === OPERATION_NAME || rule.as === 'answer') continue
    apply(draft, rule, index, operation)
  }
  applyAnswer(draft, found)
  if (!draft.isEmpty) totalInput(draft)
  return draft
}

interface Match {
  readonly index: number
  readonly rule: Rule & { readonly order: number }
}

/** In the order of the rules; of a name that is there twice the last one first. */
function matching({ keys }: SpanAttributes, { rules }: RuleSet): Match[] {
  const found: Match[] = []
  for (let index = keys.length - 1; index >= 0; index--) {
    for (const rule of rules.get(keys[index] ?? '') ?? []) found.push({ index, rule })
  }
  return found.sort((a, b) => a.rule.order - b.rule.order)
}

function apply(draft: SpanDraft, rule: Rule, index: number, operation: string): void {
  if (!draft.isOpen(index)) return
  if (rule.when.length > 0 && !rule.when.includes(operation)) return
  if (rule.beside !== undefined && !draft.came(rule.beside)) return
  // Messages are not compared: it takes long, and they are seldom written in the same way twice.
  if ((rule.as === 'input' || rule.as === 'output') && draft.has(rule.to) && !rule.overwrite) return
  const raw = draft.attributes.read(index)
  if (rule.as === 'parameters') return addAll(draft, parametersOf(raw))
  if (rule.as === 'usage') return addAll(draft, usageOf(raw))
  const converted = converting(() => convert(rule, raw))
  if (converted === undefined) return
  if (rule.as === 'uncached') return addUncached(draft, rule, index, raw)
  place(draft, rule, [index], converted)
}

/** A value that can't be worked through, such as one that is nested too deep, stays what it is. */
function converting<T>(work: () => T | undefined): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Puts what was made of some attributes under its new name. What is there already wins, and so does what came first. */
function place(
  draft: SpanDraft,
  { to, keep, overwrite }: Rule | Family,
  from: readonly number[],
  value: Exclude<Converted, undefined>,
): void {
  const [first] = from
  const content = value === SAME ? draft.attributes.read(first ?? -1) : value
  const isTaken = draft.has(to)
  // LangSmith writes some of its own words under the name of today as well.
  const isUntranslated = isTaken && value !== SAME && isSame(draft.current(to), draft.attributes.read(first ?? -1))
  if (isTaken && !((overwrite || isUntranslated) && draft.came(to))) {
    if (!keep && isSame(draft.current(to), content)) for (const index of from) draft.remove(index)
    return
  }
  if (isTaken) draft.clear(to)
  if (value !== SAME) draft.set(to, value)
  else if (first !== undefined && keep) draft.copy(first, to)
  else if (first !== undefined) return draft.rename(first, to)
  if (!keep) for (const index of from) draft.remove(index)
}

/** What one JSON holds of many names; it stays, since it has more. */
function addAll(draft: SpanDraft, values: ReadonlyMap<string, NewValue>): void {
  for (const [key, value] of values) if (!draft.has(key)) draft.set(key, value)
}

function applyFamily(draft: SpanDraft, family: Family): void {
  const { prefix, without } = family
  const { keys } = draft.attributes
  const members: { index: number; path: string; value: AttributeContent }[] = []
  for (const [index, key] of keys.entries()) {
    if (key.startsWith(prefix) && draft.isOpen(index))
      members.push({ index, path: key.slice(prefix.length), value: draft.attributes.read(index) })
  }
  if (members.length === 0) return
  const { list, used } = unflatten(members, without)
  const items = list.filter(isObject)
  // Something stands among the objects that is none: all stay.
  if (items.length === 0 || items.length !== list.length) return
  const made = converting(() => familyValue(family, items))
  if (made === undefined) return
  const { value, finishReasons } = made
  place(draft, family, used, value)
  if (finishReasons.length > 0 && !draft.has(ATTR_GEN_AI_RESPONSE_FINISH_REASONS))
    draft.set(ATTR_GEN_AI_RESPONSE_FINISH_REASONS, finishReasons)
}

interface FamilyValue {
  readonly value: string
  readonly finishReasons: readonly string[]
}

function familyValue({ as }: Family, items: readonly Record<string, unknown>[]): FamilyValue | undefined {
  if (as === 'documents') return { value: toJson(documentsOf(items)), finishReasons: [] }
  if (as === 'definitions') {
    const tools = definitionsOf(items)
    return Array.isArray(tools) ? { value: toJson(tools), finishReasons: [] } : undefined
  }
  const messages = items.map((item) => messageOf(item, as === 'input' ? 'input' : 'output'))
  const reasons = as === 'output' ? messages.map((message) => message['finish_reason']) : []
  const isWhole = reasons.every((reason) => typeof reason === 'string' && reason !== '')
  return { value: toJson(messages), finishReasons: isWhole ? reasons.map(String) : [] }
}

/** The parts of one answer stand in several attributes: `ai.response.text`, `ai.response.toolCalls`, … */
function applyAnswer(draft: SpanDraft, found: readonly Match[]): void {
  const answers = found.filter(({ index, rule }) => rule.as === 'answer' && draft.isOpen(index))
  const parts: Record<string, AttributeContent> = {}
  const from: number[] = []
  for (const { index, rule } of answers) {
    const name = rule.from.slice(rule.from.lastIndexOf('.') + 1)
    const content = draft.attributes.read(index)
    if (typeof content !== 'string' || content === '' || name in parts) continue
    parts[name] = content
    from.push(index)
  }
  const rule = answers[0]?.rule
  if (rule === undefined || from.length === 0) return
  const { text, object, ...rest } = parts
  const content = [text, object].filter((part) => part !== undefined).map((part) => ({ type: 'text', text: part }))
  const message = converting(() => toJson([messageOf({ content, ...rest }, 'output')]))
  if (message !== undefined) place(draft, rule, from, message)
}

/** Input tokens without those of a cache: the conventions count them in. The count that came stays, since it is another one. */
function addUncached(draft: SpanDraft, rule: Rule, index: number, raw: AttributeContent): void {
  if (draft.has(rule.to)) return
  const cached = cachedInput(draft)
  if (cached === 0n || typeof raw !== 'bigint') return place(draft, rule, [index], SAME)
  draft.set(rule.to, raw + cached)
}

/**
 * Anthropic's API counts tokens from and to a cache apart. Some hand that on as the total; where the parts are more than the total, it is certain.
 */
function totalInput(draft: SpanDraft): void {
  if (draft.current(ATTR_GEN_AI_PROVIDER_NAME) !== GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC) return
  const input = draft.current(ATTR_GEN_AI_USAGE_INPUT_TOKENS)
  const cached = cachedInput(draft)
  if (typeof input !== 'bigint' || input < 0n || cached <= input) return
  draft.set(ATTR_GEN_AI_USAGE_INPUT_TOKENS, input + cached)
}

function cachedInput(draft: SpanDraft): bigint {
  const counts = [ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS].map((key) =>
    draft.current(key),
  )
  return counts.reduce<bigint>((sum, count) => (typeof count === 'bigint' && count > 0n ? sum + count : sum), 0n)
}
