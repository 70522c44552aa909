import { createHash, timingSafeEqual } from 'node:crypto'
import { BCRYPT_COST_MAX, matchesBcrypt, parseBcrypt } from './bcrypt.ts'

/** Checks a password against one line of a file of Apache's htpasswd. */
export interface HtpasswdEntry {
  /** As in the file; tells one state of an entry from another. */
  readonly encoded: string
  matches(password: string): boolean | Promise<boolean>
}

const USERS_MAX = 10_000

/**
 * Reads lines of `user:password`, where the password is bcrypt (`htpasswd -B`), apr1 or $1$ (MD5), {SHA}, {SSHA} or plain text. The last line of a user counts.
 * Throws with the number of a line that can't be used, never with its text.
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, HtpasswdEntry> {
  const entries = new Map<string, HtpasswdEntry>()
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const encoded = line.slice(colon + 1)
    if (colon < 1 || encoded === '') throw new Error(`htpasswd: line ${i + 1} is not user:password`)
    const matches = matcherOf(encoded)
    if (typeof matches === 'string') throw new Error(`htpasswd: line ${i + 1}: ${matches}`)
    entries.set(line.slice(0, colon), { encoded, matches })
    if (entries.size > USERS_MAX) throw new Error(`htpasswd: more than ${USERS_MAX} users`)
  }
  if (entries.size === 0) throw new Error('htpasswd: there is no user in it')
  return entries
}

/** A text says what is wrong. */
function matcherOf(encoded: string): HtpasswdEntry['matches'] | string {
  if (encoded.startsWith('$2')) {
    const hash = parseBcrypt(encoded)
    if (hash === undefined) return `not bcrypt of version 2a, 2b or 2y with a cost of 4 to ${BCRYPT_COST_MAX}`
    return (password) => matchesBcrypt(password, hash)
  }
  const [, prefix = '', salt = '', md5 = ''] = /^(\$apr1\$|\$1\$)([^$]{0,8})\$([./0-9A-Za-z]{22})$/.exec(encoded) ?? []
  if (prefix !== '') return (password) => isSame(md5Crypt(password, salt, prefix), md5)
  if (encoded.startsWith('{SHA}')) return sha1Matcher(encoded.slice('{SHA}'.length), true)
  if (encoded.startsWith('{SSHA}')) return sha1Matcher(encoded.slice('{SSHA}'.length), false)
  // What looks like a hash is no plain text: the hash itself would be the password.
  if (/^[${]/.test(encoded)) return 'this kind of hash is not known here; make one with htpasswd -B'
  return (password) => isSame(password, encoded)
}

const SHA1_BYTES = 20

function sha1Matcher(base64: string, isUnsalted: boolean): HtpasswdEntry['matches'] | string {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length < SHA1_BYTES || (isUnsalted && bytes.length > SHA1_BYTES))
    return 'the hash has not the length of SHA-1'
  const [digest, salt] = [bytes.subarray(0, SHA1_BYTES), bytes.subarray(SHA1_BYTES)]
  return (password) => timingSafeEqual(createHash('sha1').update(password).update(salt).digest(), digest)
}

/** In the same time for every text of whatever length. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

const MD5_ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** In which order the bytes of the digest are written, three at a time. */
const MD5_ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5]

/** The MD5 of FreeBSD's crypt (`$1$`) and of Apache (`$apr1$`). */
function md5Crypt(password: string, saltText: string, prefix: string): string {
  const md5 = (...parts: Uint8Array[]): Buffer => createHash('md5').update(Buffer.concat(parts)).digest()
  const [key, salt] = [Buffer.from(password, 'utf8'), Buffer.from(saltText, 'utf8')]
  const inner = md5(key, salt, key)
  const start: Uint8Array[] = [key, Buffer.from(prefix), salt]
  for (let left = key.length; left > 0; left -= 16) start.push(inner.subarray(0, Math.min(left, 16)))
  for (let left = key.length; left > 0; left >>= 1) start.push((left & 1) === 1 ? Buffer.alloc(1) : key.subarray(0, 1))
  let digest = md5(...start)
  const nothing = Buffer.alloc(0)
  for (let i = 0; i < 1000; i++) {
    const [first, last] = (i & 1) === 1 ? [key, digest] : [digest, key]
    digest = md5(first, i % 3 === 0 ? nothing : salt, i % 7 === 0 ? nothing : key, last)
  }
  let text = ''
  const write = (value: number, letters: number): void => {
    for (let i = 0; i < letters; i++) text += MD5_ALPHABET[(value >> (6 * i)) & 0x3f] ?? ''
  }
  for (let i = 0; i < MD5_ORDER.length; i += 3) {
    const [a = 0, b = 0, c = 0] = MD5_ORDER.slice(i, i + 3).map((at) => digest[at] ?? 0)
    write((a << 16) | (b << 8) | c, 4)
  }
  write(digest[11] ?? 0, 2)
  return text
}
