import { CLASS, LETTER, TOKEN } from './subject.ts'
import { isWordEnd } from './word-list.ts'

/** Shorter values hold nothing that any rule is about. */
const GLUED_BYTES_MIN = 4

/**
 * Around the value bytes[start, end) stand its length and what follows on the wire. Where these look like a part of a word, the scanner took the first word of
 * the value for the rest of another one, or its last word for the beginning of one, and missed their triggers.
 */
export const isGlued = (bytes: Uint8Array, start: number, end: number): boolean =>
  isStartGlued(bytes, start, end) || isEndGlued(bytes, start, end)

export const isStartGlued = (bytes: Uint8Array, start: number, end: number): boolean =>
  start > 0 && end - start >= GLUED_BYTES_MIN && isClass(bytes, start - 1, TOKEN) && isClass(bytes, start, TOKEN)

export const isEndGlued = (bytes: Uint8Array, start: number, end: number): boolean =>
  end < bytes.length &&
  end - start >= GLUED_BYTES_MIN &&
  isClass(bytes, end, LETTER) &&
  isClass(bytes, end - 1, LETTER) &&
  !isWordEnd(bytes, bytes.length, end - 1)

const isClass = (bytes: Uint8Array, at: number, classes: number): boolean =>
  ((CLASS[bytes[at] as number] as number) & classes) !== 0
