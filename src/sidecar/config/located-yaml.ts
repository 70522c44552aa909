import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Node } from 'yaml'
import { pathText } from './problem.ts'
import type { ConfigPath, ConfigProblem, Place } from './problem.ts'

/** One configuration text, or several merged: the value, and where each part of it stands. */
export class LocatedYaml {
  readonly value: unknown
  readonly #places: ReadonlyMap<string, Place>
  readonly #texts: ReadonlyMap<string, string>
  readonly #secrets: ReadonlySet<string>
  /** Lists with the tag `!append`. */
  readonly #appended: ReadonlySet<string>

  constructor(
    value: unknown,
    places: ReadonlyMap<string, Place> = new Map(),
    texts: ReadonlyMap<string, string> = new Map(),
    secrets: ReadonlySet<string> = new Set(),
    appended: ReadonlySet<string> = new Set(),
  ) {
    this.value = value
    this.#places = places
    this.#texts = texts
    this.#secrets = secrets
    this.#appended = appended
  }

  /** Where the path stands; for one that is not in the text, the nearest that encloses it. */
  placeOf(path: ConfigPath): Place | undefined {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(keyOf(path.slice(0, length)))
      if (place !== undefined) return place
    }
    return undefined
  }

  /** The text of a value that a substitution made something else of: a token that consists of digits. */
  textOf(path: ConfigPath): string | undefined {
    return this.#texts.get(keyOf(path))
  }

  /** Its text came out of a file, or a variable whose name says that it holds a secret. */
  isSecret(path: ConfigPath): boolean {
    return this.#secrets.has(keyOf(path))
  }

  /** This configuration with `over` on top: maps are merged, what a list with the tag `!append` has more goes to the end of the list below it, everything else is replaced. */
  mergedWith(over: LocatedYaml): LocatedYaml {
    const places = new Map([...this.#places, ...over.#places])
    const value = merged(this.value, over.value, [], (path, base, more) => {
      if (!over.#appended.has(keyOf(path))) return more
      const all = [...new Set([...base, ...more])]
      for (const [i, item] of all.entries()) {
        const [from, at] = i < base.length ? [this, i] : [over, more.indexOf(item)]
        const place = from.#places.get(keyOf([...path, at]))
        if (place !== undefined) places.set(keyOf([...path, i]), place)
      }
      return all
    })
    return new LocatedYaml(value, places)
  }

  /** With another value, and what is known of its parts. */
  with(
    value: unknown,
    more: { places: ReadonlyMap<string, Place>; texts: ReadonlyMap<string, string>; secrets: ReadonlySet<string> },
  ): LocatedYaml {
    return new LocatedYaml(value, new Map([...this.#places, ...more.places]), more.texts, more.secrets)
  }

  /** Places of this text as parts of another, at `path`. */
  placesUnder(path: ConfigPath): [string, Place][] {
    const prefix = keyOf(path)
    return [...this.#places].map(([key, place]) => [`${prefix}${key.startsWith('[') ? '' : '.'}${key}`, place])
  }
}

/** Of a list in a configuration that goes on top of others: it is added to theirs. */
const APPEND_TAG = '!append'
/** Copies that the aliases of one text may make. */
const ALIASES_MAX = 100

export interface ParsedYaml {
  readonly yaml: LocatedYaml
  readonly problems: readonly ConfigProblem[]
}

/** Reads YAML. What is wrong comes back as problems. A key `a::b` is b in the map a, as in the stock collector. */
export function parseLocatedYaml(source: string, text: string): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'silent' })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { source, line, column: col }
  }
  const problems: ConfigProblem[] = document.errors.map(({ message, pos }) => ({
    path: '',
    message,
    place: placeAt(pos[0]),
  }))
  if (problems.length > 0) return { yaml: new LocatedYaml(undefined), problems }
  const places = new Map<string, Place>()
  const appended = new Set<string>()
  index(document.contents, [])
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    return { yaml: new LocatedYaml(nested(value), places, undefined, undefined, appended), problems }
  } catch {
    const message = 'an alias (*name) without its anchor (&name), or too many of them'
    return { yaml: new LocatedYaml(undefined), problems: [{ path: '', message, place: placeAt(0) }] }
  }

  function index(node: unknown, path: ConfigPath): void {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue
        const keys = String(key.value).split('::')
        keys.forEach((_, i) => places.set(keyOf([...path, ...keys.slice(0, i + 1)]), placeAt(key.range?.[0] ?? 0)))
        index(value, [...path, ...keys])
      }
    } else if (isSeq(node)) {
      if (node.tag === APPEND_TAG) appended.add(keyOf(path))
      node.items.forEach((item, i) => {
        const offset = isNode(item) ? item.range?.[0] : undefined
        if (offset !== undefined) places.set(keyOf([...path, i]), placeAt(offset))
        index(item, [...path, i])
      })
    }
  }
}

function nested(value: unknown): unknown {
  if (!isPlainMap(value)) return value
  let out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    const [first = '', ...rest] = key.split('::')
    const below = rest.reduceRight<unknown>((at, name) => ({ [name]: at }), nested(inner))
    const entry = Object.fromEntries([[first, below]])
    const both = merged(out, entry)
    out = isPlainMap(both) ? both : entry
  }
  return out
}

/** Of a path, for maps and sets; names with dots stay apart from paths. */
export const keyOf = (path: ConfigPath): string =>
  pathText(path.map((key) => (typeof key === 'string' ? `\0${key}` : key)))

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'range' in value

export const isPlainMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type MergeLists = (path: ConfigPath, base: readonly unknown[], over: readonly unknown[]) => unknown

/** Lists are replaced unless told otherwise. */
function merged(
  base: unknown,
  over: unknown,
  path: ConfigPath = [],
  lists: MergeLists = (_, __, last) => last,
): unknown {
  if (over === undefined) return base
  if (Array.isArray(base) && Array.isArray(over)) return lists(path, base, over)
  if (!isPlainMap(base) || !isPlainMap(over)) return over
  const out = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(over)) out.set(key, merged(out.get(key), value, [...path, key], lists))
  return Object.fromEntries(out)
}
