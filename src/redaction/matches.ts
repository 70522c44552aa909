/** A range of bytes that is taken out, and the index of the rule (rules.ts) that names it. */
export interface Match {
  start: number
  end: number
  rule: number
}

/**
 * Resolves overlaps, whatever order the matches come in: ranges that overlap become one that covers them all, so that no part of a shorter match survives beside
 * a longer one; the longest names it, among equally long ones the rule that stands first in rules.ts. Ascending.
 */
export function mergeMatches(matches: readonly Match[]): Match[] {
  const sorted = matches.toSorted((a, b) => a.start - b.start || b.end - a.end || a.rule - b.rule)
  const merged: Match[] = []
  let longest = 0
  for (const match of sorted) {
    const last = merged.at(-1)
    const length = match.end - match.start
    if (last === undefined || match.start >= last.end) {
      merged.push({ ...match })
      longest = length
      continue
    }
    last.end = Math.max(last.end, match.end)
    if (length > longest || (length === longest && match.rule < last.rule)) {
      last.rule = match.rule
      longest = length
    }
  }
  return merged
}

interface Replaced {
  readonly start: number
  readonly end: number
  readonly replacement: Uint8Array
}

/** Text that was made from a value, with where each of its bytes comes from: byte i stands for the value's [from[i], to[i]). */
export interface Derived {
  readonly bytes: Uint8Array
  readonly from: Int32Array
  readonly to: Int32Array
}

/** Matches in derived text as ranges of the value itself. */
export const originsOf = ({ from, to }: Derived, matches: readonly Match[]): Match[] =>
  matches.map(({ start, end, rule }) => ({ start: from[start] as number, end: to[end - 1] as number, rule }))

/** The value bytes[start, end) with ascending ranges of it replaced. */
export function withReplacements(
  bytes: Uint8Array,
  start: number,
  end: number,
  replaced: readonly Replaced[],
): Derived {
  const length = replaced.reduce(
    (sum, { start: from, end: to, replacement }) => sum + replacement.length - (to - from),
    end - start,
  )
  const derived = { bytes: new Uint8Array(length), from: new Int32Array(length), to: new Int32Array(length) }
  let write = 0
  const copy = (from: number, to: number): void => {
    for (let at = from; at < to; at++, write++) {
      derived.bytes[write] = bytes[at] as number
      derived.from[write] = at
      derived.to[write] = at + 1
    }
  }
  let read = start
  for (const { start: from, end: to, replacement } of replaced) {
    copy(read, from)
    derived.bytes.set(replacement, write)
    derived.from.fill(from, write, write + replacement.length)
    derived.to.fill(to, write, write + replacement.length)
    write += replacement.length
    read = to
  }
  copy(read, end)
  return derived
}
