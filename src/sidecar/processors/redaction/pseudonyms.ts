import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Pseudonym } from '../../../redaction/actions.ts'
import { PSEUDONYM_CHARS } from '../../../redaction/own-marks.ts'

/** Bytes that a key must have: less could be tried out. */
export const PSEUDONYM_KEY_BYTES_MIN = 32

export interface PseudonymOptions {
  readonly key: Uint8Array
  /** Told in each token, so that tokens of different keys are told apart: `~k3`. */
  readonly keyId?: string
  /** Tokens of one tenant say nothing about those of another. */
  readonly tenant?: string
  /** Tokens that are remembered with their values, so that they need not be computed again; when there are so many, all are forgotten. */
  readonly cacheMax: number
}

/** Makes tokens `<EMAIL:4fq2…>`: 80 bits of an HMAC-SHA-256 under a key of its own for each tenant and type. */
export class Pseudonyms {
  readonly #master: KeyObject
  readonly #suffix: string
  readonly #cacheMax: number
  readonly #cache = new Map<string, string>()
  readonly #keys = new Map<string, KeyObject>()
  #tenant: string

  constructor({ key, keyId, tenant = '', cacheMax }: PseudonymOptions) {
    this.#master = createSecretKey(key)
    this.#suffix = keyId === undefined ? '>' : `~${keyId}>`
    this.#tenant = tenant
    this.#cacheMax = cacheMax
  }

  /** Whose values come next. */
  set tenant(tenant: string) {
    this.#tenant = tenant
  }

  readonly token: Pseudonym = (type, text) => {
    if (this.#cacheMax === 0) return this.#compute(type, text)
    const place = `${type}\0${this.#tenant}\0${text}`
    const known = this.#cache.get(place)
    if (known !== undefined) return known
    if (this.#cache.size >= this.#cacheMax) this.#cache.clear()
    const token = this.#compute(type, text)
    this.#cache.set(place, token)
    return token
  }

  #compute(type: string, text: string): string {
    const mac = createHmac('sha256', this.#keyFor(type)).update(text).digest()
    return `<${type}:${base32(mac)}${this.#suffix}`
  }

  #keyFor(type: string): KeyObject {
    const purpose = `spanwarden pseudonym\0${type}\0${this.#tenant}`
    const known = this.#keys.get(purpose)
    if (known !== undefined) return known
    if (this.#keys.size >= KEYS_MAX) this.#keys.clear()
    const key = createSecretKey(createHmac('sha256', this.#master).update(purpose).digest())
    this.#keys.set(purpose, key)
    return key
  }
}

/** Derived keys kept, one for each tenant and type. */
const KEYS_MAX = 10_000
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (let at = 0; text.length < PSEUDONYM_CHARS;) {
    if (held < 5) {
      bits = ((bits & 31) << 8) | (bytes[at++] as number)
      held += 8
    }
    held -= 5
    text += ALPHABET[(bits >> held) & 31] as string
  }
  return text
}
