import type { Rule } from '../rule.ts'
import { ALNUM, CLASS, DIGIT, LETTER, LOCAL } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_AT } from '../triggers.ts'
import { authorityStart, holdsSecret } from './url.ts'

export const email: Rule = {
  type: 'EMAIL',
  family: 'contact',
  summary: 'E-mail addresses (RFC 5321 as it is used: no address literals), with letters of all scripts.',
  triggers: [TRIGGER_AT],
  confidence: 0.95,
  find: findEmail,
  examples: {
    matches: [
      'mail «ada.lovelace+x@mail.example.co.uk», please',
      '{"user":"«o\'brien@example.com»"}',
      "'«a@b.io»'",
      'line\\n«nora@example.com»',
      '«josé@münchen.de».',
      '联系john@x.com联系'.replace('john@x.com', '«john@x.com»'),
      'https://x.example/?mail=«a@b.de»&c=1',
      '<mailto:«JOSÉ.PEÑA@EXAMPLE.ORG»>',
      'пиши: «иван.петров@почта.рф».',
      '«用户@例え.jp»',
      'to "«John Doe»"@example.com, please',
      '{"to":"\\"«john.q doe»\\"@example.com"}',
      'write to «राम@डाटामेल.भारत»',
    ],
    misses: [
      'git@github.com:org/repo.git',
      '@types/node@17.6.7',
      'user@localhost',
      'logo@2x.png',
      'lodash@4.17.21.tgz',
      '@Injectable() @Param',
      '[REDACTED:EMAIL]@x.com',
      '{"a":"b","@example.com":1}',
    ],
  },
}

const GIT = 'git'
/** Last labels of file names that look like an address: `logo@2x.png`. */
const FILE_ENDINGS = new Set(
  'png jpg jpeg gif svg webp ico css js mjs cjs ts tsx jsx json html tgz gz yaml yml lock'.split(' '),
)
const LOCAL_BYTES_MAX = 64
const DOMAIN_BYTES_MAX = 255

function findEmail(subject: Subject, at: number): boolean {
  if (subject.at(at - 1) === 0x22) return findQuoted(subject, at)
  const from = localStart(subject, at)
  if (from === at) return false
  const to = domainEnd(subject, at + 1)
  if (to < 0) return false
  if (at - from === 3 && subject.hasText(from, GIT)) return false
  const authority = authorityStart(subject, at)
  if (authority >= 0 && holdsSecret(subject, authority, at)) return false
  return subject.matched(from, to)
}

function localStart(subject: Subject, at: number): number {
  const { bytes } = subject
  const stop = Math.max(subject.start, at - LOCAL_BYTES_MAX)
  let from = at
  while (from > stop) {
    const byte = bytes[from - 1] as number
    if (((CLASS[byte] as number) & LOCAL) === 0) {
      if (!isSpacedLetter(subject, from - 1)) break
    } else if (byte === 0x27 && !(subject.is(from - 2, LETTER) && subject.is(from, LETTER))) break
    else if (subject.isEscapeLetter(from - 1)) break
    from--
  }
  // No letter of a script with blanks: the whole word must be the name.
  if (from === at) while (from > stop && (bytes[from - 1] as number) >= 0x80) from--
  subject.steps += at - from
  // The middle of a letter of several bytes, or punctuation before the address.
  while (from < at && (subject.at(from) & 0xc0) === 0x80) from++
  while (from < at && subject.at(from) < 0x80 && !subject.is(from, ALNUM) && subject.at(from) !== 0x5f) from++
  return from
}

/** "John Doe"@example.com, with escaped quotes in JSON: what stands between the quotes, which may be those of a JSON string. */
function findQuoted(subject: Subject, at: number): boolean {
  const isEscaped = subject.at(at - 2) === 0x5c
  const to = at - (isEscaped ? 2 : 1)
  const stop = Math.max(subject.start, to - LOCAL_BYTES_MAX)
  let from = to
  while (from > stop && subject.at(from - 1) >= 0x20 && subject.at(from - 1) !== 0x22 && subject.at(from - 1) !== 0x5c)
    from--
  subject.steps += at - from
  if (from === to || subject.at(from - 1) !== 0x22 || (subject.at(from - 2) === 0x5c) !== isEscaped) return false
  return domainEnd(subject, at + 1) > 0 && subject.matched(from, to)
}

/**
 * A byte of a letter in a script that puts blanks between words: Latin, Greek, Cyrillic, Arabic, Devanagari (U+00C0 to U+0FFF), but no ideograph, which
 * stands next to addresses without a blank.
 */
function isSpacedLetter(subject: Subject, position: number): boolean {
  let lead = position
  while (lead > position - 3 && (subject.at(lead) & 0xc0) === 0x80) lead--
  const byte = subject.at(lead)
  return (byte >= 0xc3 && byte <= 0xdf && position - lead < 2) || byte === 0xe0
}

/** End of a domain with at least one dot and a plausible top level, or -1. */
function domainEnd(subject: Subject, start: number): number {
  const stop = Math.min(subject.end, start + DOMAIN_BYTES_MAX)
  let to = start
  for (; to < stop; to++) {
    const byte = subject.bytes[to] as number
    if (byte === 0x2e ? !isLabelByte(subject.at(to + 1)) || subject.at(to - 1) === 0x2e : !isLabelByte(byte)) break
  }
  subject.steps += to - start
  while (to > start && subject.at(to - 1) === 0x2d) to--
  // Labels from the right, until one can be a top level.
  for (let labels = 0; labels < 8; labels++) {
    let label = to
    while (label > start && subject.at(label - 1) !== 0x2e) label--
    if (label === start) return -1
    const end = topLevelEnd(subject, label, to)
    if (end > 0) return isFileOrVersion(subject, start, label, end) ? -1 : end
    to = label - 1
  }
  return -1
}

const isLabelByte = (byte: number): boolean => ((CLASS[byte] as number) & ALNUM) !== 0 || byte === 0x2d || byte >= 0x80

/** End of the top level that begins at `label`: letters, punycode, or letters beyond ASCII alone. */
function topLevelEnd(subject: Subject, label: number, labelEnd: number): number {
  if (subject.at(label) >= 0x80) return labelEnd - label >= 4 ? labelEnd : -1
  if (subject.hasText(label, 'xn--')) return labelEnd
  const end = subject.runEnd(label, LETTER, 25)
  if (end - label < 2 || end - label > 24) return -1
  return end === labelEnd || subject.at(end) >= 0x80 ? end : -1
}

function isFileOrVersion(subject: Subject, start: number, label: number, end: number): boolean {
  const first = subject.runEnd(start, DIGIT, 8)
  if (first > start && subject.at(first) === 0x2e && subject.is(first + 1, DIGIT)) return true
  if (end - label > 4) return false
  let ending = ''
  for (let at = label; at < end; at++) ending += String.fromCharCode(subject.at(at) | 0x20)
  return FILE_ENDINGS.has(ending)
}
