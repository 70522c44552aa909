import type { OtlpView } from '../../../otlp/view.ts'
import type { Pattern } from '../../../redaction/redactor.ts'
import { contentNodes } from './content-nodes.ts'
import { FINDING_SIZE } from './names-messages.ts'
import type { NamesWorker } from './names-worker.ts'

/** What a text becomes that could not be looked at for names. */
export const NAMES_LIMIT_TYPE = 'NAMES_LIMIT'

/** JSON stays JSON. */
export const namesLimit = (text: Uint8Array): string => {
  const placeholder = `[REDACTED:${NAMES_LIMIT_TYPE}]`
  return text[0] === 0x7b || text[0] === 0x5b ? `"${placeholder}"` : placeholder
}

/** Findings of one value: start and end in the batch, index of the type. */
type Found = readonly (readonly [start: number, end: number, type: number])[]
/** By where the value begins; undefined = it was not looked at. */
type FoundAt = ReadonlyMap<number, Found | undefined>

/** Names in the contents of batches: looked for by a worker beforehand, told to the redactor as patterns. */
export class BatchNames {
  readonly patterns: readonly Pattern[]
  readonly #worker: Pick<NamesWorker, 'room' | 'look' | 'stop'>
  readonly #prepared = new WeakMap<OtlpView, FoundAt>()
  #bytes: Uint8Array | undefined
  #found: FoundAt = new Map()

  constructor(worker: Pick<NamesWorker, 'room' | 'look' | 'stop'>, types: readonly string[]) {
    this.#worker = worker
    this.patterns = [
      ...types.map((type, index) => this.#pattern(type, (found) => found?.filter((one) => one[2] === index) ?? [])),
      this.#pattern(NAMES_LIMIT_TYPE, (found, start, end) => (found === undefined ? [[start, end, 0]] : [])),
    ]
  }

  /** Looks at the contents of a batch, whose bytes must not change until its `during`. */
  async prepare(view: OtlpView): Promise<void> {
    const nodes = contentNodes(view)
    if (nodes.length === 0) return
    const found = new Map<number, Found | undefined>(nodes.map((n) => [view.body(n), undefined]))
    this.#prepared.set(view, found)
    const looked = firstWithin(view, nodes, this.#worker.room)
    const ends = new Int32Array(looked.length)
    const size = looked.reduce((sum, n, index) => (ends[index] = sum + view.end(n) - view.body(n)), 0)
    if (size === 0) return
    const bytes = new Uint8Array(size)
    for (const [index, n] of looked.entries())
      bytes.set(view.bytes.subarray(view.body(n), view.end(n)), (ends[index] as number) - view.end(n) + view.body(n))
    const answer = await this.#worker.look(bytes, ends)
    if (answer === undefined) return
    const byText = looked.map((): [number, number, number][] => [])
    for (let at = 0; at < answer.length; at += FINDING_SIZE) {
      const [text = 0, start = 0, end = 0, type = 0] = answer.subarray(at, at + FINDING_SIZE)
      const base = view.body(looked[text] as number)
      byText[text]?.push([base + start, base + end, type])
    }
    for (const [index, n] of looked.entries()) found.set(view.body(n), byText[index])
  }

  /** While `work` runs the patterns find what was found in the batch. */
  during(view: OtlpView, work: () => void): void {
    this.#bytes = view.bytes
    this.#found = this.#prepared.get(view) ?? new Map()
    try {
      work()
    } finally {
      this.#bytes = undefined
    }
  }

  /** Nothing is looked at any more. */
  stop(): Promise<void> {
    return this.#worker.stop()
  }

  #pattern(type: string, rangesOf: (found: Found | undefined, start: number, end: number) => Found): Pattern {
    return {
      type,
      confidence: 0.7,
      mayMatch: (bytes, start) =>
        bytes === this.#bytes && (start === 0 ? this.#found.size > 0 : this.#found.has(start)),
      find: (_bytes, start, end, report) => {
        for (const [from, to] of rangesOf(this.#found.get(start), start, end)) report(from, to)
      },
    }
  }
}

/** As many of the nodes as there is room for, in their order. */
function firstWithin(view: OtlpView, nodes: readonly number[], room: number): number[] {
  let left = room
  return nodes.filter((n) => {
    const size = view.end(n) - view.body(n)
    if (size > left) return false
    left -= size
    return true
  })
}
