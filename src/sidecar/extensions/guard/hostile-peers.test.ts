import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { DAILY, guardAgent, startGuard, undo } from '../../../../test/support/running-guard.ts'
import { until } from '../../../../test/support/until.ts'
import { GuardClient } from '../../../control/guard-client.ts'
import type { FromAgent, Hello } from '../../../control/guard-messages.ts'
import { lineOf } from '../../../control/line-framing.ts'
import { processMark } from '../../../control/process-mark.ts'
import { systemClock } from '../../system-clock.ts'

/** Says what it likes over the control socket. */
interface Peer {
  readonly socket: Socket
  readonly heard: () => string
  say(...messages: readonly FromAgent[]): void
}

async function peer(path: string, hello: Partial<Hello> & Record<string, unknown> = {}): Promise<Peer> {
  const socket = connect(path)
  undo.push(() => void socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => {})
  const say = (...messages: readonly FromAgent[]): void => void socket.write(messages.map(lineOf).join(''))
  const said = { process: 'evil1', pid: 1, startedAt: 1, agent: 'evil', version: '0', ...hello }
  say({ type: 'hello', protocol: 1, ...said })
  await until(() => text.includes('\n'))
  return { socket, heard: () => text, say }
}

const proving = async (socket: string, id: string, agent: string): Promise<GuardClient> => {
  const client = new GuardClient({
    address: { path: socket },
    identity: { process: id, pid: process.pid, startedAt: 1, agent, version: '1' },
    inFlight: () => 0,
    welcome() {},
    stop() {},
    resume() {},
  })
  client.start()
  undo.push(() => client.close())
  await until(() => client.isConnected)
  return client
}

describe('who says the pid of another process', () => {
  test('does not have it signalled, whatever mark or file it names', async () => {
    const { socket, host } = await startGuard({}, testContext('guard'), systemClock)
    const victim = spawn('sleep', ['60'], { stdio: 'ignore' })
    undo.push(() => void victim.kill('SIGKILL'))
    await once(victim, 'spawn')
    const pid = victim.pid ?? 0
    // As the protocol once was, and as it is.
    await peer(socket, { pid, mark: processMark(pid) ?? '', proof: 0 })
    const stop = { scope: 'agent', value: 'evil', reason: 'r' } as const
    const report = await host.kill.stop(stop, 'Ada', 800, { graceMs: 0 })
    expect([victim.exitCode, victim.signalCode]).toEqual([null, null])
    expect(report).toMatchObject({ isConfirmed: false, processes: [{ pid, state: 'unconfirmed' }] })
    expect(report.processes[0]?.why).toContain(`not signalled: pid ${pid} is not the process that has connected`)
  })

  test('is not taken for gone when that one ends', async () => {
    const { socket, host } = await startGuard({})
    const short = spawn('sleep', ['60'], { stdio: 'ignore' })
    await once(short, 'spawn')
    const { socket: connection } = await peer(socket, { pid: short.pid ?? 0, mark: processMark(short.pid ?? 0) ?? '' })
    const stop = { scope: 'agent', value: 'evil', reason: 'r' } as const
    await host.kill.stop(stop, 'Ada', 0)
    short.kill('SIGKILL')
    await once(short, 'close')
    connection.destroy()
    await until(() => host.processes.connected().length === 0)
    expect(host.books?.stops.reports()[0]?.processes).toMatchObject([{ state: 'lease_over' }])
  })
})

describe('who knows the id of another process', () => {
  test('does not end its connection, nor confirm a stop in its place', async () => {
    const { socket, host } = await startGuard({})
    const real = await proving(socket, 'real', 'support')
    const known = { process: 'real', pid: process.pid, startedAt: 1, agent: 'support' }
    const imposter = await peer(socket, known)
    expect(imposter.heard()).toContain('another process goes by this id')
    // Nor with another name.
    expect((await peer(socket, { ...known, agent: 'evil' })).heard()).toContain('another process')
    expect(real.isConnected).toBe(true)
    expect(host.processes.connected()).toHaveLength(1)
  })

  test('and a process that connects again is let in, with nothing left in the folder', async () => {
    const { socket, host, context } = await startGuard({})
    await proving(socket, 'real', 'support')
    await proving(socket, 'real', 'support')
    expect(host.processes.connected().map(({ identity }) => identity)).toEqual([{ mark: processMark('self') }])
    expect(readdirSync(join(context.stateFolder, 'guard'))).toEqual([])
  })
})

describe('who speaks of another agent', () => {
  const scopes = { agent: 'support' }
  const messages: readonly FromAgent[] = [
    { type: 'hold', id: 'h', amount: 1, scopes },
    { type: 'hold', id: 'h', amount: 1, scopes: { agent: 'evil', tenant: 'theirs' } },
    { type: 'violation', model: 'gpt-9', excess: 1, scopes },
    { type: 'admit', id: 'a', tool: 't', class: 'post', scopes, summary: '', argumentsHmac: '' },
    { type: 'loop', scopes: { ...scopes, run: 'r1' }, level: 'stop', rule: 'cycle', tool: 't' },
    { type: 'activity', id: 'x', scopes: { ...scopes, run: 'r1' }, ageMs: 0, nanoUsd: 1, toolCalls: 0, depth: 0 },
  ]
  test.each(messages)('is cut off, and nothing of it is in the books: $type', async (message) => {
    const { socket, host, http } = await startGuard(DAILY)
    const { socket: connection, heard, say } = await peer(socket, { tenant: 'mine' })
    const closed = once(connection, 'close')
    say(message)
    await closed
    expect(heard()).toContain('scopes name another agent or tenant than the hello')
    expect(host.books?.ledger.holds()).toEqual([])
    expect((await http.inject('/api/guard')).json()).toMatchObject({ budgets: [], stops: [] })
  })
})

describe('what one process was let in for', () => {
  test('is not ended or given back by another one that knows its id', async () => {
    const { socket, context, host } = await startGuard({
      rates: { few: { class: 'write', limit: 1, window: '1h' }, one: { class: 'write', concurrent: 1 } },
      audit: { classes: ['write'] },
    })
    const one = await guardAgent(socket, { process: 'p1' })
    const other = await guardAgent(socket, { process: 'p2' })
    expect(await one.admit('post', 'call-1')).toMatchObject({ isGranted: true })
    const outcome = { type: 'outcome', id: 'call-1', result: 'ok', durationMs: 1 } as const
    other.client.tell({ ...outcome, notExecuted: true })
    other.client.tell(outcome)
    expect(await other.client.flush(5000)).toBe(true)
    expect(await other.admit('post', 'call-2')).toMatchObject({ code: 'RATE_LIMITED' })
    // Nor is one let in, or left out of the log, by the id of a call that was.
    expect(await other.admit('post', 'call-1')).toMatchObject({ code: 'RATE_LIMITED' })
    one.client.tell(outcome)
    expect(await one.client.flush(5000)).toBe(true)
    const file = join(context.stateFolder, 'audit', 'audit.jsonl')
    const lines = (): string[] => readFileSync(file, 'utf8').trim().split('\n')
    await until(() => lines().length >= 4)
    const events = lines()
      .map((line) => JSON.parse(line))
      .map(({ event, process: who, decision, result }) => [event, who, decision ?? result])
    expect(events).toEqual([
      ['attempt', 'p1', 'allow'],
      ['attempt', 'p2', 'deny'],
      ['attempt', 'p2', 'deny'],
      ['outcome', 'p1', 'ok'],
    ])
    expect(host.problem).toBeUndefined()
  })

  test('a hold that waits is not withdrawn or replaced by another one', async () => {
    const { socket, host } = await startGuard(DAILY)
    const one = await guardAgent(socket, { process: 'p1' })
    const other = await guardAgent(socket, { process: 'p2' })
    await one.hold(100)
    const waiting = one.hold(60, { id: 'wanted', waitMs: 10_000 })
    await until(() => host.waiting === 1)
    other.client.tell({ type: 'settle', id: 'wanted', spent: 0 })
    expect(await other.hold(1, { id: 'wanted', waitMs: 10_000 })).toMatchObject({ isGranted: false })
    expect(host.waiting).toBe(1)
    one.settle(1, 0)
    expect(await waiting).toMatchObject({ isGranted: true, amount: 60 })
  })
})

test('who asks over HTTP is told no id of a hold or of a process', async () => {
  const { socket, http, host } = await startGuard(DAILY)
  const { hold } = await guardAgent(socket, { process: 'secret-process' })
  await hold(10, { id: 'secret-hold' })
  await host.kill.stop({ scope: 'agent', value: 'support', reason: 'r' }, 'Ada', 0)
  for (const path of ['/api/guard', '/api/guard/stops', '/api/guard/suspense', '/api/guard/approvals']) {
    const { statusCode, body } = await http.inject(path)
    expect(statusCode).toBe(200)
    expect(body).not.toContain('secret-')
  }
})

test('who says that a call cost more than its bound, which stops a model for all, is named in the log', async () => {
  const { socket, host, context } = await startGuard({})
  const { say } = await peer(socket)
  say({ type: 'violation', model: 'gpt-9', excess: 1, scopes: { agent: 'evil' } })
  await until(() => host.books?.stops.isStopped('model', 'gpt-9') === true)
  expect(context.logged).toContainEqual(
    expect.objectContaining({ level: 'error', fields: expect.objectContaining({ model: 'gpt-9', agent: 'evil' }) }),
  )
})
