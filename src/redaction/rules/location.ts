import { IN_LABEL } from '../keyed-value.ts'
import { numberAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_AT, TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const geoCoordinates: Rule = {
  type: 'GEO_COORDINATES',
  family: 'contact',
  summary:
    'Coordinates of a place to some ten metres (four decimals, or seconds): pairs behind words such as "coordinates" or in the URLs of maps, values of latitude and longitude.',
  source: 'ISO 6709; geo URIs of RFC 5870',
  triggers: [TRIGGER_WORD, TRIGGER_AT],
  words: (
    'lat latitude lon lng long longitude latlng latlong latlon coordinates coordinate coords coord gps geo geolocation geopoint location located ' +
    'coordonnees koordinaten coordenadas'
  ).split(' '),
  needs: () => ({ digits: [0, 48], fillers: FILLERS }),
  confidence: 0.85,
  find: (subject, at, trigger) => (trigger === TRIGGER_AT ? findInMapUrl(subject, at) : findNamed(subject, at)),
  examples: {
    matches: [
      'coordinates: «52.520008, 13.404954»',
      '{"type":"Point","coordinates":[«-0.127758,51.507351»]}',
      '{"lat":«52.520008»,"lng":«13.404954»}',
      '"latitude": "«-33.8688»", "longitude": "«151.2093»"',
      'GPS «40.7128° N, 74.0060° W».',
      'geo:«48.2010,16.3695»',
      'https://maps.example.com/maps/@«52.520008,13.404954»,17z',
      'he is located at («40.71284, -74.00601»)',
      'gps: «52°31\'12.0"N 13°24\'18.0"E»',
    ],
    misses: [
      'bbox: 88.857704, 173.825374 zoom 18',
      '{"coordinates":[512, 300]}',
      '{"coordinates":[0.1234, 0.5678]}',
      'lat 0.123456 p99 0.2',
      'location 12.5, 13.5',
      'lat: 95.123456',
      '{"gps":["52°31\'12.0",13.12345]}',
      'location: 12.123456',
    ],
  },
}

const FILLERS = new WordSet('is are at the was of gps lat lng lon coordinates coords location point type value n s e w')
const ANNOUNCED = { fillers: FILLERS, bytesMax: 40 }
const ALONE = new WordSet('lat latitude lon lng long longitude')
const WHOLE = new WordSet('latitude longitude')
const LATITUDE_MAX = 90
const LONGITUDE_MAX = 180

function findNamed(subject: Subject, at: number): boolean {
  const { word, wordStart, bytes } = subject
  if (at === IN_LABEL) return matchPair(subject, subject.start) || matchOne(subject, subject.start, 3)
  const ahead = numberAhead(subject, at + 1, ANNOUNCED)
  if (ahead.at <= at + 1 || !ahead.isNext) return false
  const from = subject.at(ahead.at - 1) === 0x2d ? ahead.at - 1 : ahead.at
  if (matchPair(subject, from)) return true
  if (!ALONE.has(bytes, wordStart, at + 1)) return false
  if (WHOLE.has(bytes, wordStart, at + 1)) return matchOne(subject, from, 3)
  return hasSibling(subject, wordStart, from, word === 'lat') && matchOne(subject, from, 4)
}

/** `@52.520008,13.404954,17z` in the URL of a map. */
const findInMapUrl = (subject: Subject, at: number): boolean =>
  subject.at(at - 1) === 0x2f &&
  (subject.is(at + 1, DIGIT) || subject.at(at + 1) === 0x2d) &&
  matchPair(subject, at + 1)

/** A degree with decimals or minutes; `end` is behind it and its direction. */
const degree = { end: 0, value: 0, decimals: 0 }

function readDegree(subject: Subject, start: number): boolean {
  let at = subject.at(start) === 0x2d || subject.at(start) === 0x2b ? start + 1 : start
  const whole = subject.runEnd(at, DIGIT, 4)
  if (whole === at || whole > at + 3) return false
  degree.value = 0
  for (let i = at; i < whole; i++) degree.value = degree.value * 10 + subject.at(i) - 0x30
  degree.decimals = 0
  at = whole
  if (subject.at(whole) === 0x2e) {
    at = subject.runEnd(whole + 1, DIGIT, 20)
    degree.decimals = at - whole - 1
  } else if (isSign(subject, whole)) {
    at = readMinutes(subject, whole + 2)
    if (at < 0) return false
    degree.decimals = 4
  }
  if (subject.isWord(at) && !isDirection(subject, at)) return false
  let end = at
  if (isSign(subject, end)) end += 2
  if (subject.at(end) === 0x20 && isDirection(subject, end + 1)) end++
  degree.end = isDirection(subject, end) ? end + 1 : at
  return true
}

/** ° */
const isSign = (subject: Subject, at: number): boolean =>
  subject.at(at) === 0xc2 && (subject.at(at + 1) === 0xb0 || subject.at(at + 1) === 0xba)

const isDirection = (subject: Subject, at: number): boolean =>
  (subject.at(at) === 0x4e || subject.at(at) === 0x53 || subject.at(at) === 0x45 || subject.at(at) === 0x57) &&
  !subject.is(at + 1, LETTER)

/** 31'12.0"N behind the degrees, or -1. Quotes may be escaped; without a direction they are those of a string. */
function readMinutes(subject: Subject, start: number): number {
  let at = start
  for (let part = 0; part < 2; part++) {
    if (subject.at(at) === 0x20) at++
    const end = subject.runEnd(at, DIGIT, 3)
    if (end === at) {
      if (part === 0) return -1
      break
    }
    at = subject.at(end) === 0x2e ? subject.runEnd(end + 1, DIGIT, 8) : end
    if (subject.at(at) === 0x5c) at++
    if (subject.at(at) === 0x27 || subject.at(at) === 0x22) at++
    else if (subject.at(at) === 0xe2) at += 3
    else return -1
  }
  return isDirection(subject, at) || (subject.at(at) === 0x20 && isDirection(subject, at + 1)) ? at : -1
}

function matchPair(subject: Subject, from: number): boolean {
  if (subject.isWord(from - 1) || !readDegree(subject, from)) return false
  const { value: first, decimals, end } = degree
  if (decimals < 4 || first > LONGITUDE_MAX) return false
  let at = end
  while (
    at < end + 3 &&
    (subject.at(at) === 0x20 || subject.at(at) === 0x2c || subject.at(at) === 0x3b || subject.at(at) === 0x2f)
  )
    at++
  if (at === end || !readDegree(subject, at) || degree.decimals < 4 || degree.value > LONGITUDE_MAX) return false
  if (first > LATITUDE_MAX && degree.value > LATITUDE_MAX) return false
  // Shares of a picture's width and height.
  if (first === 0 && degree.value === 0) return false
  return subject.matched(from, degree.end)
}

function matchOne(subject: Subject, from: number, decimalsMin: number): boolean {
  if (!readDegree(subject, from) || degree.decimals < decimalsMin || degree.value > LONGITUDE_MAX) return false
  if (subject.word.startsWith('lat') && degree.value > LATITUDE_MAX) return false
  return subject.matched(from, degree.end)
}

const SIBLING_BYTES_MAX = 48

/** The other one of latitude and longitude stands near: "lat" alone is a latency as often. */
function hasSibling(subject: Subject, wordStart: number, from: number, isLatitude: boolean): boolean {
  const start = isLatitude ? from : Math.max(subject.start, wordStart - SIBLING_BYTES_MAX)
  const end = isLatitude ? Math.min(subject.end, from + SIBLING_BYTES_MAX) : wordStart
  subject.steps += end - start
  for (let at = start; at < end; at++) {
    const first = subject.at(at) | 0x20
    if (first !== 0x6c || subject.is(at - 1, LETTER)) continue
    const second = subject.at(at + 1) | 0x20
    const third = subject.at(at + 2) | 0x20
    if (
      isLatitude
        ? (second === 0x6f && third === 0x6e) || (second === 0x6e && third === 0x67)
        : second === 0x61 && third === 0x74
    )
      return true
  }
  return false
}
