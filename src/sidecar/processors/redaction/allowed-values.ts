import { RE2JS } from 're2js'
import type { IsAllowed } from '../../../redaction/redactor.ts'

/** Around a finding, its word is looked for within so many bytes. */
const WORD_BYTES_MAX = 256
/** Longer values are not asked as a whole. */
const VALUE_BYTES_MAX = 65_536

/**
 * A finding stays when one of the regular expressions matches a part of the text that holds all of it, and nothing else that was found: else only when it matches the
 * finding's own word, from blank to blank. In the stock collector one match lets the whole value through, whatever else is in it.
 */
export function allowedValues(regexes: readonly string[]): IsAllowed | undefined {
  if (regexes.length === 0) return undefined
  const compiled = regexes.map((regex) => RE2JS.compile(regex))
  const covers = (text: Uint8Array, from: number, to: number): boolean =>
    compiled.some((regex) => {
      const matcher = regex.matcher(text)
      while (matcher.find()) {
        if (matcher.start() > from) return false
        if (matcher.end() >= to) return true
      }
      return false
    })
  return (bytes, { start, end }, from, to, isOnly) => {
    const wordStart = edgeOf(bytes, from, start, -1)
    const wordEnd = edgeOf(bytes, to - 1, end, 1) + 1
    const isWord = covers(bytes.subarray(wordStart, wordEnd), from - wordStart, to - wordStart)
    if (!isWord && !isOnly) return false
    // `^` and `$` are about the value, not about a word of it.
    if (end - start > VALUE_BYTES_MAX) return isWord
    return covers(bytes.subarray(start, end), from - start, to - start)
  }
}

/** The last byte of the word on one side. */
function edgeOf(bytes: Uint8Array, at: number, limit: number, step: 1 | -1): number {
  let edge = at
  for (let i = 0; i < WORD_BYTES_MAX; i++) {
    const next = edge + step
    if (step < 0 ? next < limit : next >= limit) break
    if (isBorder[bytes[next] as number] === 1) break
    edge = next
  }
  return edge
}

const isBorder = new Uint8Array(256)
for (const char of ' \t\r\n"\'`,;<>()[]{}') isBorder[char.charCodeAt(0)] = 1
