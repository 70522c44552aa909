/** Bytes of one blob that are hashed: a hash of more would hold the agent up for longer than it says more. */
export const BLOB_BYTES_HASHED_MAX = 4_194_304

/** Shortest text that is taken for base64 without anybody saying so. */
export const BASE64_CHARACTERS_MIN = 256

/**
 * What is told of binary data in its place: its length and the SHA-256 of the bytes themselves, so that the same image is recognised
 * whether it comes as base64, as a `data:` URL or as bytes. Of long data the hash is that of the first `BLOB_BYTES_HASHED_MAX` bytes.
 */
export function fingerprint(data: unknown): string {
  const { bytes, length } = bytesOf(data)
  if (bytes.length === 0) return length === 0 ? '[left out]' : `[${length} bytes left out]`
  const which = bytes.length < length ? ` of the first ${bytes.length}` : ''
  // Loaded when there is something to hash: it costs every start 4 ms and 2 MB otherwise.
  const { hash } = process.getBuiltinModule('node:crypto')
  return `[${length} bytes left out, sha256${which} ${hash('sha256', bytes)}]`
}

/** A media type and the data behind it; undefined when the text is no `data:` URL. */
export function dataUrlOf(url: string): { readonly mimeType: string; readonly data: string | Uint8Array } | undefined {
  if (!url.startsWith('data:')) return undefined
  const comma = url.indexOf(',')
  if (comma === -1) return { mimeType: '', data: '' }
  const [mimeType = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  const payload = url.slice(comma + 1)
  if (parameters.at(-1)?.toLowerCase() === 'base64') return { mimeType, data: payload }
  return { mimeType, data: Buffer.from(payload) }
}

/** Bytes as some libraries hold them, and texts that are nothing but base64. */
export function isBinary(value: unknown): boolean {
  if (typeof value !== 'string') return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
  if (value.length < BASE64_CHARACTERS_MIN) return false
  const start = value.slice(0, BASE64_CHARACTERS_MIN)
  return /[a-z]/.test(start) && /[A-Z]/.test(start) && /\d/.test(start) && BASE64.test(start) && BASE64.test(value)
}

const BASE64 = /^[\w+/-]+={0,2}$/

function bytesOf(data: unknown): { readonly bytes: Uint8Array; readonly length: number } {
  if (typeof data === 'string') {
    const length = Buffer.byteLength(data, 'base64')
    if (length <= BLOB_BYTES_HASHED_MAX) {
      const bytes = Buffer.from(data, 'base64')
      return { bytes, length: bytes.length }
    }
    // Four characters are three bytes; the limit is no multiple of three, so one group more is read.
    const characters = Math.ceil(BLOB_BYTES_HASHED_MAX / 3) * 4
    return { bytes: Buffer.from(data.slice(0, characters), 'base64').subarray(0, BLOB_BYTES_HASHED_MAX), length }
  }
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : data instanceof ArrayBuffer
      ? new Uint8Array(data)
      : new Uint8Array()
  return { bytes: bytes.subarray(0, BLOB_BYTES_HASHED_MAX), length: bytes.length }
}
