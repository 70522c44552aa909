/** Bytes of a trace id and a span id. */
export const IDS_BYTES = 24

/**
 * Some recordings of one series with the spans that they come from. Each has a place by its bucket, so that the many quick calls
 * don't push out the few slow ones; the newest stays.
 */
export class Exemplars {
  readonly ids: Buffer
  readonly values: Float64Array
  /** Unix ms; 0 = the place is empty. */
  readonly times: Float64Array

  constructor(exemplarsMax: number) {
    this.ids = Buffer.allocUnsafeSlow(exemplarsMax * IDS_BYTES)
    this.values = new Float64Array(exemplarsMax)
    this.times = new Float64Array(exemplarsMax)
  }

  /** `ids` holds trace id and span id. */
  put(place: number, value: number, ids: Uint8Array, nowMs: number): void {
    this.ids.set(ids, place * IDS_BYTES)
    this.values[place] = value
    this.times[place] = nowMs
  }

  clear(): void {
    this.times.fill(0)
  }
}
