import { describe, expect, test } from 'vitest'
import { redactTexts } from './redact-texts.ts'
import { createRedactor } from './redactor.ts'
import { TraceValues } from './trace-values.ts'

const redact = (texts: readonly string[], traceOf: (n: number) => string = () => ''): string[] =>
  redactTexts(
    createRedactor({ traces: new TraceValues() }),
    texts.map((text, n) => ({ text, trace: traceOf(n) })),
  ).map(({ text }) => text)

const profile = JSON.stringify({
  first_name: 'Emma',
  last_name: 'Kovacs',
  address: { line1: '653 Elm Avenue', zip: '10056' },
  dob: '1967-12-12',
})

describe('what a key names in one text of a trace is taken out in all', () => {
  test.each([
    ['Thank you, Emma.', 'Thank you, [REDACTED:PERSON].'],
    ['Is that emma kovacs or Kovacs, Emma?', 'Is that [REDACTED:PERSON] or [REDACTED:PERSON]?'],
    ['She moved from 653 elm avenue.', 'She moved from [REDACTED:ADDRESS].'],
    ['I live in 10056, not in 110056.', 'I live in [REDACTED:POSTAL_CODE], not in 110056.'],
    ['on December 12, 1967 or 12/12/1967', 'on [REDACTED:DATE_OF_BIRTH] or [REDACTED:DATE_OF_BIRTH]'],
    ['on 1967-12-12', 'on [REDACTED:DATE_OF_BIRTH]'],
    ['{"to":"Emma Kovacs","n":1}', '{"to":"[REDACTED:PERSON]","n":1}'],
    ['an emma, the dilemma, emma_kovacs_9839', 'an emma, the dilemma, emma_kovacs_9839'],
  ])('%s', (text, expected) => {
    expect(redact([text, profile])[0]).toBe(expected)
    expect(redact([profile, text])[1]).toBe(expected)
    expect(redact([profile, text], String)[1]).toBe(text)
  })
})

test('words that mean something else are not learnt from a name', () => {
  const texts = ['{"first_name":"Will","last_name":"Brown"}', 'Will this be brown or Brown? Will Brown!']
  expect(redact(texts)[1]).toBe('Will this be brown or Brown? [REDACTED:PERSON]!')
})

test('escaped text is known in plain', () => {
  expect(redact(['{"name":{"full":"Zo\\u00eb M\\u00fcller"},"dob":1}', 'Hi Zoë Müller'])[1]).toBe(
    'Hi [REDACTED:PERSON]',
  )
})

test('memory is bounded: values and traces that were not seen for longest are forgotten', () => {
  const traces = new TraceValues({ tracesMax: 2, valuesPerTraceMax: 3 })
  for (const name of ['Anton Abel', 'Berta Bauer', 'Carla Conti']) traces.trace('1').learn('PERSON', name)
  expect([...traces.trace('1').values()].map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual([
    'Berta',
    'Carla Conti',
    'Carla',
  ])
  expect(traces.forgotten).toBe(3)
  const first = traces.trace('1').owner
  traces.trace('2')
  expect(traces.trace('1').owner).toBe(first)
  traces.trace('3')
  expect(traces.trace('1').owner).toBe(first)
  expect(traces.trace('2').owner).toBeGreaterThan(3)
})
