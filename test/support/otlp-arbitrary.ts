import {
  array,
  bigInt,
  boolean,
  constantFrom,
  double,
  integer,
  nat,
  oneof,
  record,
  string,
  uint8Array,
} from 'fast-check'
import type { Arbitrary } from 'fast-check'
import protobuf from 'protobufjs'
import { otlpTypes } from './otlp-reflection.ts'
import type { OtlpMessage, OtlpValue } from './otlp-reflection.ts'

type Signal = keyof typeof otlpTypes

/** Whole requests of a signal, every field of OTLP among them, with hostile strings and numbers at the ends of their ranges. */
export const otlpRequest = (signal: Signal): Arbitrary<OtlpMessage> => message(otlpTypes[signal], 0)

/** Texts that break parsers: quotes, escapes, control characters, characters of every length in UTF-8. Well-formed. */
export const hostileText: Arbitrary<string> = oneof(
  { weight: 4, arbitrary: string({ unit: 'binary', maxLength: 12 }) },
  { weight: 2, arbitrary: string({ maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: array(
      constantFrom(
        '"',
        '\\',
        '\\u0041',
        '\n',
        '\0',
        '\u007f',
        '\u0080',
        '\u2028',
        'é',
        '漢',
        '😀',
        '\ufffd',
        '}',
        '{"a":[1]}',
        ' ',
      ),
      { maxLength: 12 },
    ).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: nat({ max: 400 }).map((size) => 'x'.repeat(size)) },
)

const DEPTH_MAX = 8
const made = new Map<string, Arbitrary<OtlpMessage>>()

function message(type: protobuf.Type, depth: number): Arbitrary<OtlpMessage> {
  const key = `${type.name} ${depth}`
  const known = made.get(key)
  if (known !== undefined) return known
  const oneofs = type.oneofsArray.filter((group) => group.fieldsArray.length > 1)
  const single = type.fieldsArray.filter((field) => !oneofs.some((group) => group.fieldsArray.includes(field)))
  const model: Record<string, Arbitrary<OtlpValue>> = {}
  for (const field of single) if (depth < DEPTH_MAX || !isMessage(field)) model[field.name] = values(field, depth)
  let result = record(model, { requiredKeys: [] }) as Arbitrary<OtlpMessage>
  for (const group of oneofs) {
    const members = group.fieldsArray.filter((field) => depth < DEPTH_MAX || !isMessage(field))
    const chosen = members.map((field) => values(field, depth).map((value): OtlpMessage => ({ [field.name]: value })))
    const choice = oneof(record({}), ...chosen)
    result = record({ rest: result, choice }).map(({ rest, choice: member }) => ({ ...rest, ...member }))
  }
  made.set(key, result)
  return result
}

const isMessage = (field: protobuf.Field): boolean => field.resolve().resolvedType instanceof protobuf.Type

function values(field: protobuf.Field, depth: number): Arbitrary<OtlpValue> {
  const one = value(field, depth)
  // An empty array is no field at all on the wire.
  return field.repeated ? array(one, { minLength: 1, maxLength: depth < 4 ? 3 : 2 }) : one
}

function value(field: protobuf.Field, depth: number): Arbitrary<OtlpValue> {
  const { resolvedType } = field.resolve()
  if (resolvedType instanceof protobuf.Type) return message(resolvedType, depth + 1)
  if (resolvedType !== null) return constantFrom(...Object.values(resolvedType.values))
  switch (field.type) {
    case 'string':
      return hostileText
    case 'bytes':
      return bytes(field.name)
    case 'bool':
      return boolean()
    case 'double':
      return oneof(double(), integer(), constantFrom(0.1, -0, 1e21, 5e-324, 1.7976931348623157e308))
    case 'int64':
    case 'sfixed64':
      return bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
    case 'uint64':
    case 'fixed64':
      return bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
    case 'uint32':
    case 'fixed32':
      return integer({ min: 0, max: 0xffffffff })
    default:
      return integer()
  }
}

function bytes(name: string): Arbitrary<Buffer> {
  const size = name === 'traceId' ? 16 : 8
  const id = oneof(uint8Array({ minLength: size, maxLength: size }), uint8Array({ maxLength: 0 }))
  return (name.endsWith('Id') ? id : uint8Array({ maxLength: 30 })).map((content) => Buffer.from(content))
}

/** The bytes that protobufjs makes of a request. */
export const encodeIndependently = (signal: Signal, request: OtlpMessage): Buffer =>
  Buffer.from(otlpTypes[signal].encode(otlpTypes[signal].fromObject(request)).finish())

/**
 * OTLP/JSON text of a request in one of the many ways to write it: names in camelCase or snake_case, integers bare or quoted, with a
 * fraction or an exponent, enums by number or name, ids in upper or lower case, both base64 alphabets, escapes, white space,
 * absent fields as null, unknown fields. `picks` decides.
 */
export function otlpJson(signal: Signal, request: OtlpMessage, picks: readonly number[]): string {
  let at = 0
  const pick = (ways: number): number => (picks.length === 0 ? 0 : (picks[at++ % picks.length] as number) % ways)
  const space = (): string => ['', '', ' ', '\n\t'][pick(4)] ?? ''
  const object = (type: protobuf.Type, model: OtlpMessage): string => {
    const parts = Object.entries(model).map(([name, inner]) => {
      const field = type.fields[name]
      if (field === undefined) throw new Error(`${type.name} has no field ${name}`)
      const text = Array.isArray(inner)
        ? `[${space()}${inner.map((element) => scalar(field.resolve(), element) + space()).join(',')}]`
        : scalar(field.resolve(), inner)
      return `"${nameOf(name)}"${space()}:${space()}${text}`
    })
    const absent = Object.keys(type.fields).find((name) => !(name in model))
    if (pick(5) === 1 && absent !== undefined) parts.push(`"${absent}":null`)
    if (pick(6) === 1) parts.unshift('"unknown":{"a":[1,{"b":"\\"}"}],"c":null,"d":-1.5e3}')
    return `{${space()}${parts.join(`${space()},${space()}`)}${space()}}`
  }
  const nameOf = (name: string): string =>
    pick(4) === 1 ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name
  const scalar = (field: protobuf.Field, inner: OtlpValue): string => {
    const { resolvedType } = field
    if (resolvedType instanceof protobuf.Type) return object(resolvedType, inner as OtlpMessage)
    if (resolvedType !== null) {
      const named = Object.entries(resolvedType.values).find(([, number]) => number === inner)?.[0]
      return [`${String(inner)}`, `"${named}"`, `"${String(inner)}"`][pick(3)] ?? ''
    }
    if (Buffer.isBuffer(inner)) return `"${bytesText(field.name, inner)}"`
    if (field.type === 'string') return pick(4) === 1 ? escapedText(String(inner)) : JSON.stringify(inner)
    if (field.type === 'bool') return String(inner)
    if (field.type === 'double') return doubleText(Number(inner))
    return integerText(String(inner))
  }
  const bytesText = (name: string, inner: Buffer): string => {
    if (name.endsWith('Id')) return pick(2) === 1 ? inner.toString('hex').toUpperCase() : inner.toString('hex')
    return (
      [inner.toString('base64'), inner.toString('base64url'), inner.toString('base64').replaceAll('/', '\\/')][
        pick(3)
      ] ?? ''
    )
  }
  const doubleText = (inner: number): string => {
    const text = Object.is(inner, -0) ? '-0' : String(inner)
    return pick(4) === 1 || !Number.isFinite(inner) ? `"${text}"` : text
  }
  const integerText = (text: string): string =>
    [`"${text}"`, text, `${text}.0`, `"${text}e0"`, /^-?[1-9]\d*0$/.test(text) ? `${text.slice(0, -1)}E+1` : text][
      pick(5)
    ] ?? text
  const escapedText = (text: string): string =>
    `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
  return space() + object(otlpTypes[signal], request) + space()
}
