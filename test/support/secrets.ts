import * as fc from 'fast-check'
import type { RuleType } from '../../src/redaction/rule.ts'

/** A value that must not get through, with the rule that takes it out. Made at run time: a literal would set off secret scanners. */
export interface Secret {
  readonly rule: RuleType
  readonly value: string
}

const digits = (length: number): fc.Arbitrary<string> => chars('0123456789', length)
const chars = (alphabet: string, min: number, max = min): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: min, maxLength: max })
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const ALNUM = `${LETTERS}${LETTERS.toUpperCase()}0123456789`
const words = (min: number, max: number): fc.Arbitrary<string> => chars(LETTERS, min, max)
const secret = (rule: RuleType, value: fc.Arbitrary<string>): fc.Arbitrary<Secret> =>
  value.map((text) => ({ rule, value: text }))

const card = fc
  .tuple(fc.constantFrom('4', '51', '55', '2221'), digits(15), fc.constantFrom('', ' ', '-'))
  .map(([prefix, rest, gap]) => {
    const number = withLuhnDigit((prefix + rest).slice(0, 15))
    return gap === '' ? number : (number.match(/.{4}/g) ?? []).join(gap)
  })
const iban = fc.tuple(digits(18), fc.boolean()).map(([account, grouped]) => {
  const check = 98n - (BigInt(`${account}131400`) % 97n)
  const text = `DE${String(check).padStart(2, '0')}${account}`
  return grouped ? (text.match(/.{1,4}/g) ?? []).join(' ') : text
})
const octet = fc.integer({ min: 1, max: 223 }).filter((n) => n !== 127)
const random = (length: number): fc.Arbitrary<string> => chars(ALNUM, length - 3).map((text) => `7x9${text}`)

/** One value for every rule, in the forms that need no word before them. */
export const anySecret: fc.Arbitrary<Secret> = fc.oneof(
  secret(
    'EMAIL',
    fc.tuple(words(1, 12), words(2, 10), fc.constantFrom('com', 'co.uk', 'io')).map(([a, b, c]) => `${a}@${b}.${c}`),
  ),
  secret(
    'PHONE',
    fc.tuple(digits(2), digits(7)).map(([a, b]) => `+49 1${a} ${b}`),
  ),
  secret(
    'PHONE',
    fc.tuple(digits(2), digits(2), digits(4)).map(([a, b, c]) => `(5${a}) 2${b}-${c}`),
  ),
  secret('CREDIT_CARD', card),
  secret('IBAN', iban),
  secret(
    'US_SSN',
    fc.tuple(digits(2), digits(3)).map(([a, b]) => `1${a}-4${a.slice(1)}-7${b}`),
  ),
  secret(
    'IP_ADDRESS',
    fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
  ),
  secret(
    'IP_ADDRESS',
    chars('0123456789abcdef', 8).map((hex) => `2001:db8::${hex.slice(0, 4)}:${hex.slice(4)}`),
  ),
  secret(
    'MAC_ADDRESS',
    chars('0123456789abcdef', 8).map((hex) => `3c:22:${(hex.match(/../g) ?? []).join(':')}`),
  ),
  secret(
    'JWT',
    fc.tuple(random(24), random(30), random(40)).map(([a, b, c]) => `eyJ${a}.eyJ${b}.${c}`),
  ),
  secret(
    'PRIVATE_KEY',
    random(64).map((body) => `-----BEGIN ${'PRIVATE'} KEY-----\n${body}\n-----END PRIVATE KEY-----`),
  ),
  secret(
    'OPENAI_KEY',
    random(40).map((body) => `sk${'-'}proj-${body}`),
  ),
  secret(
    'ANTHROPIC_KEY',
    random(40).map((body) => `sk${'-'}ant-api03-${body}`),
  ),
  secret(
    'AWS_ACCESS_KEY',
    chars('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16).map((body) => `AKI${'A'}${body}`),
  ),
  secret(
    'GITHUB_TOKEN',
    random(36).map((body) => `gh${'p_'}${body}`),
  ),
  secret(
    'SLACK_TOKEN',
    random(24).map((body) => `xo${'xb'}-123456-${body}`),
  ),
  secret(
    'GOOGLE_API_KEY',
    random(35).map((body) => `AI${'za'}${body}`),
  ),
  secret(
    'STRIPE_KEY',
    random(24).map((body) => `sk${'_'}live_${body}`),
  ),
  secret(
    'GITLAB_TOKEN',
    random(20).map((body) => `gl${'pat-'}${body}`),
  ),
  secret(
    'HUGGINGFACE_TOKEN',
    random(34).map((body) => `h${'f_'}${body}`),
  ),
  secret(
    'SENDGRID_KEY',
    fc.tuple(random(22), random(43)).map(([a, b]) => `S${'G.'}${a}.${b}`),
  ),
  secret(
    'TELEGRAM_TOKEN',
    fc.tuple(digits(9), random(34)).map(([id, body]) => `7${id}:A${body}`),
  ),
  secret(
    'AIRTABLE_TOKEN',
    fc.tuple(random(14), chars('0123456789abcdef', 64)).map(([id, body]) => `pa${'t'}${id}.${body}`),
  ),
)

function withLuhnDigit(payload: string): string {
  let sum = 0
  for (let i = 0; i < payload.length; i++) {
    const digit = Number(payload[payload.length - 1 - i])
    const weighted = i % 2 === 0 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return payload + String((10 - (sum % 10)) % 10)
}
