import { IN_LABEL, keyedValue } from '../keyed-value.ts'
import { randomness } from '../randomness.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, BASE64, DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { SCHEME_BYTES_MIN } from '../word-needs.ts'

export const basicAuth: Rule = {
  type: 'BASIC_AUTH',
  family: 'secrets',
  summary: 'User name and password of HTTP: in base64 behind `Basic`, or in `curl -u`.',
  source: 'RFC 7617',
  triggers: [TRIGGER_WORD],
  words: ['basic', 'curl'],
  needs: (word) => ({ isScheme: word === 'basic' }),
  confidence: 0.9,
  find: (subject, at) =>
    at !== IN_LABEL && (subject.word === 'curl' ? findCurlUser(subject, at) : findBasic(subject, at)),
  examples: {
    matches: [
      `Authorization: Basic «YWxhZGRpbjpvcGVuc2VzYW1l»`,
      `{\\"authorization\\":\\"Basic «dXNlcjpwYXNz»\\"}`,
      `curl -s -u '«ann:hunt${'er2'}»' https://example.com`,
      `curl --user «ann:hunt${'er2'}» https://example.com`,
    ],
    misses: [
      'Basic authentication',
      'basic training',
      'curl -u $USER:$PASSWORD https://x',
      'Basic dHJhaW5pbmcgY291cnNl',
      'curl https://x -u name',
    ],
  },
}

export const cookie: Rule = {
  type: 'COOKIE',
  family: 'secrets',
  summary:
    'Cookies in headers, if one of them is no setting but an identifier: all of `Cookie`, the value of `Set-Cookie`.',
  source: 'RFC 6265',
  triggers: [TRIGGER_WORD],
  words: ['cookie'],
  confidence: 0.85,
  find: findCookie,
  examples: {
    matches: [
      'Cookie: «theme=dark; sid=8f3kQz71LmX0pW»',
      `Set-Cookie: sid=«8f3kQz71LmX0pW»; Path=/; HttpOnly`,
      `{"cookie":"«_ga=GA1.2.1234567890.1699999999»"}`,
      `-H 'cookie: «a=8f3kQz71LmX0pW; b=1»' -H 'Accept: */*'`,
    ],
    misses: [
      'Cookie: theme=dark; lang=en',
      'cookie: options.cookie',
      'the cookie is fresh',
      'document.cookie = "a=b; path=/"',
    ],
  },
}

const SPACE = 0x20
const COLON = 0x3a
const EQUALS = 0x3d
const SEMICOLON = 0x3b
const DOLLAR = 0x24

/** `at` is the c of "basic". */
function findBasic(subject: Subject, at: number): boolean {
  let from = at + 1
  while (subject.at(from) === SPACE && from < at + 5) from++
  if (from === at + 1) return false
  const to = subject.runEnd(from, BASE64, BASIC_BYTES_MAX)
  return to - from >= SCHEME_BYTES_MIN && holdsColon(subject, from, to) && subject.matched(from, to)
}

const BASIC_BYTES_MAX = 1024

/** Decoded it is printable ASCII with a colon: nothing else that stands behind "basic" is. */
function holdsColon(subject: Subject, from: number, to: number): boolean {
  let bits = 0
  let count = 0
  let hasColon = false
  for (let at = from; at < to && subject.at(at) !== EQUALS; at++) {
    const value = BASE64_VALUE[subject.at(at)] as number
    if (value === NO_VALUE) return false
    bits = ((bits << 6) | value) & 0xffff
    count += 6
    if (count < 8) continue
    count -= 8
    const byte = (bits >> count) & 0xff
    if (byte < SPACE || byte === 0x7f) return false
    if (byte === COLON) hasColon = true
  }
  subject.steps += to - from
  return hasColon
}

const NO_VALUE = 255
const BASE64_VALUE = new Uint8Array(256).fill(NO_VALUE)
for (const [value, char] of Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').entries())
  BASE64_VALUE[char.charCodeAt(0)] = value

const CURL_BYTES_MAX = 512

/** `at` is the l of "curl". */
function findCurlUser(subject: Subject, at: number): boolean {
  const option = userOption(subject, at + 1)
  if (option < 0) return false
  let from = option
  while (from < option + 8 && (subject.at(from) === SPACE || subject.at(from) === EQUALS)) from++
  const quote = subject.at(from) === 0x22 || subject.at(from) === 0x27 ? subject.at(from) : SPACE
  const isQuoted = quote !== SPACE
  if (isQuoted) from++
  let to = from
  let hasColon = false
  const stop = Math.min(subject.end, from + CURL_BYTES_MAX)
  while (to < stop && subject.at(to) !== quote && !endsUser(subject, to, isQuoted)) {
    if (subject.at(to) === COLON) hasColon = true
    to++
  }
  subject.steps += to - at
  return hasColon && to - from >= 4 && subject.at(from) !== DOLLAR && subject.matched(from, to)
}

/** The quote of a string around the command, or a blank. */
function endsUser(subject: Subject, at: number, isQuoted: boolean): boolean {
  const byte = subject.at(at)
  if (byte === 0x5c) return !isQuoted || subject.at(at + 1) === 0x22 || subject.at(at + 1) === 0x5c
  return byte === 0x22 || (!isQuoted && byte <= SPACE)
}

/** Behind ` -u` or ` --user` of the command, or -1. The next command has its own. */
function userOption(subject: Subject, start: number): number {
  const stop = Math.min(subject.end, start + CURL_BYTES_MAX)
  let found = -1
  let at = start
  for (; at < stop && found < 0; at++) {
    const byte = subject.at(at)
    if (byte === 0x63 && subject.hasText(at, 'curl')) break
    if (byte > SPACE) continue
    if (subject.hasText(at + 1, '--user') && !subject.is(at + 7, ALNUM) && subject.at(at + 7) !== 0x2d) found = at + 7
    else if (subject.hasText(at + 1, '-u') && !subject.is(at + 3, ALNUM)) found = at + 3
  }
  subject.steps += at - start
  return found
}

const COOKIE_BYTES_MAX = 8192

/** `at` is the last letter of "cookie". */
function findCookie(subject: Subject, at: number): boolean {
  const value = keyedValue(subject, at)
  if (value === undefined || value.delimiter === 'open' || value.isProse) return false
  const isSet = isSetCookie(value.keyBytes, value.keyTo)
  const end = Math.min(value.lineTo, value.from + COOKIE_BYTES_MAX)
  let from = value.from
  let to = value.from
  let isSecret = false
  while (to < end) {
    const pairEnd = endOfPair(subject, to, end)
    const equals = indexOf(subject, EQUALS, to, pairEnd)
    if (equals < 0) break
    if (isIdentifier(subject, equals + 1, pairEnd)) isSecret = true
    if (isSet) {
      from = equals + 1
      to = pairEnd
      break
    }
    to = pairEnd
    if (subject.at(to) !== SEMICOLON || subject.at(to + 1) !== SPACE) break
    if (indexOf(subject, EQUALS, to + 2, endOfPair(subject, to + 2, end)) < 0) break
    to += 2
  }
  return isSecret && subject.matched(from, to)
}

/** The name ends with `Set-Cookie`, or as `set_cookie` or `setCookie` do. */
function isSetCookie(bytes: Uint8Array, keyTo: number): boolean {
  for (let at = keyTo - 10; at <= keyTo - 9; at++)
    if (
      ((bytes[at] ?? 0) | 0x20) === 0x73 &&
      ((bytes[at + 1] ?? 0) | 0x20) === 0x65 &&
      ((bytes[at + 2] ?? 0) | 0x20) === 0x74
    )
      return true
  return false
}

const NOT_IN_COOKIES = new Set(Array.from(' \t\r\n"\'`\\;,<>{}()', (char) => char.charCodeAt(0)))

function endOfPair(subject: Subject, from: number, stop: number): number {
  let at = from
  while (at < stop && !NOT_IN_COOKIES.has(subject.at(at))) at++
  subject.steps += at - from
  return at
}

function indexOf(subject: Subject, byte: number, from: number, to: number): number {
  for (let at = from; at < to; at++) if (subject.at(at) === byte) return at
  return -1
}

/** Long, and no word. */
function isIdentifier(subject: Subject, from: number, to: number): boolean {
  if (to - from < 8) return false
  let digits = 0
  for (let at = from; at < to; at++) if (subject.is(at, DIGIT)) digits++
  return digits >= 2 && (digits * 2 > to - from || randomness(subject.bytes, from, to) > 0)
}
