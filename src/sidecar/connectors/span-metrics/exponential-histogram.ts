/** Counts in buckets whose bounds are powers of 2^(2^-scale); it halves its resolution when it would need more than `sizeMax` buckets. Values from 0 on. */
export class ExponentialHistogram {
  scale = SCALE_MAX
  /** Index of the first bucket: values above base^offset, up to base^(offset + 1). */
  offset = 0
  counts: number[] = []
  zeroCount = 0
  min = Infinity
  max = -Infinity
  readonly #sizeMax: number

  constructor(sizeMax: number) {
    this.#sizeMax = Math.max(2, sizeMax)
  }

  add(value: number, count: number): void {
    this.min = Math.min(this.min, value)
    this.max = Math.max(this.max, value)
    if (value === 0) {
      this.zeroCount += count
      return
    }
    let index = indexOf(value, this.scale)
    if (this.counts.length === 0) this.offset = index
    let low = Math.min(this.offset, index)
    let high = Math.max(this.offset + this.counts.length - 1, index)
    let shift = 0
    for (; high - low >= this.#sizeMax; shift += 1) {
      low = Math.floor(low / 2)
      high = Math.floor(high / 2)
    }
    this.#halve(shift)
    index = Math.floor(index / 2 ** shift)
    while (index < this.offset) {
      this.counts.unshift(0)
      this.offset -= 1
    }
    const at = index - this.offset
    while (this.counts.length <= at) this.counts.push(0)
    this.counts[at] = (this.counts[at] ?? 0) + count
  }

  #halve(times: number): void {
    if (times === 0) return
    const offset = Math.floor(this.offset / 2 ** times)
    const counts: number[] = []
    for (const [at, count] of this.counts.entries()) {
      const to = Math.floor((this.offset + at) / 2 ** times) - offset
      while (counts.length <= to) counts.push(0)
      counts[to] = (counts[to] ?? 0) + count
    }
    this.scale -= times
    this.offset = offset
    this.counts = counts
  }
}

const SCALE_MAX = 20

/** The bucket of a value above 0: upper bounds belong to it (opentelemetry.io, "Exponential Histogram"). */
function indexOf(value: number, scale: number): number {
  const exponent = Math.floor(Math.log2(value))
  const isPower = 2 ** exponent === value
  if (scale <= 0) return Math.floor((isPower ? exponent - 1 : exponent) / 2 ** -scale)
  if (isPower) return exponent * 2 ** scale - 1
  return Math.ceil(Math.log2(value) * 2 ** scale) - 1
}
