import { IN_LABEL } from '../keyed-value.ts'
import { numberAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT, LETTER, NUMBER_GAP, SPACE } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_DIGITS, TRIGGER_PLUS, TRIGGER_TRIPLES, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'
import { beginsHere, endsHere, extensionEnd, readNumber } from './phone-number.ts'
import type { WrittenNumber } from './phone-number.ts'

export const phone: Rule = {
  type: 'PHONE',
  family: 'contact',
  summary:
    'Phone numbers: international with `+` or `00`, North American with area code, with an extension, and any other near a word such as "phone", "call" or "fax".',
  source: 'ITU E.164; lengths by calling code from libphonenumber (Apache-2.0)',
  triggers: [TRIGGER_PLUS, TRIGGER_DIGITS, TRIGGER_TRIPLES, TRIGGER_WORD],
  words: (
    'phone phones telephone ph tel tels fono telefon telefonnummer telefono telefone telephon telefoon handy mobile mobil mobiel movil celular cell cellphone cellular landline ' +
    'mob handynummer rufnummer mobilnummer fon fax telefax call called calling caller calls dial dialed dialling toll ring rang sms whatsapp whats signal text texted texting callback hotline helpline ' +
    'msisdn desk reach reached reachable contact kontakt answering voicemail message messages messaging registered pager office home work switchboard tollfree'
  ).split(' '),
  needs: { digits: [32, 56] },
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
      'phone: «62889», thanks',
      'you can reach Dr. Kim on «33 5577 8899», Jane («0117 364 5991»), (fax) «0117 364 599»',
      '{"phone_number":"«62889»"}',
      'Teléfono: «931 19 91 02»',
      '«0232 123 45 67», «0-532-123-45-67»',
      'T: «201 496 012» | F: «201 496 013»',
      'call me on «450 0840 or 467 3395».',
      '{"n":"«+22985751234»"}',
      'Toll-free: «8005551234». Available',
      '«25 833387»-Office\\,«001-432-815-4117»-Fax',
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
      '"Headphones": "6992792935", "Smartphone": "1801728040"',
      'messages: 1,234,567',
      'Their office is at 17031 2202 Main',
      'fix the error message\n1.0.0 / 2015-02-01',
    ],
  },
}

const PLUS = 0x2b

function findPhone(subject: Subject, at: number, trigger: number): boolean {
  if (trigger === TRIGGER_PLUS) return findInternational(subject, at)
  if (trigger === TRIGGER_DIGITS) return findNational(subject, at)
  if (trigger === TRIGGER_TRIPLES) return findWritten(subject, at)
  if (at === IN_LABEL) return findAlone(subject)
  const end = endBefore(subject, at + 1)
  return end < 0 ? findAhead(subject, at + 1) : findBefore(subject, end)
}

/** `at` is the first byte behind the plus. The length should be one of the country's; long ones and those written in groups are most likely numbers anyway. */
function findInternational(subject: Subject, at: number): boolean {
  const plus = at - 1
  if (plus < subject.start || subject.isWord(plus - 1) || subject.at(plus - 1) === PLUS) return false
  const number = readNumber(subject, plus)
  if (number === undefined || number.digits < 7) return false
  const isLikely = number.groups > 1 ? number.digits >= 8 : number.isCoded && number.digits >= 10
  if (!number.isPlanned && !isLikely) return false
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

/** Forms that are phone numbers without any word: 001-748-088-2851, 0117 364 5991, (85) 5986-8343, 377-417-3759x42. */
function findWritten(subject: Subject, within: number): boolean {
  const from = startBefore(subject, within)
  const first = subject.at(from)
  const isMarked = isLetterMarked(subject, from)
  if (first !== 0x28 && first !== 0x30 && !isMarked && !mayHaveExtension(subject, within)) return false
  const number = numberAt(subject, from)
  if (number === undefined || number.to <= within || number.looksElse) return false
  const isKnown =
    (isMarked && number.groups >= 2 && number.digits >= 7) ||
    (number.isPlanned && number.groups >= 3) ||
    (number.hasTrunkZero && number.groups >= 3 && number.groups <= 5 && number.digits >= 10 && number.digits <= 11) ||
    (number.hasExtension && number.groups >= 3 && number.digits >= 10) ||
    (number.hasArea && number.groups >= 3 && number.digits >= 9 && number.digits <= 11)
  return isKnown && subject.matched(number.from, number.to)
}

/** `T: 0117 496 0123`, `M: …` as in signatures. */
function isLetterMarked(subject: Subject, from: number): boolean {
  const colon = subject.at(from - 1) === 0x20 ? from - 2 : from - 1
  const letter = subject.at(colon - 1) | 0x20
  const isMark = letter === 0x74 || letter === 0x70 || letter === 0x6d || letter === 0x66 || letter === 0x63
  return subject.at(colon) === 0x3a && isMark && !subject.isWord(colon - 2)
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
/** Nouns that stand for a number by themselves. */
const NOUNS = new WordSet(
  'phone phones telephone ph tel tels fono telefon telefonnummer telefono telefone mobile mobil movil celular cellphone landline fax msisdn',
)
/** Words that mostly have another meaning: a colon must follow. */
const PLACES = 'office home work desk'.split(' ')
const PLACE_WORDS = new WordSet(PLACES.join(' '))
/** Words that make nothing of a plain run of digits further on. */
const LOOSE = new WordSet('message messages messaging text texted texting ring rang registered signal switchboard')
/** How far behind a word its number may begin. */
const AHEAD_BYTES_MAX = 48

/** Words between a cue and its number that change nothing: "phone number is …", "call me at …". */
const FILLERS = new WordSet(
  'app number numbers no nr num is was are at on to the a my our your his her their me us him them from of for or and new old main direct primary secondary ' +
    'customer user s string value please via by with using us uk eu usa nummer numero numéro unter auf bei al au ist es est ou oder und anytime today free here now home office work',
)
/** Words that say what the digits are instead. */
const OTHERS = new WordSet(
  `${(phone.words ?? []).filter((word) => !PLACES.includes(word)).join(' ')} ` +
    'order orders card cards account accounts ssn social ticket tickets reference ref id ids case invoice code codes tracking claim policy zip pin room flight passport ' +
    'license licence member employee confirmation reservation booking amount price total usd eur gbp npi mrn dea token tokens version port sku serial model isbn ' +
    'took lasted for after within bytes ms ns seconds duration timestamp hash commit line lines page pages since until between year years index offset size count ' +
    'limit length score step steps item items product quantity qty balance iban routing tax vat date dates',
)
const ANNOUNCED = { fillers: FILLERS, others: OTHERS, isSentence: true, bytesMax: AHEAD_BYTES_MAX }

/** The number behind a word: next to it but for fillers, or further on in the sentence if it is written as a phone number is. */
function findAhead(subject: Subject, wordEnd: number): boolean {
  const { bytes, wordStart } = subject
  if (subject.is(wordStart - 1, LETTER) && isDevice(subject, wordStart)) return false
  const isLabelled = subject.at(wordEnd) === 0x3a || subject.at(wordEnd) === 0x22
  if (!isLabelled && PLACE_WORDS.has(bytes, wordStart, wordEnd)) return false
  const ahead = numberAhead(subject, wordEnd, ANNOUNCED)
  if (ahead.at <= wordEnd) return false
  let { at } = ahead
  const { isNext } = ahead
  const before = subject.at(at - 1)
  if (before === 0x28 || before === PLUS) at--
  if (subject.at(at) === 0x28 && subject.at(at - 1) === PLUS) at--
  if (isNext) {
    const isKey = NOUNS.has(bytes, wordStart, wordEnd) && hasColon(subject, wordEnd, at)
    return matchNext(subject, at, isKey ? 5 : 7)
  }
  return matchInSentence(subject, at, LOOSE.has(bytes, wordStart, wordEnd))
}

const DEVICES = new WordSet('head smart ear micro i saxo mega xylo gramo vibra')

/** "headphones" end like a word for a number. */
function isDevice(subject: Subject, wordStart: number): boolean {
  let from = wordStart
  while (from > wordStart - 8 && subject.is(from - 1, LETTER)) from--
  return DEVICES.has(subject.bytes, from, wordStart)
}

function hasColon(subject: Subject, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (subject.at(at) === 0x3a || subject.at(at) === 0x3d) return true
  return false
}

/** The number at `from`, or behind the bracket there, which may be none of the number's: "Jane (0117 364 5991)". */
function numberAt(subject: Subject, from: number): WrittenNumber | undefined {
  if (!beginsHere(subject, from) || subject.at(from - 1) === 0x5f) return undefined
  return readNumber(subject, from) ?? (subject.at(from) === 0x28 ? readNumber(subject, from + 1) : undefined)
}

function matchNext(subject: Subject, from: number, digitsMin: number): boolean {
  const number = numberAt(subject, from)
  if (number === undefined || number.looksElse) return false
  const isGrouped = number.groups >= 2 && !number.isInternational
  if (number.digits < (isGrouped ? Math.min(digitsMin, 6) : digitsMin)) return false
  subject.confidence = 0.85
  const { from: first, to, digits } = number
  return subject.matched(first, endOfSecond(subject, to, digits))
}

function matchInSentence(subject: Subject, from: number, isLoose: boolean): boolean {
  const number = numberAt(subject, from)
  if (number === undefined || number.looksElse) return false
  const isLikely = number.groups >= 2 ? number.digits >= 7 : !isLoose && (number.digits === 10 || number.digits === 11)
  if (!isLikely && !number.isPlanned) return false
  subject.confidence = 0.6
  return subject.matched(number.from, number.to)
}

const CONNECTORS = [' / ', ', ', '; ', ' or ', ' and ', ' to ', ' & ', ' oder ', ' und ', ' ou ', ' y ', ' o ', ' e ']

/** End of a second number behind the first one ("450 0840 or 467 3395"), which has no word of its own; else `end`. */
function endOfSecond(subject: Subject, end: number, digits: number): number {
  const connector = CONNECTORS.find((text) => subject.hasText(end, text))
  if (connector === undefined) return end
  const from = end + connector.length
  if (!subject.is(from, DIGIT) && subject.at(from) !== 0x28) return end
  const number = readNumber(subject, from)
  if (number === undefined || number.looksElse || number.digits < 7 || Math.abs(number.digits - digits) > 2) return end
  // With dashes or dots it is found by itself.
  if (number.groups >= 3 && number.digits >= 10 && !subject.is(from + 3, SPACE)) return end
  return number.to
}

const KINDS = new WordSet('phone tel telefon fax mobile mobil cell handy office home work desk landline')

/** End of what a word says something about: 92 34 70-Fax, 0431 35 06 90 (mobile), a number that was taken out already; else -1. */
function endBefore(subject: Subject, wordEnd: number): number {
  const { bytes, wordStart } = subject
  const mark = subject.at(wordStart - 1)
  if (mark !== 0x2d && (mark !== 0x28 || subject.at(wordEnd) !== 0x29)) return -1
  const end = mark === 0x28 && subject.at(wordStart - 2) === 0x20 ? wordStart - 2 : wordStart - 1
  if (!subject.is(end - 1, DIGIT) && subject.at(end - 1) !== 0x5d) return -1
  return KINDS.has(bytes, wordStart, wordEnd) ? end : -1
}

function findBefore(subject: Subject, end: number): boolean {
  if (!subject.is(end - 1, DIGIT)) return false
  let from = startBefore(subject, end - 1)
  if (subject.at(from - 1) === PLUS) from--
  if (!beginsHere(subject, from)) return false
  const number = readNumber(subject, from)
  if (number === undefined || number.looksElse || number.to !== end || number.digits < 6) return false
  if (number.groups === 1 && number.digits < 7) return false
  return subject.matched(from, number.to)
}

const ABOUT_PHONE = new WordSet('order orders id ids count type model brand version status length price total')

/** `phone.order`, `phoneModel`: not the number itself. */
function isAboutPhone(label: Uint8Array): boolean {
  let end = label.length
  while (end > 0 && !isLetter(label[end - 1] as number)) end--
  let from = end
  while (from > 0 && isLetter(label[from - 1] as number)) {
    from--
    if (((label[from] as number) & 0x20) === 0) break
  }
  return ABOUT_PHONE.has(label, from, end)
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

/** A value whose label says that it is a phone number, and which is nothing else. */
function findAlone(subject: Subject): boolean {
  if (isAboutPhone(subject.label)) return false
  let from = subject.start
  while (from < subject.end && subject.at(from) === 0x20) from++
  return matchNext(subject, from, 7)
}
