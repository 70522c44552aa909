import { TextBuilder } from './decode/text-builder.ts'

/** A range of bytes that is taken out, and the index of the rule (rules.ts) that names it. */
export interface Match {
  start: number
  end: number
  rule: number
  /** 0 to 1. */
  confidence: number
  /** What was found, decoded, when it stands encoded in the range. */
  text?: Uint8Array
}

/**
 * Resolves overlaps, whatever order the matches come in: ranges that overlap become one that covers them all, so that no part of a shorter match survives beside
 * a longer one; the longest names it, among equally long ones the rule that stands first in rules.ts. Ascending.
 */
export function mergeMatches(matches: readonly Match[]): Match[] {
  const [only] = matches
  if (only !== undefined && matches.length === 1) return [copyOf(only)]
  const sorted = matches.toSorted((a, b) => a.start - b.start || b.end - a.end || a.rule - b.rule)
  const merged: Match[] = []
  let longest = 0
  for (const match of sorted) {
    const last = merged.at(-1)
    const length = match.end - match.start
    if (last === undefined || match.start >= last.end) {
      merged.push(copyOf(match))
      longest = length
      continue
    }
    // The text is that of the whole range.
    if (match.end > last.end) delete last.text
    else if (match.text !== undefined && length === last.end - last.start) last.text ??= match.text
    last.end = Math.max(last.end, match.end)
    if (length > longest || (length === longest && match.rule < last.rule)) {
      last.rule = match.rule
      last.confidence = match.confidence
      longest = length
    }
  }
  return merged
}

const copyOf = ({ start, end, rule, confidence, text }: Match): Match =>
  text === undefined ? { start, end, rule, confidence } : { start, end, rule, confidence, text }

interface Replaced {
  readonly start: number
  readonly end: number
  readonly replacement: Uint8Array
}

interface Range {
  readonly start: number
  readonly end: number
}

/** Text that was made from a value, and where its bytes come from. */
export interface Derived {
  readonly bytes: Uint8Array
  /** What of the value was left out to join what stands around it. */
  readonly seam?: Range
  /** The range of the value that [start, end) of the text stands for, or the ranges: never a part of what was made as a whole. Undefined when a match there does not count. */
  origin(start: number, end: number): Range | readonly Range[] | undefined
}

/** Matches in derived text as ranges of the value itself. */
export function originsOf(derived: Derived, matches: readonly Match[]): Match[] {
  const origins: Match[] = []
  const { bytes } = derived
  for (const match of matches) {
    const origin = derived.origin(match.start, match.end)
    if (origin === undefined) continue
    const { rule, confidence, text = bytes.subarray(match.start, match.end) } = match
    if ('start' in origin) origins.push({ start: origin.start, end: origin.end, rule, confidence, text })
    else for (const { start, end } of origin) origins.push({ start, end, rule, confidence, text })
  }
  return origins
}

/** Tells whether a match ends or begins where a text was joined: then it was whole, and what goes on there is something else. */
export function bordersOf(matches: readonly Match[]): (seam: Range) => boolean {
  const starts = new Set(matches.map(({ start }) => start))
  const ends = new Set(matches.map(({ end }) => end))
  return (seam) => ends.has(seam.start) || starts.has(seam.end)
}

/** The value bytes[start, end) with ascending ranges of it replaced. */
export function withReplacements(
  bytes: Uint8Array,
  start: number,
  end: number,
  replaced: readonly Replaced[],
): Derived {
  const growth = replaced.reduce((sum, one) => sum + Math.max(0, one.replacement.length - one.end + one.start), 0)
  const text = new TextBuilder(end - start + growth)
  let read = start
  for (const { start: from, end: to, replacement } of replaced) {
    text.copy(bytes, read, from)
    text.putAll(replacement, from, to)
    read = to
  }
  text.copy(bytes, read, end)
  return text
}
