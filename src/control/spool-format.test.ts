import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isRequestId,
  parseSpoolFileName,
  parseSpoolReader,
  SPOOL_READER_FILE,
  spoolFileName,
  spoolReaderText,
} from './spool-format.ts'

const id = fc
  .tuple(fc.stringMatching(/^[0-9a-f]{16}$/), fc.nat())
  .map(([random, count]) => `${random}-${count.toString(36)}`)
const file = fc.record({
  id,
  signal: fc.constantFrom('traces', 'metrics', 'logs'),
  encoding: fc.constantFrom('json', 'protobuf'),
})

test('a name says what is in the file', () => {
  fc.assert(fc.property(file, (each) => void expect(parseSpoolFileName(spoolFileName(each))).toEqual(each)))
})

test('a name that is not exactly so is none, and no name leads out of the folder', () => {
  const near = fc
    .tuple(file, fc.nat(), fc.constantFrom('', '/', '.', '..', 'x', '\n', '\0', 'A'))
    .map(([each, at, by]) => {
      const name = spoolFileName(each)
      const cut = at % (name.length + 1)
      return name.slice(0, cut) + by + name.slice(cut + 1)
    })
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (name) => {
      const parsed = parseSpoolFileName(name)
      if (parsed === undefined) return
      expect(spoolFileName(parsed)).toBe(name)
      expect(name).toMatch(/^[0-9a-z.-]+$/)
    }),
  )
  expect(parseSpoolFileName(SPOOL_READER_FILE)).toBeUndefined()
})

test.each([
  '',
  'a',
  '0123456789abcdef',
  '0123456789abcdef-',
  '0123456789abcdef-0123456789abc',
  '0123456789ABCDEF-1',
  '../3456789abcdef-1',
])('%j is no id of a request', (text) => expect(isRequestId(text)).toBe(false))

test('the reader file is read as it was written; anything else is no reader', () => {
  const reader = fc.record({ id: fc.stringMatching(/^[0-9a-f]{16}$/), isRunning: fc.boolean() })
  fc.assert(fc.property(reader, (each) => void expect(parseSpoolReader(spoolReaderText(each))).toEqual(each)))
  for (const text of ['', 'x running\n', '0123456789abcdef running', '0123456789abcdef\n'])
    expect(parseSpoolReader(text)).toBeUndefined()
})
