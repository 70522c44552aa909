import { describe, expect, test } from 'vitest'
import { KeyFinder } from './key-finder.ts'
import { PathRules } from './path-rules.ts'
import type { PathGlobs } from './path-rules.ts'

/** What is found in the text, or in the JSON of a value, one a line. */
function found(value: unknown, label = '', globs?: PathGlobs): string[] {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const text = (from: number, to: number): string => bytes.subarray(from, to).toString()
  const lines: string[] = []
  const finder = new KeyFinder(
    {
      match: (type, from, to) => lines.push(`${type} ${text(from, to)}`),
      person: (givenFrom, givenTo, familyFrom, familyTo) =>
        lines.push(`person ${text(givenFrom, givenTo)} ${text(familyFrom, familyTo)}`),
      blocked: (type, from, to) => lines.push(`${type} ${text(from, to)}`),
      exempt: (from, to) => lines.push(`exempt ${text(from, to)}`),
    },
    globs === undefined ? undefined : new PathRules(globs),
  )
  finder.find(bytes, 0, bytes.length, new TextEncoder().encode(label))
  return lines
}

describe('what keys name', () => {
  test.each<[string, unknown, string[]]>([
    [
      'people, by given and family name',
      { passengers: [{ first_name: 'Chen', last_name: 'Lee', dob: '1967-12-12' }] },
      ['PERSON Chen', 'PERSON Lee', 'DATE_OF_BIRTH 1967-12-12', 'person Chen Lee'],
    ],
    [
      'names and addresses as objects',
      {
        name: { first: 'Ivan', last: 'Rossi' },
        address: { line1: '653 Elm Avenue', line2: 'Suite 531', city: 'New York', zip: 10056 },
      },
      [
        'PERSON Ivan',
        'PERSON Rossi',
        'person Ivan Rossi',
        'ADDRESS 653 Elm Avenue',
        'ADDRESS Suite 531',
        'LOCATION New York',
        'POSTAL_CODE 10056',
      ],
    ],
    ['a name beside an e-mail', { name: 'Priya Sharma', email: 'p@x.io' }, ['EMAIL p@x.io', 'PERSON Priya Sharma']],
    [
      'a name whose object comes to its proof later',
      { name: 'Ana Ruiz', items: [{ name: 'Ball' }], dob: '1.2.1990' },
      ['DATE_OF_BIRTH 1.2.1990', 'PERSON Ana Ruiz'],
    ],
    [
      'names below people',
      { customer: { name: 'Mia Li' }, contact: 'Ana Ruiz', guests: ['Bo Yi'] },
      ['PERSON Mia Li', 'PERSON Ana Ruiz', 'PERSON Bo Yi'],
    ],
    [
      'other spellings',
      {
        customerFirstName: 'Mia',
        LAST_NAME: 'Li',
        'Zip Code': '12345',
        Geburtsdatum: '1.2.1990',
        apellidos: 'García López',
      },
      [
        'PERSON Mia',
        'PERSON Li',
        'POSTAL_CODE 12345',
        'DATE_OF_BIRTH 1.2.1990',
        'PERSON García López',
        'person Mia García López',
      ].toSorted(),
    ],
    [
      'values within values',
      {
        phones: [{ type: 'home', number: '555-123-4567' }],
        email: { address: 'x@y.de' },
        dob: { year: 1990, month: 1 },
      },
      ['PHONE 555-123-4567', 'EMAIL x@y.de', 'DATE_OF_BIRTH 1990', 'DATE_OF_BIRTH 1'],
    ],
    [
      'ids of people and payments',
      { user: { id: 'u-77' }, payment_methods: { credit_card_1: { id: 'cc_12' } }, last4: '1234' },
      ['USER_ID u-77', 'PAYMENT_ID cc_12', 'CARD_LAST4 1234'],
    ],
    ['JSON in strings in JSON', { args: JSON.stringify({ q: JSON.stringify({ surname: 'Li' }) }) }, ['PERSON Li']],
    ['what Python prints', "{'surname': 'Li', 'dob': None}", ['PERSON Li']],
    ['JSON that is cut off', '{"user":{"surname":"Li","first_name":"M', ['PERSON Li', 'PERSON M', 'person M Li']],
  ])('%s', (_, value, expected) => {
    expect(found(value).toSorted()).toEqual(expected.toSorted())
  })

  test.each<[string, unknown]>([
    [
      'tools',
      {
        name: 'get_user',
        parameters: {
          type: 'object',
          properties: {
            first_name: { type: 'string', description: 'First name' },
            email: { type: 'string' },
            name: { type: 'string', description: 'Name' },
          },
        },
      },
    ],
    ['products', { products: [{ name: 'Water Bottle', price: 3 }, { name: 'Desk Lamp' }] }],
    ['shops', { name: 'Blue Bottle', rating: 4, website: 'x.com' }],
    ['companies', { customer: 'Acme Corporation', contact: { name: 'Billing Department' } }],
    ['machines', { server: { name: 'Web One', address: '10.0.0.1' }, host_name: 'Web', file_name: 'Mia' }],
    ['no values', { first_name: '', last_name: 'string', zip: null, customer: { name: 'unknown' }, dob: 'YYYY-MM-DD' }],
    [
      'our own marks',
      { first_name: '[REDACTED:PERSON]', zip: '[REDACTED:POSTAL_CODE]', dob: '****', address: '[REDACTED:ADDRESS]' },
    ],
    ['lists of columns', { required: ['first_name', 'email'], columns: [{ name: 'Email' }, { name: 'Phone' }] }],
    ['meta', { email_verified: true, phone_type: 'home', first_name_label: 'Vorname' }],
  ])('nothing in %s', (_, value) => {
    expect(found(value)).toEqual([])
  })

  test.each([
    ['customer.name', 'Mia Li', 'PERSON Mia Li'],
    ['enduser.birthDate', '1990-01-01', 'DATE_OF_BIRTH 1990-01-01'],
    ['user.address', '12 Main St', 'ADDRESS 12 Main St'],
    ['shipping.address.line1', '12 Main St', 'ADDRESS 12 Main St'],
    ['customer', '{"name":"Mia Li"}', 'PERSON Mia Li'],
  ])('a label: %s', (label, value, expected) => {
    expect(found(value, label)).toEqual([expected])
  })

  test.each([
    ['name', 'Mia Li'],
    ['file.name', 'Mia'],
    ['server.address', '10.1.1.1'],
    ['http.request.method', 'GET'],
    ['gen_ai.agent.name', 'Travel Agent'],
    ['service.name', 'Checkout Service'],
    ['host.name', 'Web One'],
  ])('a label that names nothing: %s', (label, value) => {
    expect(found(value, label)).toEqual([])
  })
})

describe('paths', () => {
  const globs: PathGlobs = {
    blockedKeys: ['**.password', 'tool.arguments.customer.*note', 'secret.**'],
    allowedKeys: ['tool.arguments.customer.name', 'tool.arguments.trusted'],
    ignoredKeys: ['debug'],
  }

  test('blocked values go with all below them; literals are none', () => {
    const customer = { footNote: 'x', password: { a: 'b', c: [1, true, 'd'] }, pw: 'e' }
    expect(found({ customer }, 'tool.arguments', globs)).toEqual(
      ['x', 'b', '1', 'd'].map((one) => `BLOCKED_KEY ${one}`),
    )
    expect(found('hunter2', 'db.Password', globs)).toEqual(['BLOCKED_KEY hunter2'])
    expect(found('x', 'secret.of.life', globs)).toEqual(['BLOCKED_KEY x'])
    expect(found('x', 'secrets', globs)).toEqual([])
  })

  test('allowed is the value alone, ignored all below', () => {
    const customer = { name: 'Mia Li', surname: 'Li' }
    expect(found({ customer }, 'tool.arguments', globs)).toEqual(['exempt Mia Li', 'PERSON Li'])
    expect(found({ trusted: { surname: 'Li' } }, 'tool.arguments', globs)).toEqual(['PERSON Li'])
    expect(found({ customer }, 'debug', globs)).toEqual(['exempt Mia Li', 'exempt Li'])
  })

  test('limits', () => {
    expect(() => new PathRules({ blockedKeys: Array.from({ length: 257 }, (_, n) => `a${n}`) })).toThrow(RangeError)
    expect(() => new PathRules({ blockedKeys: ['a.'.repeat(40)] })).toThrow(RangeError)
  })
})
