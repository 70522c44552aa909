/**
 * A text that every match of the regular expression contains, or an empty string when none can be told: the longest run of plain characters outside of groups,
 * classes, alternatives and what may be absent. Finding it first is some hundred times faster than running the expression.
 */
export function requiredLiteral(regex: string): string {
  let longest = ''
  let run = ''
  const endRun = (): void => {
    if (run.length > longest.length) longest = run
    run = ''
  }
  for (let at = 0; at < regex.length;) {
    const atom = atomAt(regex, at)
    if (atom === undefined) return ''
    const quantifier = QUANTIFIER.exec(regex.slice(atom.end))?.[0] ?? ''
    if (atom.literal === undefined) {
      endRun()
      if (atom.inner !== undefined && !/^(?:[*?]|\{0)/.test(quantifier)) run = requiredLiteral(atom.inner)
      endRun()
    } else if (quantifier === '') run += atom.literal
    else {
      // `ab+c` holds `ab`, `ab?c` only `a` and `c`.
      if (quantifier.startsWith('+') || /^\{[1-9]/.test(quantifier)) run += atom.literal
      endRun()
    }
    at = atom.end + quantifier.length
  }
  endRun()
  return longest
}

const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/

interface Atom {
  readonly end: number
  /** It is this one character. */
  readonly literal?: string
  /** It is a group with this in it. */
  readonly inner?: string
}

/** Undefined where the whole expression could match without what stands here. */
function atomAt(regex: string, at: number): Atom | undefined {
  const char = regex[at] ?? ''
  if (char === '|') return undefined
  if (char === '[') return { end: classEnd(regex, at) }
  if (char === '(') {
    // Flags change what letters mean; nothing is told about those.
    if (/^\(\?[a-zA-Z-]*[):]/.test(regex.slice(at)) && !regex.startsWith('(?:', at)) return undefined
    const end = groupEnd(regex, at)
    return { end, inner: regex.slice(at + 1, end - 1).replace(/^\?(?::|P?<\w+>)/, '') }
  }
  if (char === '\\') {
    const escaped = regex[at + 1] ?? ''
    if (/[pPx]/.test(escaped))
      return regex[at + 2] === '{' ? { end: regex.indexOf('}', at) + 1 } : { end: at + (escaped === 'x' ? 4 : 3) }
    if (escaped === 'Q') return undefined
    if (/\d/.test(escaped)) return { end: at + 1 + (/^\d+/.exec(regex.slice(at + 1))?.[0].length ?? 0) }
    return /[A-Za-z0-9]/.test(escaped) ? { end: at + 2 } : { end: at + 2, literal: escaped }
  }
  if (char === '.' || char === '^' || char === '$') return { end: at + 1 }
  const point = String.fromCodePoint(regex.codePointAt(at) ?? 0)
  return { end: at + point.length, literal: point }
}

function classEnd(regex: string, at: number): number {
  let end = at + 1
  if (regex[end] === '^') end++
  if (regex[end] === ']') end++
  for (; end < regex.length && regex[end] !== ']'; end++) {
    if (regex[end] === '\\') end++
    else if (regex.startsWith('[:', end)) end = Math.max(end, regex.indexOf(':]', end) + 1)
  }
  return end + 1
}

function groupEnd(regex: string, at: number): number {
  let depth = 0
  for (let end = at; end < regex.length; end++) {
    const char = regex[end]
    if (char === '\\') end++
    else if (char === '[') end = classEnd(regex, end) - 1
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return end + 1
  }
  return regex.length
}
