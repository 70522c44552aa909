import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPortableScanner } from './scanner-portable.ts'
import { createSimdScanner } from './scanner.ts'
import { noCandidates, positionOf, triggerOf } from './triggers.ts'
import type { Scan } from './triggers.ts'
import { WordList } from './word-list.ts'

const literals = 'a@b eyJhbGciOiJIUzI1 sk-abcdefghijk \\u0040 \\/ +49151234567 -----BEGIN Bearer. BEARER.'.split(' ')
const fragments = [
  literals.map((text) => text.replace(/\.$/, ' ').replace(/pat$/, 'pat_')),
  '+1 +49.151.2345678 ( ) \\n 4111 - . : :: 0.12345678 555-123-4567 811218-9876 736028/5163 123-45-6789 1.2.3.4 255.255.255.255 aa:bb:cc:dd:ee:ff'.split(
    ' ',
  ),
  'fe80::1 aa-bb-cc-dd DE89370400440532013000 gb12 12 7 x é 日本 \u0000 @ \\n@ " \\ bear cret BEGI pat_ skip'.split(
    ' ',
  ),
  ['"', '\\"', '"12', '12"', ',', '},{', '"},{"text":"', '","', '12","34', '12\\", \\"34'],
  [' ', '\n', '1 2 3 4 5 6 7 8', '9 0 '],
  'ghp_abcdefghijklmnop x-ghabcdefghijklmno abcdefghijklmnopqrstuvwx abcdefghijklm_nopqrstuvw_mmk | ~ - _ gh'.split(
    ' ',
  ),
  'password dbPassword apiKey SSN IPAddress key2 ipv4 eMail abcdefgh 1234 ABCD1234 12ab34cd 123-456-7 123.456.789 _ %40 %2B % &amp; &#64; & ; thetastate'.split(
    ' ',
  ),
  '\\x41 \\u200b \\u2014 \\u003c \\u0661 \\u096a \\uff11 12+3 4+56 1+2 12\\n34 12\\\\n34 bob@x.\\nexample a@b\nc.d 1.1\n22.2 1 2 3 4 5 6 7 8 9 1-2-3-4-5-6-7-8-9 Ym9iQGV4YW1wbGUub3Jn YnrDvGRmcw 626f6240782e6f7267 0x626f6240782e6f7267'.split(
    ' ',
  ),
  '\u00a0 \u00ad \u200b \u2013 \u2028 \u2060 \u3000 \ufeff \uff11 \uff20 \uff0e \uff0c \u0663 \u06f4 \u0967 \u0e53 \u{1d7d9} \u{1fbf4} \u{e0061} \ufe0f \u2212 \u061c'.split(
    ' ',
  ),
].flat()
const soup = fc.oneof(
  fc.array(fc.constantFrom(...fragments), { maxLength: 60 }).map((parts) => new TextEncoder().encode(parts.join(''))),
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(fc.constantFrom(...'0123456789 .-:+@\\uabfAnx_/ekyJsI%&#;\u200b\uff11\n'), { maxLength: 400 })
    .map((chars) => new TextEncoder().encode(chars.join(''))),
)

const run = (scan: Scan, bytes: Uint8Array, start = 0, end = bytes.length): string[] => {
  const found = noCandidates()
  scan(bytes, start, end, found)
  return [...found.entries.subarray(0, found.length)]

    .map((entry) => `${positionOf(entry)}:${triggerOf(entry)}`)
}

describe('scanner', () => {
  const words = new WordList(['password', 'ssn', 'key', 'apikey', 'ip', 'email', 'ipv4', 'abc', 'ab', 'fa', 'skey'])
  const pairs = ['gh', 'x-', '1a'].map((pair) => (pair.charCodeAt(0) << 7) | pair.charCodeAt(1))
  const simd = createSimdScanner(words, pairs) ?? noSimd()
  const portable = createPortableScanner(words, pairs)

  test('SIMD and portable scanner find the same candidates', () => {
    fc.assert(
      fc.property(soup, fc.nat(20), fc.nat(20), (bytes, cut, lead) => {
        const start = Math.min(lead, bytes.length)
        const end = Math.max(start, bytes.length - cut)
        expect(run(simd, bytes, start, end)).toEqual(run(portable, bytes, start, end))
      }),
      { numRuns: 3000 },
    )
  })

  test('chunk borders hide nothing', () => {
    fc.assert(
      fc.property(soup, fc.integer({ min: -100, max: 100 }), (bytes, shift) => {
        const padded = new Uint8Array(65_536 * 2 + 700).fill(0x61)
        padded.set(bytes, 65_536 + shift)
        padded.set(bytes, 131_072 + shift)
        expect(run(simd, padded)).toEqual(run(portable, padded))
      }),
      { numRuns: 40 },
    )
  })

  test('finds a trigger of every literal', () => {
    const count = (text: string): number => run(simd, new TextEncoder().encode(text)).length
    for (const literal of fragments.slice(0, literals.length)) {
      expect([literal, count(`x ${literal}23456789.example xyz`)]).not.toEqual([literal, 0])
    }
  })
})

function noSimd(): never {
  throw new Error('this Node has no WebAssembly SIMD')
}
