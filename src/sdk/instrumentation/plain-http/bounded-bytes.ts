/** Bytes of one body that are kept, a copy of their own, up to `BODY_BYTES_MAX`. */
export class BoundedBytes {
  #chunks: Buffer[] = []
  #bytes = 0

  add(chunk: unknown): void {
    if (this.#bytes > BODY_BYTES_MAX) return
    const bytes = bytesOf(chunk)
    if (bytes === undefined) return
    this.#bytes += bytes.length
    if (this.#bytes > BODY_BYTES_MAX) this.#chunks = []
    else this.#chunks.push(bytes)
  }

  /** All of it; undefined when it was too much. */
  whole(): Buffer | undefined {
    return this.#bytes > BODY_BYTES_MAX ? undefined : Buffer.concat(this.#chunks)
  }

  text(): string | undefined {
    return this.whole()?.toString('utf8')
  }

  clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }
}

/** Longest body that is read, in bytes; a longer one gives a span without what it says. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024

/** The value that a text is JSON of. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A copy: the caller may give the memory away. */
function bytesOf(chunk: unknown): Buffer | undefined {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  if (chunk instanceof Uint8Array) return Buffer.from(chunk)
  return undefined
}
