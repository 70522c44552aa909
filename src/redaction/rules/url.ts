import type { Rule } from '../rule.ts'
import { CLASS, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_AT, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const urlCredentials: Rule = {
  type: 'URL_CREDENTIALS',
  family: 'secrets',
  summary: 'The password in a URL or connection string, or a token that stands alone before the `@`.',
  triggers: [TRIGGER_AT],
  confidence: 0.95,
  find: findUrlCredentials,
  examples: {
    matches: [
      'postgres://app:«FXqKCYvn»@db.internal:5432/prod',
      'redis://:«YjgyQqHD6$»@cache:6379/0',
      'https://u:«p@ss»@host/',
      'https://u:«${half»@host/',
      'cloning https://«x0a9b8c7d6e5f4a3b2c10d»@git.example.com/a.git',
    ],
    misses: [
      'ssh://git@github.com/x',
      'https://x.example/a:b@c',
      'mysql://u:${PASSWORD}@h',
      'a://u:[REDACTED:X]@h',
      'https://h?a:b@c',
      'https://user:password@example.com',
      'https://abc:xyz@example.com',
    ],
  },
}

export const url: Rule = {
  type: 'URL',
  family: 'network',
  summary: 'Addresses of the web, whole. Off by default: most of them are not personal, and traces are read by them.',
  source: 'RFC 3986',
  isDefault: false,
  triggers: [TRIGGER_WORD],
  words: ['http', 'https', 'ftp', 'ftps', 'ws', 'wss', 'www'],
  confidence: 0.9,
  find: findUrl,
  examples: {
    matches: [
      'see «https://example.com/u/nora?tab=1#top».',
      '{"url":"«http://localhost:8080/a%20b»"}',
      '(«www.example.org»)',
      '<«ftp://files.example.com/a.txt»>',
    ],
    misses: ['https is safe', 'http://', 'www', 'httpsx://a.b', 'the http:status key'],
  },
}

const AUTHORITY_BYTES_MAX = 288

/** Where the authority of the URL begins that the `@` stands in, or -1. */
export function authorityStart(subject: Subject, at: number): number {
  if (subject.authorityAt === at) return subject.authorityStart
  const { bytes } = subject
  const stop = Math.max(subject.start, at - AUTHORITY_BYTES_MAX)
  let from = at
  let result = -1
  while (from > stop) {
    // Two @ in one authority: the first has been looked at.
    if (from === subject.authorityAt) {
      result = subject.authorityStart
      break
    }
    const byte = bytes[from - 1] as number
    if (byte === 0x2f) {
      if (subject.hasText(from - 3, '://') || subject.hasText(from - 5, ':\\/\\/')) result = from
      break
    }
    if (byte <= 0x20 || byte === 0x22 || byte === 0x5c || byte === 0x3c || byte === 0x3e || byte === 0x60) break
    if (byte === 0x3f || byte === 0x23) break // ? and #: the authority is over
    from--
  }
  subject.steps += at - from
  subject.authorityAt = at
  subject.authorityStart = result
  return result
}

/** Whether what stands before the `@` of a URL is for URL_CREDENTIALS to take out. */
export const holdsSecret = (subject: Subject, authority: number, at: number): boolean =>
  passwordStart(subject, authority, at) >= 0 || isLoneToken(subject, authority, at)

/** Where the password begins in the user information, or -1. The colon of a placeholder is none. */
function passwordStart(subject: Subject, authority: number, at: number): number {
  for (let i = authority; i < at; i++)
    if (subject.bytes[i] === 0x3a && !subject.hasText(i - 9, PLACEHOLDER)) return i + 1
  return -1
}

const PLACEHOLDER = '[REDACTED'
const TOKEN_BYTES_MIN = 20

function findUrlCredentials(subject: Subject, at: number): boolean {
  const authority = authorityStart(subject, at)
  if (authority < 0 || authority === at) return false
  const password = passwordStart(subject, authority, at)
  subject.steps += at - authority
  if (password < 0) return isLoneToken(subject, authority, at) && subject.matched(authority, at)
  if (password === at || isTemplate(subject, password, at)) return false
  return subject.matched(password, at)
}

function isLoneToken(subject: Subject, from: number, to: number): boolean {
  if (to - from < TOKEN_BYTES_MIN) return false
  let digits = 0
  for (let at = from; at < to; at++) {
    const classes = CLASS[subject.bytes[at] as number] as number
    if ((classes & (DIGIT | LETTER)) === 0 && subject.at(at) !== 0x2d && subject.at(at) !== 0x5f) return false
    if ((classes & DIGIT) !== 0) digits++
  }
  return digits >= 2
}

/** What documentation writes in the place of a password. */
const NO_SECRETS = new WordSet('pass password passwd passphrase pwd secret xyz abc 123 xxx token user')

/** A variable or what is left of an earlier redaction. */
function isTemplate(subject: Subject, from: number, to: number): boolean {
  if (subject.hasText(from, PLACEHOLDER) && subject.at(to - 1) === 0x5d) return true
  const last = subject.at(to - 1)
  if (last === 0x7d && (subject.hasText(from, '${') || subject.hasText(from, '{{'))) return true
  if (last === 0x3e && subject.at(from) === 0x3c) return true
  if (NO_SECRETS.has(subject.bytes, from, to) || to - from === 1) return true
  for (let at = from; at < to; at++) if (subject.bytes[at] !== 0x2a) return false
  return true
}

// URLs

const URL_BYTES_MAX = 2048
/** Ends a URL in text; a backslash begins an escape. */
const ENDS_URL = new Uint8Array(256)
for (const char of ' \t\r\n"<>\\^`{|}[]') ENDS_URL[char.charCodeAt(0)] = 1

function findUrl(subject: Subject, at: number): boolean {
  const from = subject.wordStart
  if (at < subject.start || subject.isWord(from - 1)) return false
  const isWww = subject.word === 'www'
  const start = isWww ? at + 2 : at + 4
  if (isWww ? subject.at(at + 1) !== 0x2e : !subject.hasText(at + 1, '://')) return false
  // www. behind https:// belongs to that.
  if (isWww && subject.at(from - 1) === 0x2f) return false
  const stop = Math.min(subject.end, start + URL_BYTES_MAX)
  let to = start
  while (to < stop && ENDS_URL[subject.bytes[to] as number] === 0) to++
  subject.steps += to - start
  while (to > start && isClosing(subject.at(to - 1))) to--
  return to - start >= 3 && subject.matched(from, to)
}

/** Punctuation behind a URL rather than of it. */
const isClosing = (byte: number): boolean =>
  byte === 0x2e ||
  byte === 0x2c ||
  byte === 0x3b ||
  byte === 0x3a ||
  byte === 0x21 ||
  byte === 0x3f ||
  byte === 0x27 ||
  byte === 0x29
