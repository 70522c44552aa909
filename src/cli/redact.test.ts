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

  test.each([
    ['--format', 'xml'],
    ['--signal', 'profiles'],
    ['--rules', 'MAIL'],
    ['a', 'b'],
  ])('wrong usage: %s %s', (...args) => {
    const { status, stdout } = redact('x', ...args)
    expect([status, stdout.toString()]).toEqual([2, ''])
  })
})
