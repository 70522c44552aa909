import { isMap, isScalar, isSeq, LineCounter, parse, parseDocument, visit } from 'yaml'
import type { Document, Node } from 'yaml'
import { pathText } from './problem.ts'
import type { ConfigPath, ConfigProblem, Place } from './problem.ts'
import { substitute, SubstitutionError } from './substitution.ts'
import type { SubstitutionSources } from './substitution.ts'

/** One configuration text, or several merged: the value, and where each part of it stands. */
export class LocatedYaml {
  readonly value: unknown
  readonly #places: ReadonlyMap<string, Place>
  readonly #texts: ReadonlyMap<string, string>

  constructor(value: unknown, places: ReadonlyMap<string, Place>, texts: ReadonlyMap<string, string>) {
    this.value = value
    this.#places = places
    this.#texts = texts
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

  /** This configuration with `over` on top: maps are merged, everything else is replaced. */
  mergedWith(over: LocatedYaml): LocatedYaml {
    return new LocatedYaml(
      merge(this.value, over.value),
      new Map([...this.#places, ...over.#places]),
      new Map([...this.#texts, ...over.#texts]),
    )
  }
}

/** Copies that the aliases of one text may make. */
const ALIASES_MAX = 100

export interface ParsedYaml {
  readonly yaml: LocatedYaml
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

/** Reads YAML and replaces its `${…}`. What is wrong comes back as problems; `yaml` is then what could be read. */
export function parseLocatedYaml(source: string, text: string, sources: SubstitutionSources): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'silent' })
  const placeAt = (offset: number): Place => ({ source, line: lines.linePos(offset).line })
  const problems: ConfigProblem[] = document.errors.map(({ message, pos }) => ({
    path: '',
    message,
    place: placeAt(pos[0]),
  }))
  const warnings: ConfigProblem[] = []
  if (problems.length > 0) return { yaml: new LocatedYaml(undefined, new Map(), new Map()), problems, warnings }

  const texts = substituteScalars(document, sources, (kind, message, offset) => {
    const list = kind === 'problem' ? problems : warnings
    list.push({ path: '', message, place: placeAt(offset) })
  })
  const places = new Map<string, Place>()
  const textByPath = new Map<string, string>()
  index(document.contents, [])
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    return { yaml: new LocatedYaml(value, places, textByPath), problems, warnings }
  } catch {
    problems.push({
      path: '',
      message: 'an alias (*name) without its anchor (&name), or too many of them',
      place: placeAt(0),
    })
    return { yaml: new LocatedYaml(undefined, new Map(), new Map()), problems, warnings }
  }

  function index(node: unknown, path: ConfigPath): void {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue
        const inner = [...path, String(key.value)]
        places.set(keyOf(inner), placeAt(key.range?.[0] ?? 0))
        index(value, inner)
      }
    } else if (isSeq(node)) {
      node.items.forEach((item, i) => {
        const inner = [...path, i]
        const offset = isNode(item) ? item.range?.[0] : undefined
        if (offset !== undefined) places.set(keyOf(inner), placeAt(offset))
        index(item, inner)
      })
    } else if (isNode(node)) {
      const original = texts.get(node)
      if (original !== undefined) textByPath.set(keyOf(path), original)
    }
  }
}

type Report = (kind: 'problem' | 'warning', message: string, offset: number) => void

/** Returns the text of each scalar that was one whole substitution. */
function substituteScalars(document: Document, sources: SubstitutionSources, report: Report): WeakMap<Node, string> {
  const texts = new WeakMap<Node, string>()
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return undefined
      const offset = node.range?.[0] ?? 0
      try {
        const { text, isWhole, unset } = substitute(node.value, sources)
        for (const name of unset) report('warning', `the variable ${name} is not set; nothing stands for it`, offset)
        node.value = text
        const value = isWhole ? valueOf(text) : text
        if (typeof value === 'object' && value !== null) return document.createNode(value)
        if (typeof value === 'string') return undefined
        node.value = value
        texts.set(node, text)
      } catch (error) {
        if (!(error instanceof SubstitutionError)) throw error
        report('problem', error.message, offset)
      }
      return undefined
    },
  })
  return texts
}

/** What the text is in YAML; the text itself when it is none: a token may look like anything. */
function valueOf(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' })
  } catch {
    return text
  }
}

const keyOf = (path: ConfigPath): string => pathText(path.map((key) => (typeof key === 'string' ? `\0${key}` : key)))

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'range' in value

const isPlainMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base
  if (!isPlainMap(base) || !isPlainMap(over)) return over
  const merged = { ...base }
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value)
  return merged
}
