import { redact as arcjetRedact } from '@arcjet/redact'
import { Redactor } from '@redactpii/node'
import nlp from 'compromise'
import { detectCreditCard, detectEmail, detectIP, detectMacAddress, detectUrl } from 'langchain'
import { findPhoneNumbersInText } from 'libphonenumber-js/max'
import { OpenRedaction } from 'openredaction'
import type { Detector, Finding, Found } from './detector.ts'
import { naiveRegexes } from './naive-regexes.ts'

/** What users would install instead, each with its defaults; types by our classes (classes.ts). */
export const createPeers = (): readonly Detector[] => [
  naiveRegexes,
  fromRanges('langchain PII', async (text) =>
    [
      ...detectEmail(text).map((match) => ({ ...match, rule: 'EMAIL' })),
      ...detectCreditCard(text).map((match) => ({ ...match, rule: 'CREDIT_CARD' })),
      ...detectIP(text).map((match) => ({ ...match, rule: 'IP' })),
      ...detectMacAddress(text).map((match) => ({ ...match, rule: 'MAC' })),
      ...detectUrl(text).map((match) => ({ ...match, rule: 'URL' })),
    ].map(({ start = 0, end = 0, rule }) => ({ start, end, rule })),
  ),
  redactpii(),
  arcjet(),
  openredaction(),
  fromRanges('libphonenumber-js (US)', async (text) =>
    findPhoneNumbersInText(text, 'US').map(({ startsAt, endsAt }) => ({ start: startsAt, end: endsAt, rule: 'PHONE' })),
  ),
  fromRanges('compromise', async (text) => [
    ...offsetsOf(nlp(text).people(), 'PERSON'),
    ...offsetsOf(nlp(text).places(), 'LOCATION'),
    ...offsetsOf(nlp(text).organizations(), 'ORG'),
    ...offsetsOf(nlp(text).emails(), 'EMAIL'),
    ...offsetsOf(nlp(text).phoneNumbers(), 'PHONE'),
    ...offsetsOf(nlp(text).urls(), 'URL'),
  ]),
]

function fromRanges(name: string, rangesOf: (text: string) => Promise<readonly Finding[]>): Detector {
  const find = async (text: string): Promise<Found> => {
    const findings = [...(await rangesOf(text))].sort((a, b) => a.start - b.start)
    let redacted = ''
    let at = 0
    for (const { start, end, rule } of findings) {
      if (start >= at) redacted += `${text.slice(at, start)}[${rule}]`
      at = Math.max(at, end)
    }
    return { findings, redacted: redacted + text.slice(at) }
  }
  return { name, find: async (texts) => Promise.all(texts.map(find)) }
}

interface CompromiseView {
  json(options: { offset: true }): unknown
}

/** Offsets that compromise gives hold the punctuation behind a word too. */
function offsetsOf(view: CompromiseView, rule: string): Finding[] {
  const matches = view.json({ offset: true }) as { text: string; offset: { start: number; length: number } }[]
  return matches.map(({ text, offset: { start, length } }) => {
    const punctuation = /[\s.,;:!?)"']*$/.exec(text)?.[0].length ?? 0
    return { start, end: start + length - punctuation, rule }
  })
}

const REDACTPII_TYPES = new Map([
  ['PERSON_NAME', 'PERSON'],
  ['EMAIL_ADDRESS', 'EMAIL'],
  ['PHONE_NUMBER', 'PHONE'],
  ['CREDIT_CARD_NUMBER', 'CREDIT_CARD'],
  ['US_SOCIAL_SECURITY_NUMBER', 'US_SSN'],
])

/** It gives the redacted text only: what stood between the pieces that it left is found by laying them beside the input. */
function redactpii(): Detector {
  const redactor = new Redactor()
  const placeholder = new RegExp([...REDACTPII_TYPES.keys()].join('|'), 'g')
  const find = (text: string): Found => {
    const redacted = redactor.redact(text)
    const findings: Finding[] = []
    let input = 0
    let output = 0
    for (const match of redacted.matchAll(placeholder)) {
      const start = input + match.index - output
      output = match.index + match[0].length
      const next = redacted.slice(output).split(placeholder, 1)[0] ?? ''
      const isLast = output + next.length === redacted.length
      input = isLast ? text.length - next.length : next === '' ? start : text.indexOf(next, start + 1)
      if (input < 0) break
      findings.push({ start, end: input, rule: REDACTPII_TYPES.get(match[0]) ?? match[0] })
    }
    return { findings, redacted }
  }
  return { name: '@redactpii/node', find: async (texts) => texts.map(find) }
}

const ARCJET_TYPES = new Map([
  ['email', 'EMAIL'],
  ['phone-number', 'PHONE'],
  ['ip-address', 'IP'],
  ['credit-card-number', 'CREDIT_CARD'],
])

function arcjet(): Detector {
  const find = async (text: string): Promise<Found> => {
    const values: [string, string][] = []
    const [redacted] = await arcjetRedact(text, {
      replace: (entity, plaintext) => {
        values.push([entity, plaintext])
        return undefined
      },
    })
    const findings: Finding[] = []
    let at = 0
    for (const [entity, plaintext] of values) {
      const start = text.indexOf(plaintext, at)
      if (start < 0) continue
      at = start + plaintext.length
      findings.push({ start, end: at, rule: ARCJET_TYPES.get(entity) ?? entity })
    }
    return { findings, redacted }
  }
  return { name: '@arcjet/redact', find: async (texts) => Promise.all(texts.map(find)) }
}

function openredaction(): Detector {
  const redactor = new OpenRedaction()
  return {
    ...fromRanges('openredaction', async (text) => {
      const { detections } = await redactor.detect(text)
      return detections.map(({ type, position: [start, end] }) => ({ start, end, rule: openredactionClass(type) }))
    }),
    name: 'openredaction',
  }
}

/** Its 570 types are many names for few things. */
function openredactionClass(type: string): string {
  for (const [pattern, name] of OPENREDACTION_CLASSES) if (pattern.test(type)) return name
  return type
}

const OPENREDACTION_CLASSES: readonly (readonly [RegExp, string])[] = [
  [/EMAIL/, 'EMAIL'],
  [/PHONE|MOBILE|FAX/, 'PHONE'],
  [/CREDIT_CARD|CARD_NUMBER/, 'CREDIT_CARD'],
  [/IBAN/, 'IBAN'],
  [/^SSN|_SSN/, 'US_SSN'],
  [/^IPV?\d?|IP_ADDRESS/, 'IP'],
  [/MAC_ADDRESS/, 'MAC'],
  [/NAME/, 'PERSON'],
  [/ZIP|POSTAL_?CODE|POSTCODE/, 'ZIP'],
  [/ADDRESS|STREET/, 'ADDRESS'],
  [/BIRTH|DOB/, 'DOB'],
  [/DATE/, 'DATE_TIME'],
  [/URL/, 'URL'],
  [/KEY|TOKEN|SECRET|PASSWORD|JWT|CREDENTIAL|BEARER|WEBHOOK/, 'SECRET'],
]
