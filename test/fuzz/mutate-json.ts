import { hostileBytes } from './hostile-bytes.ts'
import type { Random } from './random.ts'

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g
const VALUES = [
  '0 -0 -1 1e5 1E400 0.1 -9223372036854775809 18446744073709551616 01 +1 .5 1. 0x10 NaN -Infinity null true false nul [] {} [null] [[]] [ ] { } , : "',
  '"18446744073709551615" "-9223372036854775808" "1e3" "NaN" "Infinity" "STATUS_CODE_ERROR" "SPAN_KIND_CLIENT" "0102030405060708" "zz" "AAEC_-==" "a"b"',
  '"" "\\u0000" "\\ud800" "\\udc00\\ud800" "\\ud83d\\ude00" "\\x" "\\u12" /**/ \ufeff',
].flatMap((values) => values.split(' '))
const NAMES =
  'resourceSpans resource_spans scopeSpans spans attributes key value stringValue intValue doubleValue boolValue bytesValue arrayValue kvlistValue values ' +
  'traceId spanId kind status dataPoints asInt bucketCounts explicitBounds __proto__ unknown'
const names = NAMES.split(' ')

/** Changes OTLP/JSON token by token. */
export function mutateJson(random: Random, json: Buffer, seeds: readonly Buffer[], changes: number): Buffer {
  const tokens = [...tokensOf(json)]
  for (let i = 0; i < changes; i++) mutateTokens(random, tokens, seeds)
  return Buffer.concat(tokens)
}

const known = new WeakMap<Buffer, readonly Buffer[]>()

function tokensOf(json: Buffer): readonly Buffer[] {
  let tokens = known.get(json)
  if (tokens === undefined) {
    tokens = (json.toString('latin1').match(TOKEN) ?? []).map((token) => Buffer.from(token, 'latin1'))
    known.set(json, tokens)
  }
  return tokens
}

function mutateTokens(random: Random, tokens: Buffer[], seeds: readonly Buffer[]): void {
  const at = random.below(tokens.length)
  switch (random.below(10)) {
    case 0:
      tokens.splice(at, 1)
      return
    case 1:
      tokens.splice(at, 0, tokens[random.below(tokens.length)] ?? Buffer.from('{}'))
      return
    case 2:
      tokens[at] = Buffer.from(`"${random.pick(names)}"`)
      return
    case 3:
      tokens[at] = Buffer.concat([Buffer.from('"'), hostileBytes(random), Buffer.from('"')])
      return
    case 4: {
      const piece = tokens.slice(at, at + 1 + random.size(40))
      tokens.splice(random.below(tokens.length), 0, ...piece)
      return
    }
    case 5: {
      const other = tokensOf(random.pick(seeds))
      const from = random.below(other.length)
      tokens.splice(at, random.below(3), ...other.slice(from, from + 1 + random.size(60)))
      return
    }
    case 6:
      tokens[at] = nested(random, tokens[at] ?? Buffer.alloc(0))
      return
    case 7:
      tokens.splice(random.below(4) === 0 ? at : tokens.length - random.below(4))
      return
    default:
      tokens[at] = Buffer.from(random.pick(VALUES))
  }
}

function nested(random: Random, inner: Buffer): Buffer {
  const levels = random.chance(0.1) ? random.below(300) : random.below(8)
  const [before, after] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"arrayValue":{"values":[', ']}}'],
    ['{"kvlistValue":{"values":[{"key":"a","value":', '}]}}'],
  ] as const)
  return Buffer.concat([
    Buffer.from(before.repeat(levels)),
    inner,
    Buffer.from(after.repeat(random.chance(0.1) ? levels + 1 : levels)),
  ])
}
