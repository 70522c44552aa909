/**
 * What two calls, or two results, are compared by: a number of 53 bits, so that a history holds no text. Equal texts give equal signatures; unequal ones
 * give the same once in 2^53.
 */
export type Signature = number

/** Characters of a text that count; of a longer one its beginning and its end. */
export const SIGNATURE_CHARACTERS_MAX = 16_384
/** Keys and elements of arguments that count. */
const NODES_MAX = 2_000

/** Of a tool and its arguments: objects with the same keys and values are the same, whatever their order. `volatileKeys` do not count: request ids, times. */
export function callSignature(tool: string, args: unknown, volatileKeys: ReadonlySet<string> = NO_KEYS): Signature {
  return hash(bounded(canonical(args, volatileKeys)), hash(tool, 1))
}

/** Of what a tool returned, without what differs from one time to the next although nothing has changed: times, ids, addresses, durations. */
export function resultSignature(result: unknown): Signature {
  const value = typeof result === 'string' ? (parsed(result) ?? result) : result
  return hash(steady(bounded(typeof value === 'string' ? value : canonical(value, NO_KEYS, VOLATILE_RESULT))), 2)
}

/** Of how a tool failed: the class of the error and its message, without numbers. */
export function errorSignature(name: string, message: string): Signature {
  return hash(`${name}\n${steady(bounded(message)).replaceAll(/\d+/g, '0')}`, 3)
}

const NO_KEYS: ReadonlySet<string> = new Set()
/** Keys of results whose values differ every time. */
const VOLATILE_RESULT = /(?:^|[_-])(?:id|uuid|token|timestamp|cursor|etag|nonce)$|(?:Id|Token|Timestamp|Cursor)$/

function bounded(text: string): string {
  if (text.length <= SIGNATURE_CHARACTERS_MAX) return text
  const half = SIGNATURE_CHARACTERS_MAX / 2
  return text.slice(0, half) + text.slice(-half)
}

/** JSON with sorted keys. A text that is JSON counts as what it says. */
function canonical(value: unknown, without: ReadonlySet<string>, pattern?: RegExp): string {
  let nodes = 0
  const write = (item: unknown): string => {
    if (++nodes > NODES_MAX) return '…'
    if (typeof item === 'string') return JSON.stringify(item.length > SIGNATURE_CHARACTERS_MAX ? bounded(item) : item)
    if (typeof item !== 'object' || item === null) return typeof item === 'bigint' ? `${item}n` : String(item)
    if (Array.isArray(item)) return `[${item.slice(0, NODES_MAX).map(write).join()}]`
    const keys = Object.keys(item).sort()
    const kept = keys.filter((key) => !without.has(key) && pattern?.test(key) !== true)
    return `{${kept.map((key) => `${JSON.stringify(key)}:${write(Reflect.get(item, key))}`).join()}}`
  }
  return write(typeof value === 'string' ? (parsed(value) ?? value) : value)
}

function parsed(text: string): unknown {
  const first = text.trimStart()[0]
  if ((first !== '{' && first !== '[') || text.length > SIGNATURE_CHARACTERS_MAX * 4) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Times, ids, addresses and durations become signs. Every pattern begins with a digit or a border and is bounded: one pass each. */
function steady(text: string): string {
  return text
    .replaceAll(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>')
    .replaceAll(/\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\b/g, '<clock>')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>')
    .replaceAll(/\b0x[0-9a-f]{4,16}\b/gi, '<address>')
    .replaceAll(/\b\d{1,9}(?:\.\d{1,9})? ?(?:ns|\u00b5s|us|ms|s|sec|secs|seconds|min|minutes)\b/g, '<duration>')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** cyrb53: two multiplicative hashes of 32 bits, mixed; public domain, by bryc. */
function hash(text: string, seed: number): Signature {
  let a = 0xdeadbeef ^ (seed | 0)
  let b = 0x41c6ce57 ^ Math.trunc(seed / 2 ** 32)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (b & 0x1fffff) * 2 ** 32 + (a >>> 0)
}
