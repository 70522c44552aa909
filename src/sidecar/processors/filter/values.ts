import type { OtlpView } from '../../../otlp/view.ts'
import { heldBy, scalarOf, VALUE_ARRAY, VALUE_MAP, VALUE_NONE, valueKind } from '../../../otlp/wire-value.ts'
import type { WireValue } from '../../../otlp/wire-value.ts'
import { plainJson } from '../attributes/plain-json.ts'
import type { Operator } from './syntax.ts'

/** What an expression is worth: nil, a scalar (int as bigint, double as number), a point or a length of time, a list or map on the wire. */
export type Value = undefined | string | boolean | bigint | number | Buffer | Time | Duration | Held | readonly Value[]

export class Time {
  readonly ns: bigint
  constructor(ns: bigint) {
    this.ns = ns
  }
}
export class Duration {
  readonly ns: bigint
  constructor(ns: bigint) {
    this.ns = ns
  }
}
/** A list or map that stands in the batch. */
export class Held {
  readonly view: OtlpView
  readonly node: number
  constructor(view: OtlpView, node: number) {
    this.view = view
    this.node = node
  }
  get isMap(): boolean {
    return this.wire.kind === VALUE_MAP
  }
  get wire(): WireValue {
    const { view, node } = this
    return { kind: valueKind(view.field(node)), bytes: view.bytes, start: view.body(node), end: view.end(node) }
  }
}

/** The value of a condition could not be found out. The message holds nothing of the batch. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

/** What stands in a node inside an AnyValue; -1 is nil. */
export function valueAt(view: OtlpView, node: number): Value {
  if (node < 0) return undefined
  const kind = valueKind(view.field(node))
  if (kind === VALUE_NONE) return undefined
  if (kind === VALUE_ARRAY || kind === VALUE_MAP) return new Held(view, node)
  return scalarOf({ kind, bytes: view.bytes, start: view.body(node), end: view.end(node) })
}

/** What an AnyValue node holds. */
export const valueOf = (view: OtlpView, anyValue: number): Value =>
  valueAt(view, anyValue < 0 ? -1 : heldBy(view, anyValue))

/** Values of different types are not equal, and neither is smaller. */
export function compare(operator: Operator, left: Value, right: Value): boolean {
  const order = orderOf(left, right)
  if (operator === '==') return order === 0
  if (operator === '!=') return order !== 0
  if (order === undefined || Number.isNaN(order)) return false
  if (typeof left === 'boolean' || left === undefined) return false
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

/** Below, above or 0; undefined when they can't be compared. */
function orderOf(left: Value, right: Value): number | undefined {
  if (left === undefined || right === undefined) return left === right ? 0 : undefined
  if (isNumber(left) && isNumber(right))
    return Number.isNaN(left) || Number.isNaN(right) ? undefined : sign(left, right)
  if (typeof left === 'string' && typeof right === 'string') return sign(left, right)
  if (typeof left === 'boolean' && typeof right === 'boolean') return left === right ? 0 : 1
  if (left instanceof Buffer && right instanceof Buffer) return Buffer.compare(left, right)
  if (left instanceof Time && right instanceof Time) return sign(left.ns, right.ns)
  if (left instanceof Duration && right instanceof Duration) return sign(left.ns, right.ns)
  const [leftJson, rightJson] = [jsonOf(left), jsonOf(right)]
  return leftJson !== undefined && leftJson === rightJson ? 0 : undefined
}

const isNumber = (value: Value): value is bigint | number => typeof value === 'bigint' || typeof value === 'number'
const sign = <T extends bigint | number | string>(left: T, right: T): number =>
  left < right ? -1 : left > right ? 1 : 0

function jsonOf(value: Value): string | undefined {
  if (value instanceof Held) return plainJson(value.wire)
  if (!Array.isArray(value)) return undefined
  return `[${value.map((item) => jsonOf(item) ?? JSON.stringify(typeof item === 'bigint' ? Number(item) : (item ?? null))).join(',')}]`
}

/** The text of anything that has one; undefined of nil. */
export function textOf(value: Value): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (value instanceof Held) return plainJson(value.wire)
  if (value instanceof Buffer) return value.toString('hex')
  if (value instanceof Time || value instanceof Duration) return String(value.ns)
  return Array.isArray(value) ? jsonOf(value) : String(value)
}

export function calculate(operator: string, left: Value, right: Value): Value {
  if (left instanceof Time || left instanceof Duration || right instanceof Duration)
    return ofTimes(operator, left, right)
  if (!isNumber(left) || !isNumber(right)) throw new EvaluationError(`${operator} needs numbers`)
  if (operator === '/' && Number(right) === 0) throw new EvaluationError('division by zero')
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    if (operator === '+') return BigInt.asIntN(64, left + right)
    if (operator === '-') return BigInt.asIntN(64, left - right)
    return BigInt.asIntN(64, operator === '*' ? left * right : left / right)
  }
  const [a, b] = [Number(left), Number(right)]
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  return operator === '*' ? a * b : a / b
}

function ofTimes(operator: string, left: Value, right: Value): Value {
  const isMinus = operator === '-'
  if (left instanceof Time && right instanceof Time && isMinus) return new Duration(left.ns - right.ns)
  if ((isMinus || operator === '+') && right instanceof Duration) {
    if (left instanceof Time) return new Time(isMinus ? left.ns - right.ns : left.ns + right.ns)
    if (left instanceof Duration) return new Duration(isMinus ? left.ns - right.ns : left.ns + right.ns)
  }
  throw new EvaluationError(`${operator} can't join these times`)
}
