import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { attemptOf, openedLog, outcomeOf } from '../../test/support/audit-entries.ts'
import { main } from './main.ts'

const entry = fileURLToPath(new URL('../cli.ts', import.meta.url))
const CANARY = 'anna@example.com 4111 1111 1111 1111'
let stateFolder = ''

async function spanwarden(...args: string[]): Promise<{ status: number; stdout: string }> {
  let stdout = ''
  const status = await main(args, {
    stdout: { write: (text) => (stdout += text.toString()) },
    stderr: { write: () => {} },
    env: { SPANWARDEN_STATE_DIR: stateFolder },
    entry,
  })
  return { status, stdout }
}

/** A post that was answered, a read that failed, a payment under way, a post that was denied. */
beforeAll(async () => {
  stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-last-'))
  const { log } = openedLog(join(stateFolder, 'audit'), { now: () => Date.now() })
  await log.append(attemptOf('c1'))
  await log.append(outcomeOf('c1'))
  await log.append(attemptOf('c2', 'lookup', 'read'))
  await log.append(outcomeOf('c2', 'lookup', 'read', 'error:NotFoundError'))
  await log.append({ ...attemptOf('c3', 'send money', 'pay'), agent: 'buyer', input: CANARY })
  await log.append({ ...attemptOf('c4'), decision: 'deny', rule: 'RATE_LIMITED' }, { isSideEffect: true })
  await log.close()
})

describe('spanwarden last', () => {
  test('side effects first, newest first, with what became of them', async () => {
    const { status, stdout } = await spanwarden('last')
    const rows = stdout.split('\n').map((line) => line.replaceAll(/\s{2,}/g, '|').replace(/^[\d-]+T[\d:.]+Z/, 'T'))
    const run = '0af7651916cd43dd8448eb211c80319c'
    expect(rows).toEqual([
      'Side effects:',
      'WHEN|AGENT|TOOL|CLASS|INPUT|RESULT|MS|USD|RUN',
      `T|support|post_message|post|{text:string(12)}|denied (RATE_LIMITED)|-|0.000001|${run}`,
      `T|buyer|send money|pay|unreadable|running|-|0.000001|${run}`,
      `T|support|post_message|post|{text:string(12)}|ok|12|0.000001|${run}`,
      '',
      'Reads and model calls:',
      'WHEN|AGENT|TOOL|CLASS|INPUT|RESULT|MS|USD|RUN',
      `T|support|lookup|read|{text:string(12)}|error:NotFoundError|12|0.000001|${run}`,
      '',
    ])
    expect(status).toBe(0)
    expect(stdout).not.toContain('anna')
  })

  test('--json, a number, and filters', async () => {
    const calls = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await spanwarden('last', '--json', ...args)).stdout)
    expect(await calls()).toMatchObject([{ call: 'c4' }, { call: 'c3' }, { call: 'c1', result: 'ok' }, { call: 'c2' }])
    expect(await calls('1')).toMatchObject([{ call: 'c4', decision: 'deny' }, { call: 'c2' }])
    expect(await calls('--agent', 'buyer')).toMatchObject([{ call: 'c3' }])
    expect(await calls('--tool', 'lookup')).toMatchObject([{ call: 'c2' }])
    expect(await calls('--run', 'other')).toEqual([])
  })

  test('a section that has nothing is left out; where both have, that is said', async () => {
    const shown = async (...args: string[]): Promise<string[]> =>
      (await spanwarden('last', ...args)).stdout.split('\n').filter((line) => !/^\d/.test(line))
    const header = expect.stringMatching(/^WHEN /)
    expect(await shown('--agent', 'buyer')).toEqual(['Side effects:', header, ''])
    expect(await shown('--tool', 'lookup')).toEqual(['Reads and model calls:', header, ''])
    expect(await shown('--run', 'other')).toEqual(['No such call is on record.', ''])
  })

  test('without a log it says so', async () => {
    const before = stateFolder
    stateFolder = join(before, 'nothing')
    expect(await spanwarden('last')).toMatchObject({
      status: 0,
      stdout: `There is no audit log in ${stateFolder}/audit. A guard with audit: {} writes one.\n`,
    })
    stateFolder = before
  })

  test.each([['0'], ['x'], ['1', '2'], ['99999']])('wrong usage: %s %s', async (...args) => {
    expect(await spanwarden('last', ...args.filter((arg) => arg !== undefined))).toMatchObject({ status: 2 })
  })
})

describe('spanwarden audit verify', () => {
  test('a sound log, and a line to note elsewhere', async () => {
    const { status, stdout } = await spanwarden('audit', 'verify')
    expect(stdout).toMatch(/^Sound: 6 lines in 1 files, numbers 1 to 6\.\n.* --expect 6:[0-9a-f]{64}\n$/)
    expect(status).toBe(0)
    const noted = /--expect (\S+)/.exec(stdout)?.[1] ?? ''
    expect((await spanwarden('audit', 'verify', '--expect', noted)).status).toBe(0)
    expect(await spanwarden('audit', 'verify', '--expect', noted.replace('6:', '7:'))).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('BROKEN (removed): line 7 is missing'),
    })
  })

  test('a changed line: exit code 1, which and where', async () => {
    const before = stateFolder
    const changed = mkdtempSync(join(tmpdir(), 'spanwarden-changed-'))
    cpSync(before, changed, { recursive: true })
    stateFolder = changed
    const path = join(changed, 'audit', 'audit.jsonl')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"deny"', '"allow"'))
    const { status, stdout } = await spanwarden('audit', 'verify', '--json')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, break: { kind: 'changed', file: path, line: 6, seq: 6 } })
    expect((await spanwarden('audit', 'verify')).stdout).toMatch(
      /^BROKEN \(changed\): line 6 .*\n {2}\/.*audit\.jsonl, line 6, number 6;/,
    )
    stateFolder = before
  })

  test.each([[], ['sow'], ['verify', 'x'], ['verify', '--expect', '1:2']])('wrong usage: %s %s %s', async (...args) => {
    expect(await spanwarden('audit', ...args.filter((arg) => arg !== undefined))).toMatchObject({ status: 2 })
  })
})
