import type { NameFinder } from '../../src/redaction/names/find-names.ts'
import type { Example } from './examples.ts'

/** Counts of persons found, as in the literature's partial match: a name counts when a finding overlaps it. */
export class Score {
  #found = 0
  #right = 0
  #names = 0
  #covered = 0
  #exact = 0
  #bytes = 0

  add(finder: NameFinder, { text, spans }: Pick<Example, 'text' | 'spans'>): void {
    const bytes = Buffer.from(text)
    const found = finder.find(bytes).map(({ start, end }) => ({
      start: bytes.toString('utf8', 0, start).length,
      end: bytes.toString('utf8', 0, end).length,
    }))
    const names = spans.filter(({ label }) => label === 'PERSON')
    const overlap = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end
    this.#bytes += bytes.length
    this.#found += found.length
    this.#right += found.filter((each) => names.some((name) => overlap(each, name))).length
    this.#names += names.length
    this.#covered += names.filter((name) => found.some((each) => overlap(each, name))).length
    this.#exact += names.filter((name) =>
      found.some(({ start, end }) => start === name.start && end === name.end),
    ).length
  }

  get perMegabyte(): number {
    return (this.#found / this.#bytes) * 1e6
  }

  get overlapF1(): number {
    return (2 * this.#right * this.#covered) / (this.#right * this.#names + this.#covered * this.#found)
  }

  toString(): string {
    if (this.#names === 0) return `${this.#found} findings, ${this.perMegabyte.toFixed(1)} per MB`
    const percent = (share: number): string => (share * 100).toFixed(1)
    return (
      `precision ${percent(this.#right / this.#found)} recall ${percent(this.#covered / this.#names)} F1 ${percent(this.overlapF1)} ` +
      `found exactly ${percent(this.#exact / this.#names)} of ${this.#names}`
    )
  }
}

interface Range {
  readonly start: number
  readonly end: number
}
