import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { spanBatch, spanBatchJson } from '../../test/support/span-batch.ts'

const entry = fileURLToPath(new URL('../cli.ts', import.meta.url))
const redact = (input: string | Buffer, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'redact', ...args], { input })
  return { status, stdout, stderr: stderr.toString() }
}
const batch = {
  spans: [{ spanId: '0000000000000010', name: 'mail ada@example.com', attributes: { card: '4111 1111 1111 1111' } }],
}

describe('spanwarden redact', () => {
  test('text from standard input', () => {
    const { status, stdout, stderr } = redact('Mail ada@example.com and bob@example.com,\n192.0.2.7\n')
    expect(stdout.toString()).toBe('Mail [REDACTED:EMAIL] and [REDACTED:EMAIL],\n[REDACTED:IP_ADDRESS]\n')
    expect(stderr).toBe('      2  EMAIL\n      1  IP_ADDRESS\n      3  in all\n')
    expect(status).toBe(0)
  })

  test('a file, with a report as JSON', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'note.txt')
    writeFileSync(file, 'é ada@example.com')
    const { stdout, stderr } = redact('', '--json', file)
    expect(stdout.toString()).toBe('é [REDACTED:EMAIL]')
    expect(JSON.parse(stderr)).toEqual({ total: 1, rules: { EMAIL: 1 } })
  })

  test('only the rules asked for', () => {
    expect(redact('ada@example.com 192.0.2.7', '--rules', 'ip_address').stdout.toString()).toBe(
      'ada@example.com [REDACTED:IP_ADDRESS]',
    )
  })

  describe('--config', () => {
    const file = (processors: string): string => {
      const path = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'collector.yaml')
      const rest = 'receivers: {otlp: {protocols: {http: }}}\nexporters: {debug: }\n'
      const pipelines = 'service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}\n'
      writeFileSync(path, `${rest}processors: {${processors}}\n${pipelines}`)
      return path
    }
    const ours = 'redaction: {actions: {EMAIL: mask}, patterns: [{name: ORDER, regex: "ORD-[0-9]+"}], dry_run: true}'

    test('redacts as the processor of that file would', () => {
      const { status, stdout } = redact('ada@example.com ORD-17', '--config', file(ours))
      expect([status, stdout.toString()]).toEqual([0, '****ecom [REDACTED:ORDER]'])
    })

    test('one of several is named', () => {
      const config = file(`${ours}, redaction/few: {rules: [IP_ADDRESS]}`)
      expect(redact('a@example.com', '--config', config)).toMatchObject({ status: 2 })
      const { stdout } = redact('a@example.com 192.0.2.7', '--config', config, '--processor', 'redaction/few')
      expect(stdout.toString()).toBe('a@example.com [REDACTED:IP_ADDRESS]')
    })

    test.each([
      [['--config', file('cost: ')], 2, 'there is no processor redaction in it'],
      [['--config', file(ours), '--processor', 'redaction/x'], 2, 'there is redaction'],
      [['--config', file(ours), '--rules', 'EMAIL'], 2, 'one of them at a time'],
      [['--config', file('redaction: {rulez: []}')], 78, 'did you mean rules?'],
    ])('%j is exit code %i', (args, code, message) => {
      const { status, stderr } = redact('text', ...args)
      expect(stderr).toContain(message)
      expect(status).toBe(code)
    })
  })

  test('names in texts, unless PERSON is left out', () => {
    const text = 'Hi, my name is Anna Schmidt.'
    expect(redact(text).stdout.toString()).toBe('Hi, my name is [REDACTED:PERSON].')
    expect(redact(text, '--rules=-PERSON').stdout.toString()).toBe(text)
  })

  test('the default rules without some and with more; a list that means nothing is refused', () => {
    const text = 'ada@example.com 192.0.2.7 {"user_id":"mia_li_3668"}'
    expect(redact(text, '--rules', '-IP_ADDRESS,+USER_ID').stdout.toString()).toBe(
      '[REDACTED:EMAIL] 192.0.2.7 {"user_id":"[REDACTED:USER_ID]"}',
    )
    expect(redact(text, '--rules=-IP_ADDRESS,USER_ID')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('-IP_ADDRESS leaves nothing out of USER_ID: write +USER_ID'),
    })
  })

  test('what is no UTF-8 is refused, not mangled', () => {
    expect(redact(Buffer.from([0x63, 0x61, 0x66, 0xe9]))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no UTF-8'),
    })
  })

  test('OTLP/JSON, whole and by lines', () => {
    const json = JSON.stringify(spanBatchJson(batch))
    const { stdout, stderr } = redact(`${json}\n`)
    expect(stdout.toString()).toContain('"name":"mail [REDACTED:EMAIL]"')
    expect(stdout.toString()).toContain('spanwarden.redaction.count')
    expect(stderr).toContain('1  CREDIT_CARD')
    const lines = redact(`${json}\n${json}\n`).stdout.toString().trimEnd().split('\n')
    expect(lines).toEqual([stdout.toString().trimEnd(), stdout.toString().trimEnd()])
  })

  test('OTLP protobuf, bytes in and bytes out', () => {
    const { stdout } = redact(spanBatch(batch))
    expect(stdout.toString('latin1')).toContain('mail [REDACTED:EMAIL]')
    expect(stdout[0]).toBe(0x0a)
  })

  test('--explain: where, by which rule, how sure, what it becomes, and what the rules are about', () => {
    const { status, stdout, stderr } = redact('é Mail ada@example.com\n😀 call +49 30 901820\n', '--explain')
    const lines = stdout.toString().split('\n')
    expect(lines[0]).toMatch(/^where +rule +sure +what$/)
    expect(lines[1]).toMatch(/^1:8 +EMAIL +0\.\d\d +ada@example\.com → \[REDACTED:EMAIL\]$/)
    expect(lines[2]).toMatch(/^2:9 +PHONE +0\.\d\d +\+49 30 901820 → \[REDACTED:PHONE\]$/)
    expect(lines.slice(4)).toEqual([
      expect.stringMatching(/^EMAIL +E-mail/),
      expect.stringMatching(/^PHONE +Phone/),
      '',
    ])
    expect([status, stderr]).toEqual([0, ''])
  })

  test('--explain of OTLP names the span and the attribute; numbers are told as they were', () => {
    const input = JSON.stringify(
      spanBatchJson({
        spans: [
          {
            spanId: '0000000000000010',
            name: 'chat',
            attributes: { note: 'ada@example.com', card: 4_111_111_111_111_111 },
          },
        ],
      }),
    )
    const found: { place: string; value: string; rule: string }[] = JSON.parse(
      redact(input, '--explain', '--json').stdout.toString(),
    )
    expect(found.map(({ place, rule, value }) => [place, rule, value])).toEqual([
      ['span "chat" › attributes › note', 'EMAIL', 'ada@example.com'],
      ['span "chat" › attributes › card', 'CREDIT_CARD', '4111111111111111'],
    ])
  })

  test('--report: only how much was found', () => {
    expect(redact('ada@example.com bob@example.com', '--report').stdout.toString()).toBe(
      '      2  EMAIL\n      2  in all\n',
    )
    expect(redact('nothing here', '--report').stdout.toString()).toBe('Nothing was found.\n')
  })

  test('--jsonl: findings of each line, with offsets that cut the value out of the text', () => {
    const lines = [
      { id: 7, text: '😀 ada@example.com and 日本 bob@example.com' },
      { id: 'x', text: 'nothing' },
      { id: null, text: '{"card":"4111 1111 1111 1111"}', more: true },
    ]
    const { status, stdout, stderr } = redact(`${lines.map((line) => JSON.stringify(line)).join('\n\n')}\n`, '--jsonl')
    const out: {
      id: unknown
      text: string
      findings: { start: number; end: number; rule: string; confidence: number }[]
    }[] = stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(out.map(({ id }) => id)).toEqual([7, 'x', null])
    expect(
      out.map(({ findings }, i) => findings.map(({ start, end, rule }) => [rule, lines[i]?.text.slice(start, end)])),
    ).toEqual([
      [
        ['EMAIL', 'ada@example.com'],
        ['EMAIL', 'bob@example.com'],
      ],
      [],
      [['CREDIT_CARD', '4111 1111 1111 1111']],
    ])
    expect(out[2]?.text).toBe('{"card":"[REDACTED:CREDIT_CARD]"}')
    expect(stderr).toContain('3  in all')
    expect(status).toBe(0)
  })

  test.each([
    ['{"id":1}', /line 2 .*text/],
    ['not json', /line 2 is no JSON/],
    ['{"id":1,"text":5}', /line 2 .*text/],
  ])('--jsonl: %s is told by its line, without what it holds', (line, message) => {
    const { status, stdout, stderr } = redact(`{"id":1,"text":"a"}\n${line}\n`, '--jsonl')
    expect([status, stdout.toString()]).toEqual([2, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('not json')
  })

  test.each([
    ['--format', 'xml'],
    ['--signal', 'profiles'],
    ['--rules', 'MAIL'],
    ['--jsonl', '--explain'],
    ['a', 'b'],
  ])('wrong usage: %s %s', (...args) => {
    const { status, stdout } = redact('x', ...args)
    expect([status, stdout.toString()]).toEqual([2, ''])
  })
})
