import { hasCueBefore } from '../cues.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, CLASS, DIGIT, LETTER, LOCAL, NUMBER_GAP, SPACE } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_AT, TRIGGER_DIGITS, TRIGGER_PLUS } from '../triggers.ts'
import { authorityStart, holdsSecret } from './network.ts'

export const email: Rule = {
  type: 'EMAIL',
  family: 'contact',
  summary:
    'E-mail addresses (RFC 5321 as it is used: no quoted local parts, no address literals), also with letters beyond ASCII.',
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
    ],
    misses: [
      'git@github.com:org/repo.git',
      '@types/node@17.6.7',
      'user@localhost',
      'logo@2x.png',
      'lodash@4.17.21.tgz',
      '@Injectable() @Param',
      '[REDACTED:EMAIL]@x.com',
    ],
  },
}

export const phone: Rule = {
  type: 'PHONE',
  family: 'contact',
  summary:
    'Phone numbers: international with `+`, North American with area code, others behind a word such as "phone".',
  triggers: [TRIGGER_PLUS, TRIGGER_DIGITS],
  confidence: 0.8,
  context: (
    'phone phones telephone tel mobile cell cellphone fax call called calling dial ring sms whatsapp signal text texted ' +
    'callback hotline landline handy telefon fon msisdn'
  ).split(' '),
  find: (subject, at, trigger) =>
    trigger === TRIGGER_PLUS ? findInternational(subject, at) : findNational(subject, at),
  examples: {
    matches: [
      'Call «+14732691234» or «+41 80 012 3456» to confirm',
      'tel: «+1 (800) 212 3456»',
      '{"phone":"«+374-10-123-456»"}',
      'reach me at «706-854-7297» after 5pm',
      '«1-806-812-3431»',
      '«901.777.1563»',
      '«(227)664-8546x506»',
      'Fax: «9498777106»',
      '"customerPhone":"«0151 23456789»"',
      'Contact:\\n«555-231-4567»',
    ],
    misses: [
      'order 706-854-72971',
      '"ts":1768022457622',
      'call_id 12345678',
      '2020-12-04 12:00:00',
      'SKU 6440747927',
      'dGhpcw+12345678aGVsbG8',
      '0.5551234567',
      'ISBN 978-7-445-79829-1',
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
      if (!isLatinBeyondAscii(subject, from - 1)) break
    } else if (byte === 0x27 && !(subject.is(from - 2, LETTER) && subject.is(from, LETTER))) break
    else if (subject.isEscapeLetter(from - 1)) break
    from--
  }
  subject.steps += at - from
  // The middle of a letter of several bytes, or punctuation before the address.
  while (from < at && (subject.at(from) & 0xc0) === 0x80) from++
  while (from < at && subject.at(from) < 0x80 && !subject.is(from, ALNUM) && subject.at(from) !== 0x5f) from++
  return from
}

/** One of the two bytes of U+00C0 to U+02FF: é, but no ideograph, which stands next to addresses without a space. */
function isLatinBeyondAscii(subject: Subject, position: number): boolean {
  const byte = subject.at(position)
  const lead = byte >= 0xc0 ? byte : byte >= 0x80 ? subject.at(position - 1) : 0
  return lead >= 0xc3 && lead <= 0xcb
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

const CUES: ReadonlySet<string> = new Set(phone.context)
const PHONE_DIGITS_MAX = 15

/** `at` is the first byte behind the plus. */
function findInternational(subject: Subject, at: number): boolean {
  const plus = at - 1
  if (plus < subject.start || subject.isWord(plus - 1) || subject.at(plus - 1) === 0x2b) return false
  const first = subject.at(at) === 0x28 ? at + 1 : at
  if (subject.at(first) < 0x31 || !subject.is(first, DIGIT)) return false
  const isNorthAmerican = subject.at(first) === 0x31
  const end = numberEnd(subject, first, 8, isNorthAmerican ? 11 : PHONE_DIGITS_MAX)
  if (end < 0) return false
  return subject.matched(plus, extensionEnd(subject, end))
}

/** `at` is the last of eight bytes with seven or eight digits. */
function findNational(subject: Subject, at: number): boolean {
  const exchange = at - 7
  if (exchange < subject.start) return false
  return findNorthAmerican(subject, exchange) || findBehindCue(subject, exchange)
}

/** 555-231-4567, 555.231.4567, (555) 231-4567; with blanks only behind a cue. */
function findNorthAmerican(subject: Subject, exchange: number): boolean {
  const gap = subject.at(exchange + 3)
  if ((gap !== 0x2d && gap !== 0x2e && gap !== 0x20) || subject.at(exchange) < 0x32) return false
  const end = exchange + 8
  if (!endsHere(subject, end)) return false
  let area = exchange - 4
  let from = area
  if (subject.at(exchange - 1) === 0x29 || subject.at(exchange - 2) === 0x29) {
    area = subject.at(exchange - 1) === 0x29 ? exchange - 4 : exchange - 5
    from = area - 1
    if (subject.at(from) !== 0x28) return false
  } else if (subject.at(exchange - 1) !== gap) return false
  if (
    subject.at(area) < 0x32 ||
    !subject.is(area, DIGIT) ||
    !subject.is(area + 1, DIGIT) ||
    !subject.is(area + 2, DIGIT)
  )
    return false
  if (subject.at(from - 2) === 0x31 && subject.is(from - 1, NUMBER_GAP) && !subject.isWord(from - 3)) from -= 2
  if (!beginsHere(subject, from)) return false
  if (gap === 0x20 && from === area && !hasCueBefore(subject, from, CUES)) return false
  return subject.matched(from, extensionEnd(subject, end))
}

function findBehindCue(subject: Subject, within: number): boolean {
  let from = within
  const stop = Math.max(subject.start, within - 24)
  while (from > stop) {
    if (subject.is(from - 1, DIGIT)) from--
    else if (subject.is(from - 1, NUMBER_GAP) && subject.is(from - 2, DIGIT)) from -= 2
    else break
  }
  if (from < subject.start || !subject.is(from, DIGIT)) return false
  const end = numberEnd(subject, from, 7, PHONE_DIGITS_MAX)
  if (end <= within) return false
  if (subject.at(from - 1) === 0x28) from--
  if (!beginsHere(subject, from) || !hasCueBefore(subject, from, CUES)) return false
  return subject.matched(from, extensionEnd(subject, end))
}

/**
 * End of a number that begins at `start`: groups of digits with at most three separators between, as many as fit into `digitsMax` and end where a number can;
 * -1 when there is no such end with `digitsMin`.
 */
function numberEnd(subject: Subject, start: number, digitsMin: number, digitsMax: number): number {
  let end = -1
  let digits = 0
  let at = start
  for (;;) {
    const groupEnd = subject.runEnd(at, DIGIT, digitsMax + 1)
    digits += groupEnd - at
    if (groupEnd === at || digits > digitsMax) return end
    if (digits >= digitsMin && endsHere(subject, groupEnd)) end = groupEnd
    at = subject.runEnd(groupEnd, NUMBER_GAP, 3)
    if (at === groupEnd) return end
  }
}

function beginsHere(subject: Subject, from: number): boolean {
  if (subject.isWord(from - 1)) return false
  const before = subject.at(from - 1)
  return !((before === 0x2d || before === 0x2e || before === 0x2b) && subject.is(from - 2, DIGIT))
}

function endsHere(subject: Subject, end: number): boolean {
  const next = subject.at(end)
  if (subject.is(end, DIGIT)) return false
  if (subject.is(end, LETTER)) return (next | 0x20) === 0x78 && subject.is(end + 1, DIGIT)
  return !((next === 0x2d || next === 0x2e) && subject.is(end + 1, DIGIT))
}

/** End of ` x123` or ` ext. 123` behind a number. */
function extensionEnd(subject: Subject, end: number): number {
  let at = end
  if (subject.is(at, SPACE)) at++
  if ((subject.at(at) | 0x20) === 0x78) at++
  else if (subject.hasText(at, 'ext')) at += 3
  else return end
  at = subject.at(at) === 0x2e ? at + 1 : at
  at = subject.at(at) === 0x20 ? at + 1 : at
  const digitsEnd = subject.runEnd(at, DIGIT, 6)
  return digitsEnd > at && digitsEnd - at < 6 && !subject.isWord(digitsEnd) ? digitsEnd : end
}
