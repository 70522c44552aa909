import type { Search } from './rule-search.ts'
import { ALNUM } from './subject.ts'
import type { DIGIT, Subject } from './subject.ts'

/** From the start of the run to the position of the trigger. */
const TRIGGER_OFFSET = 7
/** Longer runs are taken for so long. */
const RUN_BYTES_MAX = 31

/** Which rules may match at a run of digits (TRIGGER_DIGITS) or of letters and digits (TRIGGER_CODE), by its length and the byte behind it. */
export class RuleHeads {
  readonly #rules: readonly Search[]
  readonly #classes: number
  /** By length and the byte behind; made when it is first asked for. */
  readonly #byHead: (readonly Search[] | undefined)[] = Array.from({ length: (RUN_BYTES_MAX + 1) * 256 })

  constructor(rules: readonly Search[], classes: typeof DIGIT | typeof ALNUM) {
    this.#rules = rules
    this.#classes = classes
  }

  at(subject: Subject, position: number): readonly Search[] {
    const from = position - TRIGGER_OFFSET
    const end = subject.runEnd(from, this.#classes, RUN_BYTES_MAX)
    const length = end - from
    const behind = subject.at(end)
    const index = length * 256 + behind
    return (this.#byHead[index] ??= this.#rules.filter(
      ({ heads }) => heads === undefined || heads.some((head) => this.#fits(head, length, behind)),
    ))
  }

  #fits(head: string, length: number, behind: number): boolean {
    const isWord = head.startsWith('w')
    if (isWord !== (this.#classes === ALNUM)) return false
    const [, digits = '', next = ''] = /^w?(\d+)(.?)$/.exec(head) ?? []
    if (Number(digits) !== length) return false
    return next === '' || (next === 'A' ? isLetter(behind) : next.charCodeAt(0) === behind)
  }
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
