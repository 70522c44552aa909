/** What an expression of PromQL asks for: enough of its grammar for our own, no parser. */
export interface Asked {
  /** Metric names with their matchers, as they can stand in a query: `up{job="x"}`. */
  readonly selectors: readonly string[]
  /** Labels in by, on and group_left. */
  readonly labels: readonly string[]
}

export function askedBy(expression: string): Asked {
  const labels = [...expression.matchAll(/\b(?:by|on|without|group_left)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  )
  const rest = expression
    .replaceAll(/\b(?:by|on|without|group_left)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\boffset\s+\w+/g, ' ')
  const selectors = [...rest.matchAll(/([a-zA-Z_:][\w:]*)(\{[^}]*\})?(?!\w|\s*\()/g)]
    .filter(([, name = '']) => !WORDS.has(name) && !isInBraces(rest, name))
    .map(([, name = '', matchers = '']) => name + matchers)
  return { selectors: [...new Set(selectors)], labels: [...new Set(labels)].filter((label) => label !== '') }
}

const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool'])

/** Only ever part of a matcher: a label's name, or a word of its value. */
const isInBraces = (text: string, name: string): boolean =>
  !new RegExp(`\\b${name}\\b`).test(text.replaceAll(/\{[^}]*\}/g, ''))
