import { textPattern } from './regex.ts'
import type { TextPattern } from './regex.ts'

/** Keys whose answer is kept; when there are so many, all are forgotten. */
export const KEYS_MAX = 2_000
/** Longer keys are looked at every time. */
const KEY_CHARS_MAX = 200

/** A pattern for keys, which come again and again. */
export class KeyPattern {
  readonly #pattern: TextPattern
  readonly #answers = new Map<string, boolean>()

  /** Throws PatternError. */
  constructor(pattern: string) {
    this.#pattern = textPattern(pattern)
  }

  matches(key: string): boolean {
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    const matches = this.#pattern.test(key)
    if (key.length > KEY_CHARS_MAX) return matches
    if (this.#answers.size >= KEYS_MAX) this.#answers.clear()
    this.#answers.set(key, matches)
    return matches
  }
}
