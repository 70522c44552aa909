import { IN_LABEL } from '../keyed-value.ts'
import { valueAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import type { WordNeeds } from '../word-needs.ts'
import { WordSet } from '../word-set.ts'
import { endOfBlock, startOfStreet } from './address-block.ts'
import {
  endOfLocality,
  endOfStreetNumber,
  isCapitalized,
  nameBefore,
  nameEnd,
  nameStart,
  numberBefore,
  unitEnd,
} from './street.ts'

/** Behind the name of a street: 12 Main Street. In lower case only those that mean nothing else. */
const SUFFIXES =
  'street st avenue ave road rd drive dr lane ln court ct place pl way square sq terrace ter boulevard blvd parkway pkwy highway hwy circle cir crescent cres ' +
  'close trail trl plaza mews row walk loop alley broadway expressway turnpike causeway gardens grove'
/** The same, but only with a postal code behind. */
const WEAK_SUFFIXES =
  'park hill green rise view parade heights wharf mount croft vale meadow meadows woodlands ridge crossing'
const LOWER_SUFFIXES = 'street avenue ave road lane boulevard blvd parkway terrace crescent'
/** Before the name: rue de la Paix, Calle Mayor 12. */
const PREFIXES =
  'rue avenue boulevard chemin impasse quai allee place voie passage cours route ruelle sentier calle avenida avda paseo camino carrera plaza rambla ronda glorieta ' +
  'carretera via viale piazza piazzale corso largo vicolo strada borgo contrada lungomare rua travessa praca alameda rodovia estrada ulica aleja rynek rondo osiedle ' +
  'bulevardul strada jalan'
/** The end of the name, a number behind: Hauptstrasse 12, Parijsstraat 8. */
const ENDINGS =
  'strasse str platz allee gasse weg damm ufer straat laan plein gracht kade singel plantsoen gatan gata gade vej veien vegen gate katu tie utca utja sokak cadde'
/** Before a whole address, in whatever way its street is called. */
const ANNOUNCED_BY =
  'address adresse adres direccion indirizzo endereco live lives living reside resides residing located'
/** The same with "to" or "from" between, when a postal code or a city stands behind. */
const SENT_BY = 'ship shipped shipping deliver delivered delivery send sent moved moving mail mailed'

/** Words are looked for in ASCII: what stands before the ß of -straße, alone and as the end of a name. */
const BEFORE_SHARP_S = ['stra', ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `${letter}stra`)]

export const address: Rule = {
  type: 'ADDRESS',
  family: 'personal',
  summary:
    'Postal addresses: streets under keys that say so, and in text a number with a word for a street in one of the larger languages, with flat, city and postal code behind it; post boxes.',
  triggers: [TRIGGER_WORD],
  words: [
    ...new Set(
      `${SUFFIXES} ${WEAK_SUFFIXES} ${PREFIXES} ${ENDINGS} suite apt apartment box ${ANNOUNCED_BY} ${SENT_BY}`.split(
        ' ',
      ),
    ),
    ...BEFORE_SHARP_S,
  ],
  needs: needsOf,
  confidence: 0.75,
  find: findAddress,
  examples: {
    matches: [
      '{"address":{"line1":"«653 Elm Avenue»","line2":"«Suite 531»","city":"Denver"}}',
      'lives at «562 Riverside Drive, Chicago, IL 60611».',
      'ship to «1923 Oak Park Boulevard, Apt 4B, Detroit, MI 48226-1234» please',
      'I moved to «12 N. 5th St»',
      'our office, «221B Baker Street, London NW1 6XE»',
      'Wohnhaft «Hauptstrasse 12, 10115 Berlin»',
      'Wohnhaft in «Hauptstraße 12a, 10115 Berlin», «Kölner Straße 5»',
      'adresse : «12 bis, rue de la Paix, 75002 Paris»',
      'vive en «Calle Mayor 12, 28013 Madrid»',
      'abita in «Via Roma 5, 00184 Roma»',
      'woont aan de «Keizersgracht 123, 1015 CJ Amsterdam»',
      'ship it to «Am Plattenbusch 47b, 95502 West Jarno» today',
      '«624 Koelpin Parade, Upton KY65 4CC»',
      'I live at «Övre Gärdet 1, 22190 Lund» now',
      'I live at «bulw. Rutkowski 5/5, 02-468 Leżajsk».',
      'My address is «SW1A 1AA» in use',
      'send it to «P.O. Box 1234»',
      'my address is «123 main street, apt 5»',
      '«Suite 394»',
      '> «91215 Harjukuja 54\n> Suite 318\n> Oulu\n> Finland 38524»',
      'ship it to «8846 Patricia Cliff, Apt. 065»',
      'my new address is «27534 Þorsteinsgata 63\nMoss, 51971» for this card',
      'the address: «Allika 46, Riisa, Estonia».\nMobile: x',
    ],
    misses: [
      '{"server":{"address":"10.0.0.1"}}',
      'a 5 minute drive',
      'a 2 way street',
      'test suite 12 passed',
      'Step 3 Close the window',
      'the way 12 people',
      'via 12 hops',
      'box 12',
      '3 Drive letters',
      'in 2019 Wall Street fell',
      'Place 3 items',
      'delivered 12 Boxes to 3 Customers, Monday',
      'a park of 12 Green Park',
      'IP address is 10.0.0.1',
      'address: Mia Li',
      'the address is in use by 2 processes',
      'e-mail address: Nora12@example.com',
      'Version 1, Type CT',
    ],
  },
}

const SUFFIX = 1
const WEAK = 2
const LOWER = 4
const PREFIX = 8
const ENDING = 16
const UNIT = 32
const BOX = 64
const ANNOUNCING = 128
const SENDING = 256

/** What each word can be, as bits. */
const kinds = new Map<string, number>()
for (const [bit, list] of [
  [SUFFIX, `${SUFFIXES} ${WEAK_SUFFIXES}`],
  [WEAK, WEAK_SUFFIXES],
  [LOWER, LOWER_SUFFIXES],
  [PREFIX, PREFIXES],
  [ENDING, ENDINGS],
  [UNIT, 'suite apt apartment'],
  [BOX, 'box'],
  [ANNOUNCING, `${ANNOUNCED_BY} ${SENT_BY}`],
  [SENDING, SENT_BY],
] as const)
  for (const word of list.split(' ')) kinds.set(word, (kinds.get(word) ?? 0) | bit)

/** Behind the name of a street; in lower case few words mean nothing else. */
function needsOf(word: string): WordNeeds {
  const bits = kinds.get(word) ?? 0
  if ((bits & ~(WEAK | LOWER)) !== SUFFIX) return {}
  return { isBehindBlank: true, isCapitalized: (bits & LOWER) === 0, digits: [STREET_BYTES_MAX, 0] }
}

/** Four words of a name before, and the number before them. */
const STREET_BYTES_MAX = 128

const isKind = (subject: Subject, bit: number): boolean => ((kinds.get(subject.word) ?? 0) & bit) !== 0

function findAddress(subject: Subject, at: number): boolean {
  if (at === IN_LABEL) return false
  const end = at + 1
  if (subject.at(end) === 0xc3) return isSharpS(subject, end) && findEnding(subject, end + 3)
  const bits = kinds.get(subject.word) ?? 0
  if ((bits & UNIT) !== 0) return findUnit(subject, subject.wordStart)
  if ((bits & BOX) !== 0) return findBox(subject, end)
  if ((bits & ANNOUNCING) !== 0) return findAnnounced(subject, end)
  if ((bits & SUFFIX) !== 0 && findSuffixed(subject, end)) return true
  if ((bits & PREFIX) !== 0 && findPrefixed(subject, end)) return true
  return (bits & ENDING) !== 0 && findEnding(subject, end)
}

/** Number, name, word: 12 N. 5th St. */
function findSuffixed(subject: Subject, wordEnd: number): boolean {
  const { wordStart } = subject
  const isCapital = isCapitalized(subject, wordStart)
  if (!isCapital && !isKind(subject, LOWER)) return false
  if (subject.at(wordStart - 1) !== 0x20 || subject.isWord(wordEnd)) return false
  const from = nameStart(subject, wordStart, wordEnd, isCapital)
  if (from < 0) return false
  const end = subject.at(wordEnd) === 0x2e && subject.at(wordEnd + 1) !== 0x20 ? wordEnd + 1 : wordEnd
  const unit = unitEnd(subject, end)
  const to = endOfLocality(subject, unit)
  // In lower case it is most often prose, as are some words: a flat or a postal code must follow.
  if (to === end && (!isCapital || isKind(subject, WEAK))) return false
  subject.confidence = to > end ? 0.9 : 0.75
  return subject.matched(from, to)
}

/** 12, rue de la Paix; Calle Mayor 12. */
function findPrefixed(subject: Subject, wordEnd: number): boolean {
  const { wordStart } = subject
  if (subject.at(wordEnd) !== 0x20 && subject.at(wordEnd) !== 0x2e) return false
  const end = nameEnd(subject, wordEnd)
  if (end < 0) return false
  const from = numberBefore(subject, wordStart, true)
  const numberEnd = endOfStreetNumber(subject, end)
  if (from < 0 && (numberEnd < 0 || !isCapitalized(subject, wordStart))) return false
  const to = endOfLocality(subject, unitEnd(subject, numberEnd < 0 ? end : numberEnd))
  subject.confidence = to > end ? 0.85 : 0.7
  return subject.matched(from < 0 ? wordStart : from, to)
}

/** ße, behind BEFORE_SHARP_S. */
const isSharpS = (subject: Subject, at: number): boolean =>
  subject.at(at + 1) === 0x9f && subject.at(at + 2) === 0x65 && subject.hasText(at - 3, 'tra')

/** Hauptstrasse 12, Kölner Straße 12: the word begins with a capital. */
function findEnding(subject: Subject, wordEnd: number): boolean {
  let from = subject.wordStart
  while (
    from > subject.wordStart - 24 &&
    (subject.isWord(from - 1) || subject.at(from - 1) >= 0x80 || subject.at(from - 1) === 0x2d)
  )
    from--
  if (!isCapitalized(subject, from)) return false
  if (from === subject.wordStart) from = nameBefore(subject, from)
  const number = endOfStreetNumber(subject, subject.at(wordEnd) === 0x2e ? wordEnd + 1 : wordEnd)
  if (number < 0) return false
  const to = endOfLocality(subject, unitEnd(subject, number))
  subject.confidence = to > number ? 0.9 : 0.7
  return subject.matched(from, to)
}

/** Suite 394, Apt. 4B. */
function findUnit(subject: Subject, from: number): boolean {
  const to = unitEnd(subject, from)
  if (to === from || (!isCapitalized(subject, from) && subject.at(from + subject.word.length) !== 0x2e)) return false
  const street = startOfStreet(subject, from)
  subject.confidence = street < 0 ? 0.6 : 0.85
  const end = endOfLocality(subject, to)
  return street < 0 ? subject.matched(from, end) : subject.matched(street, Math.max(end, endOfBlock(subject, street)))
}

const FILLERS = new WordSet(
  'is are at to from it us me them order package parcel items letter card with the my new old his her our your their updated current home billing shipping mailing delivery following as it s should be now ist lautet es est in on n',
)

/** What stands behind "address is", "lives at". */
function findAnnounced(subject: Subject, wordEnd: number): boolean {
  const from = valueAhead(subject, wordEnd, FILLERS, ANNOUNCED_BYTES_MAX)
  if (from <= wordEnd || subject.isWord(from - 1) || subject.at(from - 1) === 0x2d) return false
  const isSent = isKind(subject, SENDING)
  if (isSent && !hasDirection(subject, wordEnd, from)) return false
  const to = endOfBlock(subject, from)
  if (to < 0 || (isSent && !isDetailed(subject, from, to))) return false
  subject.confidence = 0.7
  return subject.matched(from, to)
}

/** "to", "from" or a colon right before. */
function hasDirection(subject: Subject, wordEnd: number, from: number): boolean {
  for (let at = from - 1; at >= wordEnd && at > from - 6; at--) if (subject.at(at) === 0x3a) return true
  return subject.hasText(from - 3, 'to ') || subject.hasText(from - 5, 'from ')
}

/** Two parts, and a number of some digits or two numbers: "12 Boxes" are none. */
function isDetailed(subject: Subject, from: number, to: number): boolean {
  let numbers = 0
  let parts = 0
  for (let at = from; at < to; at++) {
    const byte = subject.at(at)
    if (byte === 0x2c || byte === 0x0a) parts++
    if (subject.is(at, DIGIT) && !subject.isWord(at - 1)) numbers++
  }
  return parts > 0 && numbers > 1
}

const ANNOUNCED_BYTES_MAX = 40

const BOX_OWNERS = ['P.O. ', 'P. O. ', 'PO ', 'P.O ', 'po ', 'p.o. ', 'Post Office ', 'post office ']

/** P.O. Box 1234; PSC 5217, Box 4854. */
function findBox(subject: Subject, wordEnd: number): boolean {
  const { wordStart } = subject
  const owner = BOX_OWNERS.find((text) => subject.hasText(wordStart - text.length, text))
  const from = owner === undefined ? militaryStart(subject, wordStart) : wordStart - owner.length
  if (from < 0 || subject.isWord(from - 1)) return false
  const to = endOfStreetNumber(subject, wordEnd)
  return to > 0 && subject.matched(from, endOfLocality(subject, to))
}

/** "PSC 5217, " or "Unit 4719 " before the word. */
function militaryStart(subject: Subject, wordStart: number): number {
  let at = wordStart
  while (at > wordStart - 2 && (subject.at(at - 1) === 0x20 || subject.at(at - 1) === 0x2c)) at--
  const digits = at
  while (at > digits - 6 && subject.at(at - 1) >= 0x30 && subject.at(at - 1) <= 0x39) at--
  if (at === digits || subject.at(at - 1) !== 0x20) return -1
  for (const text of ['PSC', 'psc', 'Unit', 'unit', 'CMR', 'cmr'])
    if (subject.hasText(at - 1 - text.length, text)) return at - 1 - text.length
  return -1
}
