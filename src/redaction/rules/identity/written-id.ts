import { ALNUM, DIGIT, LETTER } from '../../subject.ts'
import type { Subject } from '../../subject.ts'

export const idCharsMax = 24

/** An id without what stands between its characters: digits and upper-case letters in ASCII. */
export class WrittenId {
  readonly chars = new Uint8Array(idCharsMax)
  length = 0
  /** For each count of characters: up to `length`: where the id ends if it has so many, or 0 where that is in the middle of a group. */
  readonly ends = new Uint32Array(idCharsMax + 1)
  // What was read last: many rules read the same.
  #subject: Subject | undefined
  #turn = 0
  #from = 0
  #limit = 0
  #length = 0

  /** NaN-free: of a letter it is 17 and more. */
  digit(index: number): number {
    return (this.chars[index] as number) - 0x30
  }

  isDigit(index: number): boolean {
    return this.digit(index) <= 9
  }

  letter(index: number): string {
    return String.fromCharCode(this.chars[index] as number)
  }

  /** The digits [from, to) as a number. */
  number(from: number, to: number): number {
    let value = 0
    for (let i = from; i < to; i++) value = value * 10 + this.digit(i)
    return value
  }

  /** All characters are the same: a form that nobody filled in. */
  isUniform(): boolean {
    for (let i = 1; i < this.length; i++) if (this.chars[i] !== this.chars[0]) return false
    return true
  }

  push(byte: number): void {
    this.chars[this.length++] = byte >= 0x61 ? byte & 0xdf : byte
  }

  /** Reads groups of letters and digits with one gap between two of them, from the first character of a word on. */
  read(subject: Subject, from: number, limit: number): void {
    if (this.#subject === subject && this.#turn === subject.turn && this.#from === from && this.#limit === limit) {
      this.length = this.#length
      return
    }
    this.length = 0
    let at = from
    while (at < limit && this.length < idCharsMax && subject.is(at, ALNUM)) {
      this.push(subject.at(at++))
      this.ends[this.length] = 0
      if (subject.isWord(at)) continue
      this.ends[this.length] = at
      if (isGap[subject.at(at)] !== 1 || (subject.at(at) === 0x20 && isPlainWord(subject, at + 1))) break
      at++
    }
    subject.steps += at - from
    this.#subject = subject
    this.#turn = subject.turn
    this.#from = from
    this.#limit = limit
    this.#length = this.length
  }

  /** Before characters are pushed. */
  clear(): void {
    this.length = 0
    this.#subject = undefined
  }
}

const isGap = new Uint8Array(256)
for (const char of ' -./(') isGap[char.charCodeAt(0)] = 1

/** Three letters, not in capitals: no group of an id. */
export const isPlainWord = (subject: Subject, at: number): boolean =>
  subject.is(at, LETTER) &&
  subject.is(at + 1, LETTER) &&
  subject.is(at + 2, LETTER) &&
  (subject.at(at + 1) & 0x20) !== 0

/** Whether a word, and not the rest of a longer number or name, is bytes[from, to). */
export function standsAlone(subject: Subject, from: number, to: number): boolean {
  if (subject.isWord(from - 1) || subject.isWord(to)) return false
  const before = subject.at(from - 1)
  const next = subject.at(to)
  if ((before === 0x2d || before === 0x2e) && subject.isWord(from - 2)) return false
  return !((next === 0x2d || next === 0x2e) && subject.is(to + 1, DIGIT))
}
