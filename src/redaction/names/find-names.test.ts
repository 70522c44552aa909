import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeWithData, sharedData } from '../../../test/support/shared-data.ts'
import { findNames } from './find-names.ts'

/** Expects exactly what stands between « and » to be found. */
function check(marked: string): void {
  const text = marked.replaceAll(/[«»]/g, '')
  let shown = ''
  let at = 0
  for (const { start, end } of findNames(text)) {
    shown += `${text.slice(at, start)}«${text.slice(start, end)}»`
    at = end
  }
  expect(shown + text.slice(at)).toBe(marked)
}

describe('names are found', () => {
  test.each([
    'Hi, my name is «Yusuf Rossi» and I would like to return a keyboard.',
    'Thank you, «Mia». Your identity has been verified.',
    'Dear «Anna Schmidt»,\n\nyour order has been shipped.\n\nBest regards,\n«Tom Miller»',
    'Customer: «Priya Sharma», order W1234567',
    '{"first_name": "«Olivia»", "last_name": "«Gonzalez»", "city": "Denver"}',
    '{"content":"Hello «Björk»,\\n\\nyour flight is booked."}',
    "She met Dr. «Barbara Ramirez» and «Jean-Luc O'Brien» in Paris.",
    'I spoke with «Wei Chen» yesterday 🙂 and then with «Ludwig van Beethoven».',
  ])('%s', check)
})

describe('what is no name is left alone', () => {
  test.each([
    'Run the Jenkins job, then ask Gradle to build Cassandra on Ubuntu Jammy.',
    'The Bayes theorem and the Gaussian kernel converge.',
    'Flights from JFK to SFO leave on Monday in April.',
    '{"name": "Wireless Mouse", "city": "Austin", "country": "USA"}',
    'export class ChatSession extends BaseModel<Params> {}',
    'at Object.Foo (/app/Main.js:12:3)',
    'GET /Users/List HTTP/1.1',
    'Dear customer, your ticket was closed. Best regards, Support Team',
    '',
    '...',
  ])('%s', check)
})

test('offsets are code units of strings and bytes of bytes', () => {
  const text = '🙂 é ﬁ 漢 my name is Anna Schmidt.'
  const [name] = findNames(text)
  expect(text.slice(name?.start, name?.end)).toBe('Anna Schmidt')
  const bytes = Buffer.from(text)
  const [inBytes] = findNames(bytes)
  expect(bytes.toString('utf8', inBytes?.start, inBytes?.end)).toBe('Anna Schmidt')
})

test('findings lie in the text, ascend and do not overlap, whatever the bytes are', () => {
  const piece = fc.constantFrom(
    'Anna',
    ' ',
    '\\',
    '"',
    '\\n',
    '\\u00e9',
    'van',
    "'s",
    '-',
    '.',
    'Dr.',
    '\n',
    '漢',
    '🙂',
    'O',
    'MIA',
    '{"name": "',
    '@',
  )
  const text = fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }))).map((pieces) => Buffer.from(pieces.join('')))
  fc.assert(
    fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      let last = 0
      for (const { start, end, confidence } of findNames(bytes)) {
        expect(start).toBeGreaterThanOrEqual(last)
        expect(end).toBeGreaterThan(start)
        expect(end).toBeLessThanOrEqual(bytes.length)
        expect(confidence).toBeGreaterThan(0)
        expect(confidence).toBeLessThanOrEqual(1 + 1e-9)
        last = end
      }
    }),
  )
})

test('long texts are looked at to their end', () => {
  const line = 'Hi, my name is Anna Schmidt and I live in Berlin.\n'
  expect(findNames(line.repeat(2000))).toHaveLength(2000)
})

interface Annotated {
  readonly text: string
  readonly spans?: readonly { readonly s: number; readonly e: number; readonly label: string }[]
}

/** Precision and recall of persons, by overlap. */
function quality(name: string): { precision: number; recall: number; perMegabyte: number } {
  const lines = gunzipSync(readFileSync(sharedData('pii', `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
  let found = 0
  let right = 0
  let names = 0
  let covered = 0
  let bytes = 0
  for (const line of lines) {
    const { text, spans = [] } = JSON.parse(line) as Annotated
    const persons = spans.filter(({ label }) => label === 'PERSON')
    const all = findNames(text)
    bytes += Buffer.byteLength(text)
    found += all.length
    right += all.filter(({ start, end }) => persons.some(({ s, e }) => start < e && s < end)).length
    names += persons.length
    covered += persons.filter(({ s, e }) => all.some(({ start, end }) => start < e && s < end)).length
  }
  return { precision: right / found, recall: covered / names, perMegabyte: (found / bytes) * 1e6 }
}

const f1 = ({ precision, recall }: { precision: number; recall: number }): number =>
  (2 * precision * recall) / (precision + recall)

// None of these was learnt from. The other sets are in the training texts: conventions/train-names.ts --folds measures them.
describeWithData('pii', () => {
  test('uner_ewt: F1 of web text', () => {
    expect(f1(quality('uner_ewt'))).toBeGreaterThan(0.78)
  })

  test('tau_agent_traces: real agent traffic', () => {
    const { precision, recall } = quality('tau_agent_traces')
    expect(precision).toBeGreaterThan(0.95)
    expect(recall).toBeGreaterThan(0.92)
  })

  test('fp_identifiers: ids, logs and sentences about software', () => {
    expect(quality('fp_identifiers').perMegabyte).toBeLessThan(30)
  })
})
