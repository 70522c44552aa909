import { hasCueInText } from '../cues.ts'
import { IN_LABEL } from '../keyed-value.ts'
import { valueAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT, HEX, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_COLON, TRIGGER_DASH, TRIGGER_IPV4, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const ipAddress: Rule = {
  type: 'IP_ADDRESS',
  family: 'network',
  summary:
    'IPv4 and IPv6 addresses, those of private networks too (allowed_values keeps what should stay), but loopback, unspecified and broadcast; no version numbers.',
  triggers: [TRIGGER_IPV4, TRIGGER_COLON],
  confidence: 0.85,
  find: (subject, at, trigger) => (trigger === TRIGGER_IPV4 ? findIpv4(subject, at) : findIpv6(subject, at)),
  examples: {
    matches: [
      'http://«58.52.115.199»:8080/health',
      'X-Forwarded-For: «2001:db8::63fd», «99c2:f43b:b0df:d661:970:9a7e:e38b:1f2b»',
      'db/«10.1.2.3»:5432',
      'from [«fe80::4ccd:16e4:14b6:2298»]:443.',
      '«::ffff:192.0.2.7»',
      'Tunnel to «2001:db8:0:0:0:0:192.168.1.1»',
    ],
    misses: [
      'Chrome/114.0.5562.11 build 8.0.19.6',
      'version: 1.2.3.4',
      '127.0.0.1 0.0.0.0 ::1',
      '1.3.6.1.4.1.311',
      'std::vector a::b 02:11:45.755 fe80::',
      '300.1.1.1',
      'v1.2.3.4',
      'RFC 7518, Section 4.7.1.1',
    ],
  },
}

export const macAddress: Rule = {
  type: 'MAC_ADDRESS',
  family: 'network',
  summary:
    'MAC addresses, six pairs with colons or dashes; behind a word such as "MAC" also 0012.3456.789a and twelve digits in a row.',
  source: 'IEEE 802; dotted form of Cisco IOS',
  triggers: [TRIGGER_COLON, TRIGGER_DASH, TRIGGER_WORD],
  words: 'mac macs macaddr macaddress ether hwaddr lladdr bssid hardware physical'.split(' '),
  confidence: 0.9,
  find: (subject, at, trigger) =>
    trigger === TRIGGER_WORD ? findNamedMac(subject, at) : findMac(subject, at, trigger),
  examples: {
    matches: [
      'eth0 «3c:22:fb:9a:01:7e» up',
      '«3C-22-FB-9A-01-7E»',
      '"mac":"«aa:bb:cc:dd:ee:f0»"',
      'MAC: «0012.3456.789A»',
      'physical address is «aabb.ccdd.eeff».',
      'mac=«3c22fb9a017e»',
    ],
    misses: [
      '00:00:00:00:00:00',
      'ff:ff:ff:ff:ff:ff',
      '3c:22:fb:9a:01:7e:aa',
      '2024-01-24-02-11-45',
      '3c:22-fb:9a:01:7e',
      'mac 0012.3456.78',
      'Mac 123456789012',
      'physical facade',
    ],
  },
}

const VERSION_WORDS: ReadonlySet<string> = new Set(
  'version versions build release revision section sections sec chapter clause article paragraph appendix rfc rev firmware'.split(
    ' ',
  ),
)

/** `at` is the first digit of the third octet. */
function findIpv4(subject: Subject, at: number): boolean {
  const second = octetStart(subject, at - 2)
  const first = octetStart(subject, second - 2)
  const thirdEnd = subject.runEnd(at, DIGIT, 4)
  const end = subject.runEnd(thirdEnd + 1, DIGIT, 4)
  if (first < subject.start || subject.at(second - 1) !== 0x2e || subject.at(thirdEnd) !== 0x2e) return false
  const a = octet(subject, first, second - 1)
  const b = octet(subject, second, at - 1)
  const c = octet(subject, at, thirdEnd)
  const d = octet(subject, thirdEnd + 1, end)
  if (a < 0 || b < 0 || c < 0 || d < 0) return false
  if ((a === 127 && b === 0) || a === 0 || (a === 255 && b === 255)) return false
  if (subject.isWord(first - 1) || subject.isWord(end)) return false
  const before = subject.at(first - 1)
  if ((before === 0x2e || before === 0x2d) && subject.isWord(first - 2)) return false
  const next = subject.at(end)
  if ((next === 0x2e && subject.is(end + 1, DIGIT)) || (next === 0x2d && subject.is(end + 1, LETTER))) return false
  const isPort = next === 0x3a && subject.is(end + 1, DIGIT)
  if (before === 0x2f && subject.isWord(first - 2) && !isPort) return false
  if (hasCueInText(subject, first, VERSION_WORDS)) return false
  return subject.matched(before === 0x3a ? startOfMapped(subject, first) : first, end)
}

const MAPPED_BYTES_MAX = 30

/** Where the IPv6 address begins that ends with this IPv4 one (::ffff:192.0.2.7), else `first`. */
function startOfMapped(subject: Subject, first: number): number {
  let from = first
  let colons = 0
  let isCompressed = false
  while (from > first - MAPPED_BYTES_MAX && (subject.is(from - 1, HEX) || subject.at(from - 1) === 0x3a)) {
    from--
    if (subject.isEscapeLetter(from)) return first
    if (subject.at(from) !== 0x3a) continue
    colons++
    if (subject.at(from + 1) === 0x3a) isCompressed = true
  }
  subject.steps += first - from
  return (isCompressed || colons === 6) && !subject.isWord(from - 1) && subject.at(from - 1) !== 0x3a ? from : first
}

function octetStart(subject: Subject, last: number): number {
  let from = last
  while (from > last - 3 && subject.is(from - 1, DIGIT)) from--
  return from
}

/** Value of one to three digits without a leading zero, or -1. */
function octet(subject: Subject, from: number, to: number): number {
  if (to - from < 1 || to - from > 3 || (to - from > 1 && subject.at(from) === 0x30)) return -1
  let value = 0
  for (let at = from; at < to; at++) {
    if (!subject.is(at, DIGIT)) return -1
    value = value * 10 + subject.at(at) - 0x30
  }
  return value <= 255 ? value : -1
}

const IPV6_BYTES_MAX = 48

/** `at` is behind a colon. */
function findIpv6(subject: Subject, at: number): boolean {
  if (at <= subject.colonsUntil) return false
  let from = at - 1
  const stop = Math.max(subject.start, at - 6)
  while (
    from > stop &&
    (subject.is(from - 1, HEX) || subject.at(from - 1) === 0x3a) &&
    !subject.isEscapeLetter(from - 1)
  )
    from--
  let to = at
  const limit = Math.min(subject.end, at + IPV6_BYTES_MAX)
  while (to < limit && (subject.is(to, HEX) || subject.at(to) === 0x3a)) to++
  subject.steps += to - from
  subject.colonsUntil = to
  if (subject.isWord(from - 1) || subject.at(from - 1) === 0x3a) return false
  if (subject.at(to - 1) === 0x3a && subject.at(to - 2) !== 0x3a) to--
  if (subject.isWord(to) || subject.at(to) === 0x3a) return false
  return isIpv6(subject, from, to) && subject.matched(from, to)
}

/** Eight groups, or at least two around one double colon. */
function isIpv6(subject: Subject, from: number, to: number): boolean {
  let groups = 0
  let compressions = 0
  let at = from
  while (at < to) {
    if (subject.at(at) === 0x3a) {
      const isDouble = subject.at(at + 1) === 0x3a
      if (isDouble) compressions++
      else if (at === from || at + 1 === to) return false
      at += isDouble ? 2 : 1
      if (subject.at(at) === 0x3a) return false
      continue
    }
    const end = subject.runEnd(at, HEX, 5)
    if (end - at > 4) return false
    groups++
    at = end
  }
  if (compressions === 0) return groups === 8
  return compressions === 1 && groups >= 2 && groups <= 7 && hasDigit(subject, from, to)
}

function hasDigit(subject: Subject, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (subject.is(at, DIGIT)) return true
  return false
}

/** At a colon or dash of it: `at` is behind the colon, or on the last dash. */
function findMac(subject: Subject, at: number, trigger: number): boolean {
  const gap = trigger === TRIGGER_COLON ? 0x3a : 0x2d
  let from = (trigger === TRIGGER_COLON ? at - 1 : at) - 2
  for (let i = 0; i < 6 && subject.at(from - 1) === gap && isPair(subject, from - 3); i++) from -= 3
  if (subject.isWord(from - 1) || subject.at(from - 1) === gap) return false
  let isAllSame = true
  for (let i = 0; i < 6; i++) {
    if (!isPair(subject, from + i * 3) || (i < 5 && subject.at(from + i * 3 + 2) !== gap)) return false
    const byte = subject.at(from + i * 3)
    if (byte !== subject.at(from + i * 3 + 1) || byte !== subject.at(from)) isAllSame = false
  }
  subject.steps += 18
  const to = from + 17
  if (isAllSame || subject.isWord(to) || (subject.at(to) === gap && subject.is(to + 1, HEX))) return false
  if (gap === 0x2d && isAllDigits(subject, from)) return false // a date and a time
  return subject.matched(from, to)
}

const MAC_FILLERS = new WordSet('address addr addresses is of the id n')

/** Behind a word: 0012.3456.789a, 00123456789a. */
function findNamedMac(subject: Subject, at: number): boolean {
  const from = at === IN_LABEL ? subject.start : valueAhead(subject, at + 1, MAC_FILLERS, 32)
  if (from < 0 || subject.isWord(from - 1)) return false
  const to = subject.runEnd(from, HEX, 13)
  if (to - from === 12) {
    const isMixed = subject.runEnd(from, DIGIT, 12) < to && subject.runEnd(from, LETTER, 12) < to
    return isMixed && !subject.isWord(to) && subject.matched(from, to)
  }
  for (let group = 0; group < 3; group++) {
    const start = from + group * 5
    if (subject.runEnd(start, HEX, 5) !== start + 4 || (group < 2 && subject.at(start + 4) !== 0x2e)) return false
  }
  return !subject.isWord(from + 14) && subject.matched(from, from + 14)
}

const isPair = (subject: Subject, at: number): boolean => subject.is(at, HEX) && subject.is(at + 1, HEX)
const isAllDigits = (subject: Subject, from: number): boolean =>
  [0, 3, 6, 9, 12, 15].every((i) => subject.is(from + i, DIGIT) && subject.is(from + i + 1, DIGIT))
