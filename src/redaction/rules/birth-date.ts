import { IN_LABEL } from '../keyed-value.ts'
import { numberAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'
import { readDate } from './calendar-date.ts'

export const dateOfBirth: Rule = {
  type: 'DATE_OF_BIRTH',
  family: 'personal',
  summary:
    'Dates of birth: under keys that say so, and full dates behind "born", "birth", "DOB" and their like in other languages.',
  triggers: [TRIGGER_WORD],
  words: (
    'dob born birth birthdate birthday bday birthdays geboren geburtsdatum geburtstag geb naissance nacido nacida nacimiento nato nata nascita nascido nascida ' +
    'nascimento geboortedatum fodt syntynyt urodzony urodzona urodzenia'
  ).split(' '),
  needs: { digits: [0, 72] },
  confidence: 0.85,
  find: findBirthDate,
  examples: {
    matches: [
      '{"dob":"«1967-12-12»"}',
      'DOB: «03/15/1987».',
      'I was born on «March 3rd, 1990» in Ohio',
      'She was born in Leeds, Yorkshire on «3 March 1990»',
      "Please tell me your date of birth. It's «6/24/1991»",
      'geboren am «3. März 1990» in Köln',
      'fecha de nacimiento: «15 de marzo de 1990»',
      'Geb. «15.03.1990»',
      '"birthDate": "«1990-03-15T00:00:00Z»"',
      'dob=«19900315»&x',
      'born «15-Mar-1990»',
      'date de naissance : «1er août 1985»',
    ],
    misses: [
      '{"created":"1967-12-12"}',
      'born in 1990',
      'born to run 12 miles',
      'birthday party on 2026-11-21',
      'date of birth is required, see 12/24/48 hours',
      'born 1990-31-31',
      'Release 2019-08-16 (7/6/2024)',
      'dob 12345678',
    ],
  },
}

const FILLERS = new WordSet(
  'date of birth dob is was on the at in a my your his her their it s as born day value patient am le la el il em den d du de del um dei ' +
    'mm dd yyyy yy jj aaaa january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec ' +
    'passenger customer user n t',
)
/** Words behind which a date is another one's. */
const OTHERS = new WordSet(
  'party parties present presents gift gifts celebration event created updated died death married expires issued visit admitted',
)
const IN_SENTENCE = { fillers: FILLERS, others: OTHERS, isSentence: true, bytesMax: 64 }

function findBirthDate(subject: Subject, at: number): boolean {
  let from = subject.start
  let isNext = true
  if (at !== IN_LABEL) {
    const ahead = numberAhead(subject, at + 1, IN_SENTENCE)
    if (ahead.at <= at + 1) return false
    from = ahead.at
    isNext = ahead.isNext
  }
  const date = readDate(subject, from)
  // Further on in the sentence, 12/24/48 may be anything.
  if (date === undefined || (!isNext && !hasLongYear(subject, date.from, date.to))) return false
  return subject.matched(date.from, date.to)
}

const hasLongYear = (subject: Subject, from: number, to: number): boolean =>
  subject.runEnd(to - 4, DIGIT, 4) === to || subject.runEnd(from, DIGIT, 4) === from + 4
