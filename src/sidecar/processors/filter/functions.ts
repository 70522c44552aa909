import { childrenOf, ROLE_DATA, ROLE_POINT } from '../../../otlp/roles.ts'
import { fieldId } from '../../../otlp/schema.ts'
import { lastChild } from '../../../otlp/roles.ts'
import { valueNodeOf } from '../../../otlp/wire-value.ts'
import { PatternError, textPattern } from '../attributes/regex.ts'
import { durationMs } from '../../config-types.ts'
import { ConditionError } from './condition-error.ts'
import { attributeNode } from './paths.ts'
import type { Context, Getter, Place } from './paths.ts'
import type { Call, Expression } from './syntax.ts'
import { compare, Duration, EvaluationError, Held, textOf, Time, valueAt, valueOf } from './values.ts'
import type { Value } from './values.ts'

interface Definition {
  readonly parameters: number
  /** Where it can be used; everywhere without it. */
  readonly contexts?: readonly Context[]
  make(getters: readonly Getter[], call: Call): Getter
}

const one = (apply: (value: Value) => Value): Definition => ({
  parameters: 1,
  make:
    ([first = nil]) =>
    (place) =>
      apply(first(place)),
})
const two = (apply: (a: Value, b: Value) => Value): Definition => ({
  parameters: 2,
  make:
    ([first = nil, second = nil]) =>
    (place) =>
      apply(first(place), second(place)),
})
const nil: Getter = () => undefined

/** Lengths of time in nanoseconds. */
const per = (unit: number): Definition =>
  one((value) => {
    if (!(value instanceof Duration)) throw new EvaluationError('a length of time is needed')
    return unit < 60_000_000_000 && unit !== 1_000_000_000 ? value.ns / BigInt(unit) : Number(value.ns) / unit
  })
const unix = (unit: bigint): Definition =>
  one((value) => {
    if (!(value instanceof Time)) throw new EvaluationError('a time is needed')
    return value.ns / unit
  })

const FUNCTIONS: Readonly<Record<string, Definition>> = {
  IsMatch: { parameters: 2, make: isMatch },
  IsString: one((value) => typeof value === 'string'),
  IsBool: one((value) => typeof value === 'boolean'),
  IsInt: one((value) => typeof value === 'bigint'),
  IsDouble: one((value) => typeof value === 'number'),
  IsMap: one((value) => value instanceof Held && value.isMap),
  IsList: one((value) => Array.isArray(value) || (value instanceof Held && !value.isMap)),
  HasPrefix: two((text, part) => stringOf(text).startsWith(stringOf(part))),
  HasSuffix: two((text, part) => stringOf(text).endsWith(stringOf(part))),
  Len: one(lengthOf),
  ToLowerCase: one((value) => stringOf(value).toLowerCase()),
  ToUpperCase: one((value) => stringOf(value).toUpperCase()),
  Trim: one((value) => stringOf(value).replaceAll(/^ +| +$/g, '')),
  String: one(textOf),
  Int: one(intOf),
  Double: one(doubleOf),
  Concat: two((items, delimiter) =>
    itemsOf(items)
      .map((item) => textOf(item) ?? '')
      .join(stringOf(delimiter)),
  ),
  ContainsValue: two((items, value) => itemsOf(items).some((item) => compare('==', item, value))),
  Substring: { parameters: 3, make: substring },
  Duration: one((value) => {
    const ms = durationMs(stringOf(value))
    if (ms === undefined) throw new EvaluationError('no length of time')
    return new Duration(BigInt(Math.round(ms * 1e6)))
  }),
  Nanoseconds: per(1),
  Microseconds: per(1_000),
  Milliseconds: per(1_000_000),
  Seconds: per(1_000_000_000),
  Minutes: per(60_000_000_000),
  Hours: per(3_600_000_000_000),
  UnixNano: unix(1n),
  UnixMicro: unix(1_000n),
  UnixMilli: unix(1_000_000n),
  UnixSeconds: unix(1_000_000_000n),
  IsRootSpan: { parameters: 0, contexts: ['span', 'spanevent'], make: () => isRootSpan },
  HasAttrKeyOnDatapoint: { parameters: 1, contexts: ['metric'], make: (_, call) => hasAttribute(literalText(call, 0)) },
  HasAttrOnDatapoint: {
    parameters: 2,
    contexts: ['metric'],
    make: (_, call) => hasAttribute(literalText(call, 0), literalText(call, 1)),
  },
}

/** Throws ConditionError for a function that is not known, or not so. */
export function functionGetter(call: Call, context: Context, compile: (part: Expression) => Getter): Getter {
  const { name, parameters, at } = call
  const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (definition === undefined) {
    const known = Object.keys(FUNCTIONS).sort().join(', ')
    throw new ConditionError(
      `there is no function ${name} here, only ${known}; for others send to a stock collector and filter there`,
      at,
    )
  }
  if (parameters.length !== definition.parameters) {
    throw new ConditionError(`${name} takes ${definition.parameters} values, not ${parameters.length}`, at)
  }
  if (definition.contexts?.includes(context) === false) {
    throw new ConditionError(`${name} can be used for ${definition.contexts.join(' and ')} only`, at)
  }
  return definition.make(parameters.map(compile), call)
}

function literalText({ name, parameters, at }: Call, index: number): string {
  const parameter = parameters[index]
  if (parameter?.kind === 'literal' && typeof parameter.value === 'string') return parameter.value
  throw new ConditionError(
    `${name} needs a string in double quotes as its ${index === 0 ? 'first' : 'second'} value`,
    parameter?.at ?? at,
  )
}

function isMatch([target = nil]: readonly Getter[], call: Call): Getter {
  const text = literalText(call, 1)
  try {
    const pattern = textPattern(text)
    return (place) => {
      const value = textOf(target(place))
      return value !== undefined && pattern.test(value)
    }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw new ConditionError(error.message, call.parameters[1]?.at ?? call.at)
  }
}

function substring([text = nil, start = nil, length = nil]: readonly Getter[]): Getter {
  return (place) => {
    const bytes = Buffer.from(stringOf(text(place)))
    const [from, count] = [Number(start(place)), Number(length(place))]
    if (!(from >= 0 && count >= 0 && from + count <= bytes.length)) throw new EvaluationError('outside of the text')
    return bytes.toString('utf8', from, from + count)
  }
}

function stringOf(value: Value): string {
  if (typeof value !== 'string') throw new EvaluationError('a string is needed')
  return value
}

function lengthOf(value: Value): Value {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  return value instanceof Buffer ? BigInt(value.length) : BigInt(itemsOf(value).length)
}

function itemsOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value
  if (!(value instanceof Held)) throw new EvaluationError('a list or map is needed')
  const { view, node, isMap } = value
  const items: Value[] = []
  for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c))
    items.push(isMap ? valueAt(view, valueNodeOf(view, c)) : valueOf(view, c))
  return items
}

function intOf(value: Value): Value {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number' && Math.abs(value) < 2 ** 63) return BigInt(Math.trunc(value))
  return typeof value === 'string' && /^[+-]?\d{1,18}$/.test(value) ? BigInt(value.replace('+', '')) : undefined
}

function doubleOf(value: Value): Value {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : undefined
}

const PARENT = fieldId('Span', 'parentSpanId')
const isRootSpan = ({ view, span }: Place): boolean => {
  const parent = span < 0 ? -1 : lastChild(view, span, PARENT)
  return parent < 0 || view.content(parent).every((byte) => byte === 0)
}

/** Whether a data point of the metric has the attribute. */
function hasAttribute(key: string, text?: string): Getter {
  const wanted = Buffer.from(key)
  return ({ view, metric }) => {
    for (const data of metric < 0 ? [] : childrenOf(view, metric, ROLE_DATA)) {
      for (const point of childrenOf(view, data, ROLE_POINT)) {
        const node = attributeNode(view, point, wanted)
        if (node >= 0 && (text === undefined || valueAt(view, valueNodeOf(view, node)) === text)) return true
      }
    }
    return false
  }
}
