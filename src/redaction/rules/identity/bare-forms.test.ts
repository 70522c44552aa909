import { expect, test } from 'vitest'
import { createPortableScanner } from '../../scanner-portable.ts'
import { Subject } from '../../subject.ts'
import { noCandidates, positionOf, triggerOf } from '../../triggers.ts'
import { WordList } from '../../word-list.ts'
import { bareForm, readBare } from './bare-forms.ts'
import { WrittenId } from './written-id.ts'

const scan = createPortableScanner(new WordList([]))
const encoder = new TextEncoder()

test.each([
  '99999999',
  '99999999999999999X',
  '99999999A',
  '999-99-9999',
  '999999-9999',
  '999999/9999',
  '99999999-9999',
  '999.999.999-99',
  '99.999.999-9',
  '99-99999999-9',
  '9 99 99 99 999 999 99',
  '9-9999-99999-99-9',
  '756.9999.9999.99',
  'AAAAA9999A',
  '9AX9AX9AA99',
  'aaaa999999aaaaaaX9',
])('the trigger of %s is found where the form says', (form) => {
  const text = `é ${form.replaceAll('9', '8').replaceAll('A', 'K').replaceAll('a', 'm').replaceAll('X', '7')}, `
  const bytes = encoder.encode(text)
  const found = noCandidates()
  scan(bytes, 0, bytes.length, found)
  const { trigger, offset } = bareForm(form)
  const candidates = [...found.entries.subarray(0, found.length)]
  expect(candidates.some((one) => triggerOf(one) === trigger && positionOf(one) === 3 + offset)).toBe(true)
})

test('a form is matched byte for byte, as a word of its own', () => {
  const id = new WrittenId()
  const read = (form: string, text: string): string | undefined => {
    const bytes = encoder.encode(text)
    const subject = new Subject()
    subject.reset(bytes, 0, bytes.length)
    const compiled = bareForm(form)
    const from = readBare(subject, compiled.offset + 1, compiled, id)
    return from < 0 ? undefined : String.fromCharCode(...id.chars.subarray(0, id.length))
  }
  expect(read('999.999.999-99', '"111.444.777-35"')).toBe('11144477735')
  expect(read('aaaaa9999a', ' abcpd1234z.')).toBe('ABCPD1234Z')
  expect(read('AAAAA9999A', ' abcpd1234z.')).toBeUndefined()
  expect(read('999.999.999-99', ' 111.444.777.35')).toBeUndefined()
  expect(read('999.999.999-99', '1111.444.777-35')).toBeUndefined()
  expect(read('999.999.999-99', ' 111.444.777-351')).toBeUndefined()
  expect(read('999.999.999-99', ' 111.444.777-35-1')).toBeUndefined()
})

test('a form that no trigger finds is refused', () => {
  expect(() => bareForm('99-99-99')).toThrow('no trigger finds 99-99-99')
})
