import { originsOf, withReplacements } from '../matches.ts'
import { isOwnMark } from '../own-marks.ts'
import type { Pattern } from '../redactor.ts'
import { findNames } from './find-names.ts'
import type { FoundName } from './find-names.ts'
import { NAME_TYPE } from './name-type.ts'

/** A placeholder beside a word may make a name of it: what is found then is taken as well, so often. */
const ROUNDS_MAX = 3
const LETTERS_MIN = 2
const PLACEHOLDER = new TextEncoder().encode(`[REDACTED:${NAME_TYPE}]`)

/** Persons' names as something that a redactor looks for in every text, on the thread that it runs on. */
export function namesPattern(): Pattern {
  return {
    type: NAME_TYPE,
    confidence: 0.5,
    mayMatch: (_bytes, start, end) => end - start >= LETTERS_MIN,
    find(bytes, start, end, report) {
      for (const name of namesIn(bytes.subarray(start, end)))
        report(start + name.start, start + name.end, name.confidence)
    },
  }
}

/** Names in a text as they are found when each that was found is a placeholder already. */
export function namesIn(bytes: Uint8Array): readonly FoundName[] {
  let found = findNew(bytes)
  for (let round = 1; round < ROUNDS_MAX && found.length > 0; round++) {
    const replaced = withReplacements(
      bytes,
      0,
      bytes.length,
      found.map(({ start, end }) => ({ start, end, replacement: PLACEHOLDER })),
    )
    const more = originsOf(
      replaced,
      findNew(replaced.bytes).map((name) => ({ ...name, rule: 0 })),
    )
    if (more.length === 0) break
    found = [...found, ...more].toSorted((a, b) => a.start - b.start)
  }
  return found
}

const findNew = (bytes: Uint8Array): readonly FoundName[] =>
  findNames(bytes).filter(({ start, end }) => !isOwnMark(bytes, start, end))
