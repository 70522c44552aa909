import { knownBytesMax, KnownValues, LIVE_TYPE, windowHash } from './known-values.ts'
import type { Seal } from './known-values.ts'

/** Shorter values are no credentials: `1`, `info`, `eu-west`. */
export const liveSecretBytesMin = 8
export const liveSecretsMax = 1_024

/**
 * The credentials that a process itself holds, so that they are taken out wherever they stand: as they are, in base64 (at any of the three places that it can begin at) and
 * URL-encoded. Only keyed hashes of them are kept (`seal`, and a fingerprint of 32 bits). Values that are too short, too long or too many are left out.
 */
export function liveSecrets(values: Iterable<string>, seal: Seal): KnownValues {
  const known = new KnownValues(seal)
  let count = 0
  for (const value of new Set(values)) {
    const bytes = encoder.encode(value)
    if (bytes.length < liveSecretBytesMin || bytes.length * 3 > knownBytesMax || ++count > liveSecretsMax) continue
    const forms = new Set([
      value,
      encodeURIComponent(value),
      lowerEscapes(encodeURIComponent(value)),
      formEncoded(value),
    ])
    for (const form of forms) addSealed(known, encoder.encode(form), seal, false)
    const encoded = new Set([0, 1, 2].flatMap((shift) => base64Forms(bytes, shift)))
    for (const form of encoded) addSealed(known, encoder.encode(form), seal, true)
  }
  return known
}

const encoder = new TextEncoder()

function addSealed(known: KnownValues, bytes: Uint8Array, seal: Seal, isBase64: boolean): void {
  const offset = Math.min(WINDOW_OFFSET, bytes.length - WINDOW_BYTES)
  known.addSealed({
    type: LIVE_TYPE,
    bytesLength: bytes.length,
    sealed: seal(bytes, 0, bytes.length),
    window: windowHash(bytes, offset),
    offset,
    fingerprint: known.fingerprint(bytes, 0, bytes.length),
    isBase64,
  })
}

const WINDOW_BYTES = 3
/** Behind the first bytes, which credentials of one kind have in common (`sk-ant-api03-`, `postgres://`). */
const WINDOW_OFFSET = 12

const lowerEscapes = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

/** The characters of base64 that hold nothing but bits of the value, when `shift` bytes stand before it. */
function base64Forms(bytes: Uint8Array, shift: number): string[] {
  const shifted = new Uint8Array(shift + bytes.length)
  shifted.set(bytes, shift)
  const text = btoa(String.fromCharCode(...shifted))
  const form = text.slice(Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6))
  return [form, form.replaceAll('+', '-').replaceAll('/', '_')]
}
