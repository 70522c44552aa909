import { rules } from '../../src/redaction/rules.ts'

/**
 * Units that are repeated to make texts which cost scanners with look-behind or back-tracking the most: what every trigger and decoder begins with, openings without an end,
 * every word that a rule asks for, every example of a rule and the half of it.
 */
export const hardUnits: readonly string[] = [
  ...'a. 1- 1.1. @ @a a@ a@a@ ://a@ a:b@ / // 41111111 4111-1111- 123-45- 111.222.3 111\u00a0222\u00a03 12345678901 DE89 AB12CD34'.split(
    ' ',
  ),
  ...'eyJhbGciOiJI eyJhbGciOiJI. -eyJhbGciOiJI sk-abcdefgh sk-abcdefgh- AKIA AIza ghp_ xoxb- xapp- sk_live'.split(' '),
  ...`-----BEGIN${' '}|-----BEGIN ${'PRIVATE'} KEY-----|-----BEGIN ${'PRIVATE'} KEY-----AAAA\\n|a:b:c:|1::|::|12:34:|ab-cd-ef-|bearer a|Bearer |secret=|secret:`.split(
    '|',
  ),
  ...'%41 %2541 %25 %4 %e2%80%8b &#64; &#x40; &amp; &commat; &# & \\u0041 \\\\u0041 \\u \\/ \\n \\\\ \\" " \' ` < > { } [ ] {" [" "," ": ": ,'.split(
    ' ',
  ),
  '\u200b',
  'a\u200b',
  '1\u00ad',
  '１',
  'ａ＠',
  '٣',
  '–',
  '\u00a0',
  '\ufeff',
  '1\u00a0',
  '日',
  'é',
  '😀',
  '=?utf-8?q?',
  ' ',
  '\n',
  '\t',
  '- ',
  'abcdefghijklmnop',
  'abcdefgh12345678',
  'YWJjZGVmZ2g',
  'YWRhQGV4YW1wbGUuY29t',
  '616461406578616d706c65',
  '0x61',
  'A1b2C3d4-',
  'a_',
  'aB',
  '1a2b3c4d ',
  'Mr. ',
  'Ada Byron ',
  'Dear ',
  'my name is ',
  'I am ',
  '12 Main Street, ',
  'P.O. Box ',
  'Street ',
  'born ',
  '01/02/1990 ',
  '1990-',
  '[REDACTED:',
  '****',
  '<EMAIL:',
]

/** Words of rules in the forms of keys. */
export const wordUnits: readonly string[] = [
  ...new Set(rules.flatMap(({ words = [], context = [] }) => [...words, ...context])),
].flatMap((word) => [`${word}: `, `${word}_`])

export const exampleUnits: readonly string[] = [
  ...new Set(
    rules.flatMap(({ examples }) =>
      [...examples.matches, ...examples.misses].map((marked) => `${marked.replaceAll(/[«»]/g, '')} `),
    ),
  ),
]
