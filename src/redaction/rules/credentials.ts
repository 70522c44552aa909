import { hasCueBefore } from '../cues.ts'
import { IN_LABEL } from '../keyed-value.ts'
import { randomness } from '../randomness.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, BASE64, CLASS, DIGIT, SPACE, TOKEN } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_BEARER, TRIGGER_JWT, TRIGGER_PEM, TRIGGER_WORD } from '../triggers.ts'

export const privateKey: Rule = {
  type: 'PRIVATE_KEY',
  family: 'secrets',
  summary:
    'Private keys in PEM armour, whatever stands between its lines (escaped line ends, quotes, `>`); up to 16 kB, without an end to where the text stops looking like one.',
  triggers: [TRIGGER_PEM, TRIGGER_WORD],
  words: ['private'],
  confidence: 1,
  find: (subject, at, trigger) => (trigger === TRIGGER_WORD ? findLoosely(subject, at) : findPrivateKey(subject, at)),
  examples: {
    matches: [
      `«-----BEGIN RSA ${'PRIVATE'} KEY-----\nMIIB+/\n-----END RSA PRIVATE KEY-----»\n`,
      `{"key":"«-----BEGIN ${'PRIVATE'} KEY-----\\nMIIB\\n-----END PRIVATE KEY-----»\\n"}`,
      `«-----begin rsa ${'private'} key-----\nmiib+/{\n-----end rsa private key-----»`,
      `cut «-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\nb3BlbnNz»`,
      `> «-----BEGIN ${'PRIVATE'} KEY-----\n> MIIB\n> -----END PRIVATE KEY-----»`,
      `["«-----BEGIN ${'PRIVATE'} KEY-----","MIIB","-----END PRIVATE KEY-----»"]`,
      `«-----BEGIN PGP ${'PRIVATE'} KEY BLOCK-----\nVersion: GnuPG v2 (GNU/Linux)\n\nlQOY\n-----END PGP PRIVATE KEY BLOCK-----»`,
    ],
    misses: [
      '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
      '-----BEGIN CERTIFICATE-----',
      `const start = "-----BEGIN ${'PRIVATE'} KEY-----"`,
    ],
  },
}

export const jwt: Rule = {
  type: 'JWT',
  family: 'secrets',
  summary: 'JSON web tokens, signed and encrypted.',
  triggers: [TRIGGER_JWT],
  confidence: 1,
  find: findJwt,
  examples: {
    matches: [
      'token=«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN»&state=1',
      '"«eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.»"',
      'in capitals «EYJHBGCIOIJIUZI1NIJ9.EYJZDWIIOIIXMJM0NTY3ODKWIN0.DOZJGNRYP4J3JVMNX»',
      'jwe «eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7.XFBoMYUZodetZdvT»',
    ],
    misses: [
      'eyJhbGciOiJIUzI1NiJ9',
      'xeyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.doz',
      'eyJhbGciOiJIUzI1NiJ9.short',
    ],
  },
}

export const bearerToken: Rule = {
  type: 'BEARER_TOKEN',
  family: 'secrets',
  summary: 'What stands behind `Bearer`, in headers and in text.',
  triggers: [TRIGGER_BEARER],
  confidence: 0.85,
  context: ['authorization'],
  find: findBearerToken,
  examples: {
    matches: [
      'Authorization: Bearer «abcdefgh»',
      '"authorization":"bearer «0a1b2c3d4e5f6071»"',
      '-H "x: Bearer «AbCdEf0123456789+/==»"',
    ],
    misses: [
      'bearer authentication',
      'Bearer of bad news',
      'Authorization: Bearer [REDACTED:BEARER_TOKEN]',
      'authorization: Bearer ${TOKEN}',
      "headers: { Authorization: 'Bearer your-token' }",
    ],
  },
}

const PEM_BYTES_MAX = 16_384
/** Of a key whose end is missing: its armour alone is no secret. */
const BODY_BYTES_MIN = 8

/** `at` is the I of BEGIN. */
function findPrivateKey(subject: Subject, at: number): boolean {
  let from = at - 3
  for (let i = 0; i < 5 && subject.at(from - 1) === 0x2d; i++) from--
  if (at - 3 - from < 5 || !subject.hasText(at + 1, 'N ')) return false
  const labelEnd = pemLabelEnd(subject, at + 3)
  if (labelEnd < 0) return false
  const stop = Math.min(subject.end, labelEnd + PEM_BYTES_MAX)
  const end = pemEnd(subject, labelEnd, stop)
  if (end > 0) return subject.matched(from, end)
  let to = labelEnd
  for (; to < stop; to++) {
    const byte = subject.bytes[to] as number
    if (byte === 0x2d && subject.hasText(to, '-----')) {
      if (subject.hasText(to, '-----END ')) to = Math.max(to, armourEnd(subject, to + 9))
      break
    }
    if (((CLASS[byte] as number) & (BASE64 | SPACE)) === 0 && byte !== 0x5c && byte !== 0x3a && byte !== 0x2c) break
  }
  subject.steps += to - from
  while (to > labelEnd && (subject.is(to - 1, SPACE) || subject.at(to - 1) === 0x5c)) to--
  return to - labelEnd >= BODY_BYTES_MIN && subject.matched(from, to)
}

/** End of the armour, or -1. A bracket is not crossed: the text would be no JSON any more. */
function pemEnd(subject: Subject, start: number, stop: number): number {
  let at = start
  while (at < stop && !BRACKETS.has(subject.bytes[at] as number) && !subject.hasText(at, '-----')) at++
  subject.steps += at - start
  return at < stop && subject.hasText(at, '-----END ') ? armourEnd(subject, at + 9) : -1
}

const LABEL_BYTES_MAX = 110

/** In any case, and with the armour's end in any form: `-----begin x private key----- … key-----`. `at` is the last letter of "private". */
function findLoosely(subject: Subject, at: number): boolean {
  if (at === IN_LABEL || !isAnyCase(subject, at + 1, ' key')) return false
  const labelEnd = looseLabelEnd(subject, at + 5)
  if (labelEnd < 0) return false
  let from = subject.wordStart
  const first = Math.max(subject.start, from - LABEL_BYTES_MAX)
  while (from > first && (subject.is(from - 1, TOKEN) || subject.at(from - 1) === 0x20)) from--
  while (from < subject.wordStart && !isAnyCase(subject, from, '-----begin')) from++
  const stop = Math.min(subject.end, labelEnd + PEM_BYTES_MAX)
  let to = labelEnd
  while (to < stop && subject.at(to) !== QUOTE && (subject.at(to) !== 0x2d || looseLabelStart(subject, to) < 0)) to++
  subject.steps += to - from
  return from < subject.wordStart && to < stop && subject.at(to) === 0x2d && subject.matched(from, to + 5)
}

const QUOTE = 0x22

/** Behind the dashes of `key-----` or `key block-----`, where `at` is behind `key`; or -1. */
function looseLabelEnd(subject: Subject, at: number): number {
  const dashes = isAnyCase(subject, at, ' block') ? at + 6 : at
  return subject.hasText(dashes, '-----') ? dashes + 5 : -1
}

/** Where `key` begins before the dashes at `at`, or -1. */
function looseLabelStart(subject: Subject, at: number): number {
  if (!subject.hasText(at, '-----')) return -1
  const end = isAnyCase(subject, at - 6, ' block') ? at - 6 : at
  return isAnyCase(subject, end - 3, 'key') ? end - 3 : -1
}

function isAnyCase(subject: Subject, at: number, lowerCase: string): boolean {
  for (let i = 0; i < lowerCase.length; i++) {
    const expected = lowerCase.charCodeAt(i)
    if (subject.at(at + i) !== expected && (subject.at(at + i) | 0x20) !== expected) return false
  }
  return true
}

const BRACKETS: ReadonlySet<number> = new Set([0x5b, 0x5d, 0x7b, 0x7d])

/** End of `… PRIVATE KEY … -----`, or -1. */
function pemLabelEnd(subject: Subject, start: number): number {
  let at = start
  let isPrivate = false
  while (at < start + 48 && (subject.is(at, ALNUM) || subject.at(at) === 0x20)) {
    if (subject.hasText(at, 'PRIVATE KEY')) isPrivate = true
    at++
  }
  return isPrivate && subject.hasText(at, '-----') ? at + 5 : -1
}

function armourEnd(subject: Subject, start: number): number {
  let at = start
  while (at < start + 48 && (subject.is(at, ALNUM) || subject.at(at) === 0x20)) at++
  return subject.hasText(at, '-----') ? at + 5 : at
}

const JWT_PARTS_MAX = 5

/** `at` is the J of eyJ. */
function findJwt(subject: Subject, at: number): boolean {
  const from = at - 2
  if (from < subject.start || subject.isWord(from - 1)) return false
  let to = subject.tokenEnd(at + 1)
  if (to - from < 12 || subject.at(to) !== 0x2e) return false
  // Without an encrypted key (direct encryption, RFC 7516) the second part is empty.
  if (subject.at(to + 1) === 0x2e) to++
  const payloadEnd = subject.tokenEnd(to + 1)
  if (payloadEnd - to - 1 < 8) return false
  to = payloadEnd
  for (let parts = 2; parts < JWT_PARTS_MAX && subject.at(to) === 0x2e; parts++) to = subject.tokenEnd(to + 1)
  return subject.matched(from, to)
}

const AUTHORIZATION: ReadonlySet<string> = new Set(bearerToken.context)
const HEADER_TOKEN_BYTES_MIN = 6
const TOKEN_BYTES_MIN = 16

/** `at` is the r in the middle of "bearer". */
function findBearerToken(subject: Subject, at: number): boolean {
  let from = at + 4
  while (subject.at(from) === 0x20 && from < at + 8) from++
  const to = trimmedEnd(subject, from, subject.runEnd(from, BASE64, subject.end))
  if (to - from < HEADER_TOKEN_BYTES_MIN) return false
  if (to - from < TOKEN_BYTES_MIN || !hasTwoDigits(subject, from, to)) {
    if (!hasCueBefore(subject, at - 3, AUTHORIZATION)) return false
  }
  return !isPlaceholder(subject, from, to) && subject.matched(from, to)
}

/** `my-token`, `user-123-token`: words that stand for a token. */
function isPlaceholder(subject: Subject, from: number, to: number): boolean {
  let joints = 0
  for (let at = from; at < to; at++) if (subject.at(at) === 0x2d || subject.at(at) === 0x5f) joints++
  const score = randomness(subject.bytes, from, to)
  return to - from < PLACEHOLDER_BYTES_MAX && score < (joints > 0 ? 0 : WORD_MAX)
}

const PLACEHOLDER_BYTES_MAX = 32
/** Of randomness: `override` is a word. */
const WORD_MAX = -5

/** Without the full stop of a sentence. */
function trimmedEnd(subject: Subject, from: number, to: number): number {
  let end = to
  while (end > from && subject.at(end - 1) === 0x2e) end--
  return end
}

function hasTwoDigits(subject: Subject, from: number, to: number): boolean {
  let digits = 0
  for (let at = from; at < to && at < from + 256; at++) if (subject.is(at, DIGIT) && ++digits === 2) return true
  return false
}
