import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, constantFrom, integer, nat, property } from 'fast-check'
import { Type } from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { testContext } from '../../../test/support/component-context.ts'
import { encodeIndependently, otlpRequest } from '../../../test/support/otlp-arbitrary.ts'
import type { OtlpMessage, OtlpValue } from '../../../test/support/otlp-reflection.ts'
import { otlpTypes } from '../../../test/support/otlp-reflection.ts'
import { anySecret } from '../../../test/support/secrets.ts'
import { describeWithData, sharedData } from '../../../test/support/shared-data.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { Edits } from '../../otlp/edits.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import type { Signal } from '../../otlp/schema.ts'
import { OtlpView } from '../../otlp/view.ts'
import { RefusedError } from '../component.ts'
import { redaction } from './redaction.ts'

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']

function redactor(settings: object = {}) {
  const context = testContext('redaction')
  const processor = redaction.create(redaction.config.parse(settings), context)
  const redact = (signal: Signal, bytes: Uint8Array): Buffer => {
    const view = new OtlpView(signal, bytes)
    const edits = new Edits(view)
    processor.process(view, edits)
    return edits.apply()
  }
  return { redact, counters: context.counters }
}
const { redact } = redactor()

const decode = (signal: Signal, bytes: Uint8Array): OtlpMessage =>
  otlpTypes[signal].toObject(otlpTypes[signal].decode(bytes), { longs: String, bytes: Buffer }) as OtlpMessage

/** All places of a request that hold text: how to read it, and the message and field it stands in. */
function textPlaces(
  type: Type,
  model: OtlpMessage,
  path = '',
): { path: string; holder: OtlpMessage | OtlpValue[]; key: string }[] {
  return Object.entries(model).flatMap(([name, value]) => {
    const field = type.fields[name]
    if (field === undefined) return []
    const inner = field.resolve().resolvedType
    const here = path === '' ? name : `${path}.${name}`
    const entries = Array.isArray(value)
      ? value.map((element, i) => [value, String(i), element] as const)
      : [[model, name, value] as const]
    return entries.flatMap(([holder, key, element]) => {
      if (inner instanceof Type) return textPlaces(inner, element as OtlpMessage, here)
      return field.type === 'string' || name === 'bytesValue' ? [{ path: here, holder, key }] : []
    })
  })
}

/** A request in which every text field of every message of the signal is set, to what `text` gives. */
function everyPlace(type: Type, text: () => string, depth = 0): OtlpMessage {
  const model: OtlpMessage = {}
  for (const field of type.fieldsArray) {
    const inner = field.resolve().resolvedType
    const value =
      inner instanceof Type
        ? depth > 11
          ? undefined
          : everyPlace(inner, text, depth + 1)
        : valueOf(field.name, field.type, text)
    if (value !== undefined) model[field.name] = field.repeated ? [value] : value
  }
  return model
}
const valueOf = (name: string, type: string, text: () => string): OtlpValue | undefined =>
  type === 'string' ? text() : name === 'bytesValue' ? Buffer.from(text()) : undefined

function keyFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'key')
  writeFileSync(file, `${'k'.repeat(32)}\n`)
  return file
}

const mail = (i: number): string => `user${i}@example.com`

describe('redaction', () => {
  test.each(SIGNALS)('nothing gets through in any place of %s', (signal) => {
    let count = 0
    const request = everyPlace(otlpTypes[signal], () => `to ${mail(count++)}, please`)
    const before = encodeIndependently(signal, request)
    const after = redact(signal, before)
    const places = textPlaces(otlpTypes[signal], request).map(({ path }) => path)
    expect(before.toString('latin1').match(/@example\.com/g)).toHaveLength(places.length)
    expect(after.toString('latin1')).not.toContain('example.com')
    for (const place of KNOWN_PLACES[signal]) expect(places).toContain(place)
    const texts = textPlaces(otlpTypes[signal], decode(signal, after)).map(({ holder, key }) =>
      String((holder as OtlpMessage)[key]),
    )
    expect(new Set(texts.filter((text) => !text.startsWith('spanwarden.') && text !== 'EMAIL'))).toEqual(
      new Set(['to [REDACTED:EMAIL], please']),
    )
  })

  test.each(SIGNALS)('attributes that are not allowed are gone in any place of %s', (signal) => {
    const { redact: run } = redactor({ allowed_keys: ['none'], rules: [], summary: 'silent' })
    const out = decode(
      signal,
      run(
        signal,
        encodeIndependently(
          signal,
          everyPlace(otlpTypes[signal], () => 'some text'),
        ),
      ),
    )
    const left = textPlaces(otlpTypes[signal], out).map(({ path }) => path)
    expect(left).toContain(KNOWN_PLACES[signal].find((place) => !/ttributes|body/.test(place)))
    expect(left.filter((place) => /ttributes|metadata/.test(place))).toEqual([])
    const { redact: telling } = redactor({ allowed_keys: ['none'], summary: 'debug' })
    const told = telling(
      signal,
      encodeIndependently(
        signal,
        everyPlace(otlpTypes[signal], () => 'some text'),
      ),
    )
    expect(told.toString('latin1')).toContain('redaction.redacted.keys')
    expect(telling(signal, told).equals(told)).toBe(true)
  })

  test('a secret in any request is gone; the rest stays; twice is once', () => {
    const requests = constantFrom(...SIGNALS).chain((signal) =>
      otlpRequest(signal).map((request) => ({ signal, request })),
    )
    assert(
      property(requests, anySecret, nat(), integer({ min: 0, max: 3 }), ({ signal, request }, secret, pick, shape) => {
        const places = textPlaces(otlpTypes[signal], request)
        const place = places[pick % Math.max(1, places.length)]
        if (place === undefined) return
        const text =
          [secret.value, `x ${secret.value}, y`, JSON.stringify({ a: [secret.value] }), `日本 ${secret.value} ü`][
            shape
          ] ?? ''
        ;(place.holder as OtlpMessage)[place.key] = place.key === 'bytesValue' ? Buffer.from(text) : text
        const before = encodeIndependently(signal, request)
        const after = redact(signal, before)
        const needle = shape === 2 ? JSON.stringify(secret.value).slice(1, -1) : secret.value
        expect(before.includes(needle)).toBe(true)
        expect(after.includes(needle)).toBe(false)
        expect(redact(signal, after).equals(after)).toBe(true)
        const rest = (bytes: Buffer): string[] =>
          textPlaces(otlpTypes[signal], decode(signal, bytes))
            .map(({ holder, key }) => String((holder as OtlpMessage)[key]))
            .filter((value) => !/REDACTED|spanwarden\.redaction|^[A-Z_]+$/.test(value))
        const untouched = rest(before).filter((value) => value !== text)
        expect(rest(after)).toEqual(expect.arrayContaining(untouched.filter((value) => redactText(value) === value)))
      }),
      { numRuns: 120 },
    )
  })

  test.each(['mask', 'pseudonym', 'drop_attribute', 'drop_item'])(
    'with %s a secret is gone, too; twice is once',
    (action) => {
      const { redact: run } = redactor({ actions: { default: action }, pseudonyms: { key_file: keyFile() } })
      const requests = constantFrom(...SIGNALS).chain((signal) =>
        otlpRequest(signal).map((request) => ({ signal, request })),
      )
      assert(
        property(requests, anySecret, nat(), ({ signal, request }, secret, pick) => {
          const places = textPlaces(otlpTypes[signal], request)
          const place = places[pick % Math.max(1, places.length)]
          if (place === undefined) return
          const text = `x ${secret.value}, y`
          ;(place.holder as OtlpMessage)[place.key] = place.key === 'bytesValue' ? Buffer.from(text) : text
          const after = run(signal, encodeIndependently(signal, request))
          expect(after.includes(secret.value)).toBe(false)
          expect(() => decode(signal, after)).not.toThrow()
          expect(run(signal, after).equals(after)).toBe(true)
        }),
        { numRuns: 60 },
      )
    },
  )

  test.each([
    ['customer.phone', '0151 23456789', '[REDACTED:PHONE]'],
    ['userSsn', '257959759', '[REDACTED:US_SSN]'],
    ['card_number', '4917610000000000003', '[REDACTED:CREDIT_CARD]'],
    ['http.request.header.authorization', 'Bearer abcdefgh', 'Bearer [REDACTED:BEARER_TOKEN]'],
    ['customer.phone', 'order 12345678', 'order 12345678'],
    ['phone.order', '12345678', '12345678'],
    ['service.version', '10.1.2.3', '[REDACTED:IP_ADDRESS]'],
  ])('the key of an attribute tells what its value is: %s = %s', (key, text, redacted) => {
    const span = { spanId: '0000000000000001', name: text, attributes: { [key]: text, list: 'x' } }
    const { redact: alone } = redactor({ propagation: { enabled: false } })
    const out = alone('traces', spanBatch({ attributes: { 'service.name': text }, spans: [span] })).toString('utf8')
    expect(out).toContain(redacted)
    expect(out.split(text)).toHaveLength(text === redacted ? 4 : redacted === '[REDACTED:IP_ADDRESS]' ? 1 : 3)
  })

  test('a long key does not make its values slow', () => {
    const values = Array.from({ length: 2_000 }, () => ({ stringValue: '12345678' }))
    const attributes = [{ key: 'a'.repeat(1_000_000), value: { arrayValue: { values } } }]
    const json = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ attributes }] }] }] })
    const batch = jsonToProtobuf('traces', Buffer.from(json), Buffer.alloc)
    expect(redact('traces', batch).equals(batch)).toBe(true)
  })

  test.each([
    ['first_name', 'Grace'],
    ['user.full_name', 'Grace Hopper'],
    ['customer.name', 'Grace Hopper'],
    ['customerLastName', 'Hopper'],
    ['author', 'Grace Hopper'],
    ['street', '12 Harbour Lane'],
    ['zip_code', '10115'],
    ['dob', '1906-12-09'],
    ['account_number', '55779911'],
    ['db.password', 'correct-horse-42'],
    ['x-api-key', 'k3yV4lu3x9sd8f7gs9d8f7g'],
  ])('the attribute %s tells by its key alone what its value is', (key, value) => {
    const batch = spanBatch({ spans: [{ spanId: '0102030405060708', name: 'x', attributes: { [key]: value } }] })
    const after = redact('traces', batch).toString('latin1')
    expect(after).toContain(key)
    expect(after).not.toContain(value)
  })

  test('unknown fields keep their length', () => {
    const batch = new ProtobufWriter()
      .message(1, (w) =>
        w.message(2, () =>
          w.message(2, () =>
            w
              .bytes(1, Buffer.alloc(16, 1))
              .bytes(2, Buffer.alloc(8, 1))
              .message(200, () => w.string(7, `to ${mail(2)}`)),
          ),
        ),
      )
      .finish()
    const after = redact('traces', batch)
    expect(after.toString('latin1')).toContain('to *****************')
    expect(after.toString('latin1')).not.toContain('example.com')
  })

  test('a batch without hits is the same memory', () => {
    const bytes = spanBatch({
      spans: [{ spanId: '0000000000000010', attributes: { a: 'plain', n: 4111111111111112 } }],
    })
    const after = redact('traces', bytes)
    expect([after.buffer, after.byteOffset, after.length]).toEqual([bytes.buffer, bytes.byteOffset, bytes.length])
  })

  test.each([
    ['debug', { 'spanwarden.redaction.count': '3', 'spanwarden.redaction.rules': ['CREDIT_CARD', 'EMAIL'] }],
    ['info', { 'spanwarden.redaction.count': '3' }],
    ['silent', {}],
  ])('summary %s', (summary, expected) => {
    const { redact: run, counters } = redactor({ summary })
    const batch = spanBatch({
      attributes: { owner: mail(9) },
      spans: [
        { spanId: '0000000000000010', attributes: { a: `${mail(1)} ${mail(2)}`, b: '4111 1111 1111 1111' } },
        { spanId: '0000000000000011', attributes: { a: 'plain' } },
      ],
    })
    expect(summaries(run('traces', batch))).toEqual([expected, {}])
    expect(counters.get('spanwarden_redactions{processor="redaction",rule="EMAIL",action="replace"}')).toBe(3)
    expect(counters.get('spanwarden_redactions{processor="redaction",rule="CREDIT_CARD",action="replace"}')).toBe(1)
  })

  test('the same summary of a span and of a log record', () => {
    const record = { attributes: [{ key: 'a', value: { stringValue: `to ${mail(1)}` } }] }
    const logs = jsonToProtobuf(
      'logs',
      Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] })),
    )
    const batch = spanBatch({ spans: [{ spanId: '0000000000000010', attributes: { a: `to ${mail(1)}` } }] })
    const span = JSON.stringify(decode('traces', redact('traces', batch)))
    const log = JSON.stringify(decode('logs', redact('logs', logs)))
    const attributes = (json: string): string => json.slice(json.indexOf('[{"key":"a"'), json.indexOf('"EMAIL"'))
    expect(attributes(log)).toBe(attributes(span))
    expect(attributes(log)).toContain('"spanwarden.redaction.count","value":{"intValue":"1"}')
  })

  test('a value whose length looks like a letter or digit of it', () => {
    for (let length = 16; length < 127; length++) {
      const value = '4111111111111111'.padEnd(length, ' end of the sentence')
      const batch = spanBatch({ spans: [{ spanId: '0000000000000010', attributes: { a: value } }] })
      expect([length, redact('traces', batch).includes('4111111111111111')]).toEqual([length, false])
    }
  })

  test('a second sidecar adds to the summary of the first', () => {
    const first = redactor({ rules: ['EMAIL'] }).redact
    const batch = spanBatch({
      spans: [{ spanId: '0000000000000010', attributes: { a: `${mail(1)} 4111 1111 1111 1111` } }],
    })
    expect(summaries(redact('traces', first('traces', batch)))).toEqual([
      { 'spanwarden.redaction.count': '2', 'spanwarden.redaction.rules': ['CREDIT_CARD', 'EMAIL'] },
    ])
  })

  test('too much work masks the value, not the batch', () => {
    const { redact: run, counters } = redactor({ work_per_byte_max: 1 })
    const batch = spanBatch({
      spans: [{ spanId: '0000000000000010', attributes: { a: 'plain', b: '@a.b'.repeat(60_000) } }],
    })
    expect(run('traces', batch).toString('latin1')).toContain('[REDACTED:LIMIT]')
    expect(counters.get('spanwarden_redactions{processor="redaction",rule="LIMIT",action="replace"}')).toBe(1)
  })

  test('a request that holds what is blocked is refused, without telling what it was', () => {
    const { redact: run, counters } = redactor({ actions: { EMAIL: 'block' } })
    const batch = (a: string): Buffer => spanBatch({ spans: [{ spanId: '0000000000000010', attributes: { a } }] })
    expect(() => run('traces', batch(mail(1)))).toThrow(
      new RefusedError('invalid', 'refused: the request holds what the redaction rule EMAIL blocks'),
    )
    expect(counters.get('spanwarden_redactions{processor="redaction",rule="EMAIL",action="block"}')).toBe(1)
    expect(run('traces', batch('plain')).equals(batch('plain'))).toBe(true)
  })

  test('what an earlier sidecar wrote is taken up only as far as it is a summary', () => {
    const names = ['EMAIL', 'x'.repeat(10_000), 'not a rule', ...Array.from({ length: 200 }, (_, i) => `RULE_${i}`)]
    const attributes = {
      a: mail(1),
      'spanwarden.redaction.count': Number.MAX_SAFE_INTEGER,
      'spanwarden.redaction.rules': names,
    }
    const [summary] = summaries(redact('traces', spanBatch({ spans: [{ spanId: '0000000000000010', attributes }] })))
    expect(summary?.['spanwarden.redaction.count']).toBe('1000000001')
    const rules = summary?.['spanwarden.redaction.rules']
    expect(rules).toContain('EMAIL')
    expect(rules).not.toContain('not a rule')
    expect(rules).toHaveLength(64)
  })

  test('pseudonyms: no start without a key', () => {
    const settings = { actions: { default: 'pseudonym' }, pseudonyms: { key_env: 'KEY' } }
    expect(() => redactor(settings)).toThrow(/environment variable KEY holds no key of at least 32 bytes/)
    const missing = { ...settings, pseudonyms: { key_file: '/nowhere/key' } }
    expect(() => redactor(missing)).toThrow(/can't read the file \/nowhere\/key/)
  })

  test('pseudonyms: the key from a file, one for each tenant', () => {
    const pseudonyms = { key_file: keyFile(), tenant_attribute: 'tenant.id' }
    const { redact: run } = redactor({ actions: { EMAIL: 'pseudonym' }, pseudonyms })
    const resource = (tenant: string) => ({
      attributes: { 'tenant.id': tenant },
      spans: [{ spanId: '0000000000000010', attributes: { a: mail(1) } }],
    })
    const tokens = (...tenants: string[]): string[] =>
      run('traces', spanBatch(...tenants.map(resource)))
        .toString('latin1')
        .match(/<EMAIL:[a-z2-7]{16}>/g) ?? []
    const [a, b, again] = tokens('a', 'b', 'a')
    expect(a).toBeDefined()
    expect(again).toBe(a)
    expect(b).not.toBe(a)
    expect(tokens('b')).toEqual([b])
  })

  test.each<[object, RegExp]>([
    [{ rules: ['MAIL'] }, /there is no rule MAIL; did you mean EMAIL\? Families are/],
    [{ rules: ['-XYZ'] }, /there is no rule -XYZ; Families are/],
    [{ summmary: 'info' }, /summmary/],
    [{ actions: { MAIL: 'mask' } }, /no rule or family MAIL/],
    [{ actions: { EMAIL: 'maks' } }, /replace/],
    [{ actions: { POSTAL_CODE: 'pseudonym' }, pseudonyms: { key_env: 'KEY' } }, /few values/],
    [{ actions: { EMAIL: 'pseudonym' } }, /needs a key/],
    [{ pseudonyms: { key_env: 'A', key_file: 'b' } }, /one of key_file and key_env/],
    [{ pseudonyms: {} }, /one of key_file and key_env/],
    [{ patterns: [{ name: 'order', regex: 'x' }] }, /capitals/],
    [{ patterns: [{ name: 'EMAIL', regex: 'x' }] }, /has that name already/],
    [{ patterns: [{ name: 'A', regex: 'x*' }] }, /empty text/],
    [{ patterns: [{ name: 'A', regex: '(?<=x)y\\1' }] }, /RE2/],
    [
      {
        patterns: [
          { name: 'A', regex: 'x' },
          { name: 'A', regex: 'y' },
        ],
      },
      /two patterns are named A/,
    ],
    [{ blocked_values: ['['] }, /missing closing/],
    [{ hash_function: 'sha2' }, /sha1/],
    [{ hash_function: 'hmac-sha256', hmac_key: 'short' }, /at least 32 bytes/],
    [{ hash_function: 'hmac-sha512', hmac_key: 'k'.repeat(32) }, /at least 64 bytes/],
  ])('refuses %j', (settings, message) => {
    const { success, error } = redaction.config.safeParse(settings)
    expect(success).toBe(false)
    expect(error?.message).toMatch(message)
  })

  test.each<[object, string]>([
    [{ dry_run: true }, 'nothing is taken out'],
    [{ blocked_values: ['x'] }, 'all attributes are deleted'],
    [{ blocked_values: ['x'], allow_all_keys: true }, ''],
    [{ summary: 'info', hash_function: '' }, ''],
  ])('warns: %j', (settings, message) => {
    const context = testContext('redaction')
    redaction.create(redaction.config.parse(settings), context)
    const warnings = context.logged.map((entry) => entry.message)
    expect(warnings).toHaveLength(message === '' ? 0 : 1)
    expect(warnings.join('')).toContain(message)
  })

  test('all problems of a configuration are told at once', () => {
    const wrong = {
      rules: ['MAIL'],
      actions: { X: 'mask' },
      patterns: [{ name: 'A', regex: '[' }],
      blocked_values: ['('],
    }
    expect(redaction.config.safeParse(wrong).error?.issues).toHaveLength(4)
  })
})

describeWithData('otlp/alloy/collector-yaml', () => {
  test("a collector's block, as it is", () => {
    const file = sharedData('otlp/alloy/collector-yaml', 'redactionprocessor.yaml')
    const { processors }: { processors: { redaction: object } } = parse(readFileSync(file, 'utf8'))
    const attributes = {
      'auth.token': 'abc',
      'db.statement': "select * from t where a = 'x'",
      'db.system': 'mysql',
      'http.url': 'http://h.example/a/4111111111111111',
      'my.safe.token': '4111111111111111',
      text: 'card 4111111111111111',
    }
    const span = { spanId: '0000000000000010', name: 'GET /users/42', kind: 3, attributes }
    const out = decode('traces', redactor(processors.redaction).redact('traces', spanBatch({ spans: [span] })))
    const hash = (text: string): string =>
      createHmac('sha256', '0123456789abcdef0123456789abcdef').update(text).digest('hex')
    const json = JSON.stringify(out)
    expect(json).toContain(`"key":"auth.token","value":{"stringValue":"${hash('abc')}"}`)
    expect(json).toContain('select * from t where a = ?')
    expect(json).toContain('http://h.example/a/4111111111111111')
    expect(json).toContain('"key":"my.safe.token","value":{"stringValue":"4111111111111111"}')
    expect(json).toContain(`card ${hash('4111111111111111')}`)
    expect(json).toContain('GET /users/*')
    expect(json).toContain('"key":"redaction.masked.keys","value":{"stringValue":"auth.token,db.statement,text"}')
    expect(json).toContain('"key":"redaction.ignored.count","value":{"intValue":"1"}')
  })
})

/** Places that other redactors forget. */
const ATTRIBUTE = 'attributes.value'
const KNOWN_PLACES: Record<Signal, readonly string[]> = {
  traces: [
    'resourceSpans.scopeSpans.spans.attributes.key',
    `resourceSpans.scopeSpans.spans.${ATTRIBUTE}.kvlistValue.values.value.arrayValue.values.stringValue`,
    `resourceSpans.scopeSpans.spans.${ATTRIBUTE}.bytesValue`,
    'resourceSpans.scopeSpans.spans.name',
    'resourceSpans.scopeSpans.spans.traceState',
    'resourceSpans.scopeSpans.spans.status.message',
    'resourceSpans.scopeSpans.spans.events.name',
    `resourceSpans.scopeSpans.spans.links.${ATTRIBUTE}.stringValue`,
    'resourceSpans.scopeSpans.spans.links.traceState',
    'resourceSpans.scopeSpans.scope.version',
    'resourceSpans.schemaUrl',
    'resourceSpans.resource.entityRefs.idKeys',
  ],
  logs: [
    'resourceLogs.scopeLogs.logRecords.body.stringValue',
    'resourceLogs.scopeLogs.logRecords.severityText',
    'resourceLogs.scopeLogs.logRecords.eventName',
  ],
  metrics: [
    'resourceMetrics.scopeMetrics.metrics.description',
    'resourceMetrics.scopeMetrics.metrics.unit',
    `resourceMetrics.scopeMetrics.metrics.sum.dataPoints.exemplars.filteredAttributes.value.stringValue`,
  ],
}

function redactText(value: string): string {
  const batch = spanBatch({ spans: [{ spanId: '0000000000000010', attributes: { a: value } }] })
  return redact('traces', batch).equals(batch) ? value : ''
}

/** The summary attributes of each span. */
function summaries(bytes: Buffer): Record<string, unknown>[] {
  interface Attribute {
    key: string
    value: { intValue?: string; arrayValue?: { values: { stringValue: string }[] } }
  }
  const request = decode('traces', bytes) as unknown as {
    resourceSpans: { scopeSpans: { spans: { attributes: Attribute[] }[] }[] }[]
  }
  const spans = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  return spans.map(({ attributes }) =>
    Object.fromEntries(
      attributes
        .filter(({ key }) => key.startsWith('spanwarden.'))
        .map(({ key, value }) => [
          key,
          value.intValue ?? value.arrayValue?.values.map((element) => element.stringValue),
        ]),
    ),
  )
}
