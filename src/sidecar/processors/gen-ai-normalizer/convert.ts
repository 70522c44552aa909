import type { AttributeContent } from './attribute-value.ts'
import { definitionsOf } from './tool-definitions.ts'
import { OPERATIONS } from './dialects.gen.ts'
import { parseJson, toJson } from './json-text.ts'
import { messagesOf } from './messages.ts'
import type { Rule } from './rule-set.ts'

/** A value under its new name; `SAME` = as it is on the wire; undefined = it can't be read as what the new name holds. */
export const SAME = Symbol('same')
export type Converted = NewValue | typeof SAME | undefined
export type NewValue = string | number | bigint | boolean | readonly string[]

const operations = new Set(OPERATIONS)

export function convert(rule: Rule, value: AttributeContent): Converted {
  if (value === undefined) return undefined
  const mapped = typeof value === 'string' ? rule.values?.get(value.toLowerCase()) : undefined
  if (mapped !== undefined) return mapped === value ? SAME : mapped
  // An operation that is none of ours is left in its own words.
  if (rule.to === OPERATION_NAME) return typeof value === 'string' && operations.has(value) ? SAME : undefined
  switch (rule.as) {
    case 'input':
    case 'output':
      return asText(messagesOf(value, rule.as))
    case 'definitions':
      return asText(definitionsOf(value))
    case 'milliseconds':
      return isNumber(value) ? Number(value) / 1000 : undefined
    default:
      return coerced(rule.type, value)
  }
}

export const OPERATION_NAME = 'gen_ai.operation.name'

const isNumber = (value: AttributeContent): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))

function asText(list: readonly unknown[] | 'same' | undefined): Converted {
  if (list === undefined || list === 'same') return list === undefined ? undefined : SAME
  return toJson(list)
}

function coerced(type: Rule['type'], value: Exclude<AttributeContent, undefined>): Converted {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return SAME
      return isNumber(value) || typeof value === 'boolean' ? String(value) : undefined
    case 'int':
      if (typeof value === 'bigint') return SAME
      if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
      return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined
    case 'double':
      if (isNumber(value)) return SAME
      return typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : undefined
    case 'boolean':
      if (typeof value === 'boolean') return SAME
      return value === 'true' || value === 'false' ? value === 'true' : undefined
    case 'string[]':
      return textList(value)
    case 'any':
      return SAME
  }
}

function textList(value: Exclude<AttributeContent, undefined>): Converted {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? SAME : undefined
  if (typeof value !== 'string' || value === '') return undefined
  const list = parseJson(value)
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list
  return [value]
}
