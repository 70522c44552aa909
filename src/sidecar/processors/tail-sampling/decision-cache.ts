/** What was decided of the last traces, for spans that come later; the oldest are forgotten. */
export class DecisionCache {
  readonly #sampled = new Set<string>()
  readonly #notSampled = new Set<string>()
  readonly #sampledMax: number
  readonly #notSampledMax: number

  constructor(sampledMax: number, notSampledMax: number) {
    this.#sampledMax = sampledMax
    this.#notSampledMax = notSampledMax
  }

  get(traceId: string): boolean | undefined {
    return this.#sampled.has(traceId) ? true : this.#notSampled.has(traceId) ? false : undefined
  }

  set(traceId: string, isSampled: boolean): void {
    const ids = isSampled ? this.#sampled : this.#notSampled
    ids.add(traceId)
    if (ids.size <= (isSampled ? this.#sampledMax : this.#notSampledMax)) return
    for (const oldest of ids) return void ids.delete(oldest)
  }
}
