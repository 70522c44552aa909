import type { Rule } from '../../redaction/rule.ts'
import { textTable } from '../text-table.ts'

/** What was found, where, and what it became. */
export interface Explained {
  /** Where it stands: line and column, or the way to the value in an OTLP request. */
  readonly place: string
  readonly rule: string
  readonly confidence: number
  readonly value: string
  readonly replacement: string
}

/** A table with a line for each finding, in their order, and below it what the rules that found something are about. */
export function explain(found: readonly Explained[], rules: readonly Rule[]): string {
  if (found.length === 0) return 'Nothing was found.\n'
  const rows = found.map(({ place, rule, confidence, value, replacement }) => [
    place,
    rule,
    confidence.toFixed(2),
    `${oneLine(value)} → ${oneLine(replacement)}`,
  ])
  const legend = [...new Set(found.map(({ rule }) => rule))].sort().map((type) => [type, aboutRule(type, rules)])
  return `${textTable([['where', 'rule', 'sure', 'what'], ...rows])}\n${textTable(legend)}`
}

/** Line and column (both from 1, columns in UTF-16 code units) for offsets that ascend. */
export function placesIn(text: string): (offset: number) => string {
  let line = 1
  let lineStart = 0
  let next = text.indexOf('\n')
  return (offset) => {
    while (next >= 0 && next < offset) {
      line++
      lineStart = next + 1
      next = text.indexOf('\n', lineStart)
    }
    return `${line}:${offset - lineStart + 1}`
  }
}

const VALUE_CHARS_MAX = 60

/** Without line ends and control characters; of a long value its two ends. */
function oneLine(value: string): string {
  const short = value.length > VALUE_CHARS_MAX ? `${value.slice(0, VALUE_CHARS_MAX - 12)} … ${value.slice(-9)}` : value
  return short.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) =>
    char === '\n' ? '\\n' : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}

function aboutRule(type: string, rules: readonly Rule[]): string {
  const rule = rules.find((one) => one.type === type)
  if (rule === undefined) return ''
  return rule.source === undefined ? rule.summary : `${rule.summary} Source: ${rule.source}`
}
