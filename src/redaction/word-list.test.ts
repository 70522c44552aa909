import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWordEnd, WordList } from './word-list.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The text with the found words in guillemets, each behind its last letter. */
function check(list: WordList, text: string): string {
  const bytes = encode(text)
  let shown = ''
  for (let at = 0; at < bytes.length; at++) {
    shown += text.charAt(at)
    if (!isWordEnd(bytes, bytes.length, at) || !list.find(bytes, 0, bytes.length, at)) continue
    shown += `«${[...list.found.subarray(0, list.foundCount)].map((index) => list.words[index]).join(' ')}»`
  }
  return shown
}

describe('words in names and sentences', () => {
  const list = new WordList(['key', 'apikey', 'password', 'ssn', 'ip', 'address', 'email', 'ipv4', 'token'])
  test.each([
    ['my Password is', 'my Password«password» is'],
    ['customer_email=', 'customer_email«email»='],
    ['apiKey', 'apiKey«apikey key»'],
    ['X-Api-Key', 'X-Api-Key«key»'],
    ['APIKEY monkey', 'APIKEY«apikey» monkey'],
    ['DBPASSWORD dbpassword2', 'DBPASSWORD«password» dbpassword«password»2'],
    ['IPAddress ipV4 ipv4', 'IP«ip»Address«address» ip«ip»V4«ipv4» ipv4«ipv4»'],
    ['ship tip', 'ship tip'],
    [String.raw`\nssn \tip C:\ssn`, String.raw`\nssn«ssn» \tip«ip» C:\ssn«ssn»`],
    ['emailed passwords', 'emailed passwords'],
  ])('%s', (text, shown) => expect(check(list, text)).toBe(shown))

  test('a word between anything but letters is found', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...list.words), fc.string(), (before, word, behind) => {
        const bytes = encode(`${before}.${word}.${behind}`)
        const at = encode(`${before}.${word}`).length - 1
        expect(isWordEnd(bytes, bytes.length, at) && list.find(bytes, 0, bytes.length, at)).toBe(true)
      }),
    )
  })

  test.each(['', 'a', 'api_key', 'Key', 'straße', 'x'.repeat(25)])('%s is no word to look for', (word) => {
    expect(() => new WordList([word])).toThrow(TypeError)
  })
})
