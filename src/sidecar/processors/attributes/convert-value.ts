import { hash } from 'node:crypto'
import {
  scalarOf,
  VALUE_ARRAY,
  VALUE_DOUBLE,
  VALUE_INT,
  VALUE_MAP,
  VALUE_STRING,
  wireDouble,
  wireInt,
  wireString,
} from '../../../otlp/wire-value.ts'
import type { WireValue } from '../../../otlp/wire-value.ts'
import { plainJson } from './plain-json.ts'

const INT64_END = 2n ** 63n

/** The value as `to`; undefined when it stays as it is, because it is of that type or can't be of it. */
export function convertValue(value: WireValue, to: 'int' | 'double' | 'string'): WireValue | undefined {
  if (to === 'string') return value.kind === VALUE_STRING ? undefined : wireString(textOf(value))
  const scalar = scalarOf(value)
  if (to === 'int') return value.kind === VALUE_INT ? undefined : toInt(scalar)
  return value.kind === VALUE_DOUBLE ? undefined : toDouble(scalar)
}

/** As the stock collector prints it: bytes in base64, lists and maps as JSON. */
export function textOf(value: WireValue): string {
  if (value.kind === VALUE_ARRAY || value.kind === VALUE_MAP) return plainJson(value)
  const scalar = scalarOf(value)
  return scalar instanceof Buffer ? scalar.toString('base64') : String(scalar ?? '')
}

/**
 * Hash in hex of a text's bytes, of a boolean's byte, of eight bytes of a number, little-endian, as in the stock collector; an empty text stays empty. Of
 * bytes, lists and maps it is that of their content on the wire (there the stock collector leaves an empty text).
 */
export function hashValue(value: WireValue, algorithm: 'sha256' | 'sha1'): WireValue {
  const content = hashedBytes(value)
  return wireString(content.length === 0 ? '' : hash(algorithm, content, 'hex'))
}

function hashedBytes(value: WireValue): Buffer {
  const scalar = scalarOf(value)
  if (typeof scalar === 'boolean') return Buffer.from([scalar ? 1 : 0])
  if (typeof scalar !== 'bigint') return value.bytes.subarray(value.start, value.end)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(scalar)
  return bytes
}

type Scalar = ReturnType<typeof scalarOf>

function toInt(scalar: Scalar): WireValue | undefined {
  if (typeof scalar === 'boolean') return wireInt(scalar ? 1n : 0n)
  if (typeof scalar === 'number') return Math.abs(scalar) < 2 ** 63 ? wireInt(BigInt(Math.trunc(scalar))) : undefined
  if (typeof scalar !== 'string' || !/^[+-]?\d{1,19}$/.test(scalar)) return undefined
  const value = BigInt(scalar.replace(/^\+/, ''))
  return value >= -INT64_END && value < INT64_END ? wireInt(value) : undefined
}

function toDouble(scalar: Scalar): WireValue | undefined {
  if (typeof scalar === 'boolean') return wireDouble(scalar ? 1 : 0)
  if (typeof scalar === 'bigint') return wireDouble(Number(scalar))
  if (typeof scalar !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(scalar)) return undefined
  const value = Number(scalar)
  return Number.isFinite(value) ? wireDouble(value) : undefined
}
