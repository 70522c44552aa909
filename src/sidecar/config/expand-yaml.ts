import { parse } from 'yaml'
import { isSecretName } from './hide-secrets.ts'
import { isPlainMap, keyOf, parseLocatedYaml } from './located-yaml.ts'
import type { LocatedYaml } from './located-yaml.ts'
import type { ConfigPath, ConfigProblem, Place } from './problem.ts'
import { pathText } from './problem.ts'
import { substitute, SubstitutionError } from './substitution.ts'
import type { Reference, Substituted, SubstitutionSources } from './substitution.ts'

export interface ExpandedYaml {
  readonly yaml: LocatedYaml
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

/** Files and variables that hold maps may hold further ones. */
const DEPTH_MAX = 16

/** Replaces every `${…}` in a merged configuration. Keys are left as they are. */
export function expandYaml(merged: LocatedYaml, sources: SubstitutionSources): ExpandedYaml {
  const problems: ConfigProblem[] = []
  const warnings: ConfigProblem[] = []
  const places = new Map<string, Place>()
  const texts = new Map<string, string>()
  const secrets = new Set<string>()
  const value = expand(merged.value, [], 0)
  return { yaml: merged.with(value, { places, texts, secrets }), problems, warnings }

  function expand(part: unknown, path: ConfigPath, depth: number): unknown {
    if (typeof part === 'string') return expandText(part, path, depth)
    if (Array.isArray(part)) return part.map((item: unknown, i) => expand(item, [...path, i], depth))
    if (!isPlainMap(part)) return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, expand(inner, [...path, key], depth)]))
  }

  function expandText(text: string, path: ConfigPath, depth: number): unknown {
    const substituted = substitutedAt(text, path)
    if (substituted === undefined) return undefined
    const { whole, references, notices } = substituted
    for (const notice of notices) warnings.push(problemAt(path, notice))
    if (references.some(isSecret)) secrets.add(keyOf(path))
    if (whole === undefined) return substituted.text
    const parsed = valueOf(whole)
    if (typeof parsed === 'string') return whole.text
    if (typeof parsed !== 'object' || parsed === null) {
      texts.set(keyOf(path), whole.text)
      return parsed
    }
    secrets.delete(keyOf(path))
    if (depth >= DEPTH_MAX) {
      problems.push(problemAt(path, `substitutions nested deeper than ${DEPTH_MAX}`))
      return undefined
    }
    const located = whole.scheme === 'file' ? parseLocatedYaml(whole.name, whole.text).yaml : undefined
    for (const [key, place] of located?.placesUnder(path) ?? []) places.set(key, place)
    return expand(located?.value ?? parsed, path, depth + 1)
  }

  function substitutedAt(text: string, path: ConfigPath): Substituted | undefined {
    try {
      return substitute(text, sources)
    } catch (error) {
      if (!(error instanceof SubstitutionError)) throw error
      problems.push(problemAt(path, error.message))
      return undefined
    }
  }

  function problemAt(path: ConfigPath, message: string): ConfigProblem {
    const place = merged.placeOf(path)
    return { path: pathText(path), message, ...(place === undefined ? {} : { place }) }
  }
}

const isSecret = ({ scheme, name }: Reference): boolean => scheme === 'file' || (name !== '' && isSecretName(name))

/** What the text is in YAML; the text itself when it is none: a token may look like anything. */
function valueOf({ text, scheme, name }: Reference): unknown {
  // An empty default is an empty text; what is not set is nothing.
  if (text === '' && scheme === 'env' && name === '') return ''
  try {
    return parse(text, { logLevel: 'error' })
  } catch {
    return text
  }
}
