import { messageSchema } from '../../../otlp/schema.ts'
import { ConditionError } from './condition-error.ts'
import { functionGetter } from './functions.ts'
import { parseCondition } from './parse-condition.ts'
import { getterOf, ownerOf } from './paths.ts'
import type { Context, Getter, Place } from './paths.ts'
import type { Condition, Expression } from './syntax.ts'
import { calculate, compare } from './values.ts'
import type { Value } from './values.ts'

/** Throws EvaluationError when it has no answer. */
export type Test = (place: Place) => boolean

/** A condition as a function of a place. Throws ConditionError. */
export const compileCondition = (text: string, context: Context): Test => testOf(parseCondition(text), context)

/** The innermost context that a condition names in its paths; undefined when it names none. Throws ConditionError. */
export function contextOf(text: string, innermostFirst: readonly Context[]): Context | undefined {
  const named = new Set<Context>()
  visitPaths(parseCondition(text), (context) => named.add(context))
  return innermostFirst.find((context) => named.has(context))
}

function testOf(condition: Condition, context: Context): Test {
  if (condition.kind === 'constant') return () => condition.value
  if (condition.kind === 'not') {
    const test = testOf(condition.condition, context)
    return (place) => !test(place)
  }
  if (condition.kind === 'and') {
    const tests = condition.parts.map((part) => testOf(part, context))
    return (place) => tests.every((test) => test(place))
  }
  if (condition.kind === 'or') {
    const tests = condition.parts.map((part) => testOf(part, context))
    return (place) => tests.some((test) => test(place))
  }
  if (condition.kind === 'true') {
    const getter = getterFor(condition.call, context)
    return (place) => getter(place) === true
  }
  const { operator } = condition
  const left = getterFor(condition.left, context)
  const right = getterFor(condition.right, context)
  return (place) => compare(operator, left(place), right(place))
}

function getterFor(expression: Expression, context: Context): Getter {
  const compile = (part: Expression): Getter => getterFor(part, context)
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression
      return () => value
    }
    case 'enum': {
      const value = enumValue(expression.name, expression.at)
      return () => value
    }
    case 'list': {
      const items = expression.items.map(compile)
      return (place): readonly Value[] => items.map((item) => item(place))
    }
    case 'math': {
      const { operator } = expression
      const [left, right] = [compile(expression.left), compile(expression.right)]
      return (place) => calculate(operator, left(place), right(place))
    }
    case 'path':
      return getterOf(expression, context)
    case 'call':
      return functionGetter(expression, context, compile)
  }
}

const DATA_TYPES = ['NONE', 'GAUGE', 'SUM', 'HISTOGRAM', 'EXPONENTIAL_HISTOGRAM', 'SUMMARY']
const enums = new Map<string, number>([
  ...(
    [
      ['Span', 'kind'],
      ['Status', 'code'],
      ['LogRecord', 'severityNumber'],
      ['Sum', 'aggregationTemporality'],
    ] as const
  ).flatMap(([message, field]) => Object.entries(messageSchema(message).byJsonName.get(field)?.enumNames ?? {})),
  ...DATA_TYPES.map((name, i) => [`METRIC_DATA_TYPE_${name}`, i] as const),
  ['FLAG_NONE', 0],
  ['FLAG_NO_RECORDED_VALUE', 1],
])

function enumValue(name: string, at: number): bigint {
  const value = enums.get(name)
  if (value !== undefined) return BigInt(value)
  throw new ConditionError(`${name} is no name of OTLP, such as SPAN_KIND_SERVER or STATUS_CODE_ERROR`, at)
}

function visitPaths(part: Condition | Expression, onContext: (context: Context) => void): void {
  if (part.kind === 'path') {
    const owner = ownerOf(part.segments)
    if (owner !== undefined) onContext(owner.context)
  } else if (part.kind === 'and' || part.kind === 'or') for (const one of part.parts) visitPaths(one, onContext)
  else if (part.kind === 'not') visitPaths(part.condition, onContext)
  else if (part.kind === 'true') visitPaths(part.call, onContext)
  else if (part.kind === 'call') for (const one of part.parameters) visitPaths(one, onContext)
  else if (part.kind === 'list') for (const one of part.items) visitPaths(one, onContext)
  else if (part.kind === 'compare' || part.kind === 'math') {
    visitPaths(part.left, onContext)
    visitPaths(part.right, onContext)
  }
}
