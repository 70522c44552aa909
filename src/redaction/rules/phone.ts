import { IN_LABEL } from '../keyed-value.ts'
import type { Rule } from '../rule.ts'
import { DIGIT, LETTER, NUMBER_GAP } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_DIGITS, TRIGGER_PLUS, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'
import { beginsHere, endsHere, extensionEnd, readNumber } from './phone-number.ts'

export const phone: Rule = {
  type: 'PHONE',
  family: 'contact',
  summary:
    'Phone numbers: international with `+` or `00`, North American with area code, with an extension, and any other near a word such as "phone", "call" or "fax".',
  source: 'ITU E.164; lengths by calling code from libphonenumber (Apache-2.0)',
  triggers: [TRIGGER_PLUS, TRIGGER_DIGITS, TRIGGER_WORD],
  words: (
    'phone phones telephone tel telefon telefono telefone telephon telefoon handy mobile mobil mobiel movil celular cell cellphone cellular landline ' +
    'fon fax telefax call called calling caller calls dial dialed dialling ring rang sms whatsapp signal text texted texting callback hotline helpline ' +
    'msisdn desk reach reached reachable contact answering voicemail message messages messaging registered pager office home work switchboard tollfree'
  ).split(' '),
  confidence: 0.8,
  find: findPhone,
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
      'London office «+44 (0)20 7946 0958»',
      'dial «001-748-088-2851x818»',
      'Handy «0151/23456789»',
      'you can call our office in Leeds on «01632 960 001»',
      'Tél. mobile : «06 12 34 56 78»',
      '«92 34 70»-Fax',
      '«0431 35 06 90» (mobile)',
      'support «555-231-4567 ext. 89»',
    ],
    misses: [
      'order 706-854-72971',
      '"ts":1768022457622',
      'call_id 12345678',
      'call_12345678901',
      '2020-12-04 12:00:00',
      'call me on 2020-12-04 at 12:30',
      'call about order 12345678',
      'the call took 12345678 ns',
      'SKU 6440747927',
      'dGhpcw+12345678aGVsbG8',
      '0.5551234567',
      'ISBN 978-7-445-79829-1',
      'call center, 2019-2020',
      'messages: 1,234,567',
    ],
  },
}

const PLUS = 0x2b

function findPhone(subject: Subject, at: number, trigger: number): boolean {
  if (trigger === TRIGGER_PLUS) return findInternational(subject, at)
  if (trigger === TRIGGER_DIGITS) return findNational(subject, at)
  if (at === IN_LABEL) return findAlone(subject)
  return findAhead(subject, at + 1) || findBefore(subject)
}

/** `at` is the first byte behind the plus. In one run of digits the length must be one of the country's; written in groups it is most likely a number anyway. */
function findInternational(subject: Subject, at: number): boolean {
  const plus = at - 1
  if (plus < subject.start || subject.isWord(plus - 1) || subject.at(plus - 1) === PLUS) return false
  const number = readNumber(subject, plus)
  if (number === undefined || number.digits < 7) return false
  if (!number.isPlanned && (number.groups === 1 || number.digits < 8)) return false
  return subject.matched(plus, number.to)
}

/** `at` is the last of eight bytes with seven or eight digits. */
function findNational(subject: Subject, at: number): boolean {
  const exchange = at - 7
  if (exchange < subject.start) return false
  return findNorthAmerican(subject, exchange) || findWritten(subject, exchange)
}

/** 555-231-4567, 555.231.4567, (555) 231-4567; with blanks only behind a word. */
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
  } else if (subject.at(exchange - 1) !== gap || gap === 0x20) return false
  if (subject.at(area) < 0x32 || subject.runEnd(area, DIGIT, 3) !== area + 3) return false
  if (subject.at(from - 2) === 0x31 && subject.is(from - 1, NUMBER_GAP) && !subject.isWord(from - 3)) from -= 2
  if (!beginsHere(subject, from)) return false
  return subject.matched(from, extensionEnd(subject, end))
}

/** Forms that are phone numbers without any word: 001-748-088-2851, (85) 5986-8343, 377-417-3759x42. */
function findWritten(subject: Subject, within: number): boolean {
  const from = startBefore(subject, within)
  const first = subject.at(from)
  const isLong = first === 0x30 && subject.at(from + 1) === 0x30
  if (first !== 0x28 && !isLong && !mayHaveExtension(subject, within)) return false
  if (!beginsHere(subject, from)) return false
  const number = readNumber(subject, from)
  if (number === undefined || number.to <= within || number.looksElse) return false
  const isKnown =
    (number.isPlanned && number.groups >= 3) ||
    (number.hasExtension && number.groups >= 3 && number.digits >= 10) ||
    (number.hasArea && number.groups >= 3 && number.digits >= 9 && number.digits <= 11)
  return isKnown && subject.matched(from, number.to)
}

/** An `x` follows the digits. */
const mayHaveExtension = (subject: Subject, within: number): boolean => {
  const end = subject.runEnd(within, DIGIT | NUMBER_GAP, 20)
  return (subject.at(end) | 0x20) === 0x78 || (subject.at(end) | 0x20) === 0x65
}

/** Where the groups of digits that reach to `position` begin. */
function startBefore(subject: Subject, position: number): number {
  const stop = Math.max(subject.start, position - NUMBER_BYTES_MAX)
  let from = position
  while (from > stop) {
    if (subject.is(from - 1, DIGIT)) from--
    else if (subject.is(from - 1, NUMBER_GAP) && subject.is(from - 2, DIGIT)) from -= 2
    else if (subject.at(from - 1) === 0x20 && subject.at(from - 2) === 0x29 && subject.is(from - 3, DIGIT)) from -= 3
    else break
  }
  subject.steps += position - from
  if (subject.at(from - 1) === 0x28 && subject.is(from, DIGIT)) from--
  return from
}

const NUMBER_BYTES_MAX = 28
/** How far behind a word its number may begin. */
const AHEAD_BYTES_MAX = 48
const AHEAD_WORDS_MAX = 7

const CUES = new WordSet((phone.words ?? []).join(' '))
/** Words between a cue and its number that change nothing: "phone number is …", "call me at …". */
const FILLERS = new WordSet(
  'number numbers no nr num is was are at on to the a my our your his her their me us him them from of for or and new old main direct primary secondary ' +
    'customer user s string value please via by with using us uk eu usa nummer numero numéro unter auf bei al au ist es est ou oder und anytime today',
)
/** Words that say what the digits are instead. */
const OTHERS = new WordSet(
  'order orders card cards account accounts ssn social ticket tickets reference ref id ids case invoice code codes tracking claim policy zip pin room flight passport ' +
    'license licence member employee confirmation reservation booking amount price total usd eur gbp npi mrn dea token tokens version port sku serial model isbn ' +
    'took lasted for after within bytes ms ns seconds duration timestamp hash commit line lines page pages since until between year years index offset size count ' +
    'limit length score step steps item items product quantity qty balance iban routing tax vat date dates',
)
/** May stand between a word and its number, when only fillers do. */
const GAPS = new Uint8Array(128)
for (const char of ' \t\r\n:="\'\\,.(#-_>*`/+;&|[') GAPS[char.charCodeAt(0)] = 1
/** The same when other words stand between: it is one sentence. */
const SENTENCE_GAPS = new Uint8Array(128)
for (const char of " ,:'(#-*") SENTENCE_GAPS[char.charCodeAt(0)] = 1

/** The number behind a word: next to it but for fillers, or further on in the sentence if it is written as a phone number is. */
function findAhead(subject: Subject, wordEnd: number): boolean {
  const { bytes } = subject
  const stop = Math.min(subject.end, wordEnd + AHEAD_BYTES_MAX)
  let isNext = true
  let isSentence = true
  let words = 0
  let at = wordEnd
  while (at < stop) {
    const byte = bytes[at] as number
    if (subject.is(at, DIGIT)) break
    if (subject.is(at, LETTER) && !subject.isEscapeLetter(at)) {
      const end = wordEndOf(subject, at)
      if (words++ === AHEAD_WORDS_MAX || CUES.has(bytes, at, end)) return missed(subject, at - wordEnd)
      if (!FILLERS.has(bytes, at, end)) {
        if (OTHERS.has(bytes, at, end)) return missed(subject, at - wordEnd)
        isNext = false
      }
      at = end
      continue
    }
    if (byte >= 0x80) isNext = isNext && byte === 0xc2
    else if (GAPS[byte] === 0 && !subject.is(at, LETTER)) return missed(subject, at - wordEnd)
    if (byte < 0x80 && SENTENCE_GAPS[byte] === 0) isSentence = false
    if (!isNext && !isSentence) return missed(subject, at - wordEnd)
    at++
  }
  subject.steps += at - wordEnd
  if (at >= stop || at === wordEnd) return false
  const before = subject.at(at - 1)
  if (before === 0x28 || before === PLUS) at--
  if (subject.at(at) === 0x28 && subject.at(at - 1) === PLUS) at--
  return isNext ? matchNext(subject, at) : matchInSentence(subject, at)
}

function missed(subject: Subject, steps: number): false {
  subject.steps += steps
  return false
}

function wordEndOf(subject: Subject, start: number): number {
  let at = start
  while (at < start + 24 && (subject.is(at, LETTER) || subject.at(at) >= 0x80)) at++
  return at
}

function matchNext(subject: Subject, from: number): boolean {
  if (!beginsHere(subject, from) || subject.at(from - 1) === 0x5f) return false
  const number = readNumber(subject, from)
  if (number === undefined || number.looksElse) return false
  if (number.digits < (number.groups >= 2 && !number.isInternational ? 6 : 7)) return false
  subject.confidence = 0.85
  return subject.matched(from, number.to)
}

function matchInSentence(subject: Subject, from: number): boolean {
  if (!beginsHere(subject, from) || subject.at(from - 1) === 0x5f) return false
  const number = readNumber(subject, from)
  if (number === undefined || number.looksElse) return false
  const isLikely = number.groups >= 2 ? number.digits >= 7 : number.digits === 10 || number.digits === 11
  if (!isLikely && !number.isPlanned) return false
  subject.confidence = 0.6
  return subject.matched(from, number.to)
}

const KINDS = new WordSet('phone tel telefon fax mobile mobil cell handy office home work desk landline')

/** The number before a word: 92 34 70-Fax, 0431 35 06 90 (mobile). */
function findBefore(subject: Subject): boolean {
  const { bytes, wordStart } = subject
  const mark = subject.at(wordStart - 1)
  let end = wordStart - 1
  if (mark === 0x28) {
    if (subject.at(end - 1) === 0x20) end--
  } else if (mark !== 0x2d) return false
  if (!subject.is(end - 1, DIGIT) || !KINDS.has(bytes, wordStart, wordStart + subject.word.length)) return false
  let from = startBefore(subject, end - 1)
  if (subject.at(from - 1) === PLUS) from--
  if (!beginsHere(subject, from)) return false
  const number = readNumber(subject, from)
  if (number === undefined || number.looksElse || number.to !== end || number.digits < 6) return false
  if (number.groups === 1 && number.digits < 7) return false
  return subject.matched(from, number.to)
}

/** A value whose label says that it is a phone number, and which is nothing else. */
function findAlone(subject: Subject): boolean {
  let from = subject.start
  while (from < subject.end && subject.at(from) === 0x20) from++
  return matchNext(subject, from)
}
