import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import type { TestContext } from '../../../../test/support/component-context.ts'
import { until } from '../../../../test/support/until.ts'
import { GuardClient } from '../../../control/guard-client.ts'
import type { Admit, Answer, Welcome } from '../../../control/guard-messages.ts'
import type { ServiceName } from '../../component.ts'
import { Services } from '../../services.ts'
import { guard } from '../guard.ts'
import { guardHost } from './guard-host.ts'

type Undo = () => void | Promise<void>
const undo: Undo[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

const POSTS = { tools: { post_message: { class: 'post' } }, supervised: {} }

async function start(config: object = POSTS, context: TestContext = testContext('guard')) {
  const http = fastify()
  const services = new Services(() => context)
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const create = (given: object) =>
    guard.create(guard.config.parse(given), { ...context, http: fastify(), service, readySinceMs: () => 0 })
  const extension = guard.create(guard.config.parse(config), { ...context, http, service, readySinceMs: () => 0 })
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await extension.stop?.()
    services.close()
    await http.close()
  }
  undo.push(stop)
  await extension.start?.()
  const order = async (url: string, payload: object) => {
    const response = await http.inject({ method: 'POST', url: `/api/guard/${url}`, payload })
    return { status: response.statusCode, ...response.json() }
  }
  const waiting = async (): Promise<{ id: string; [key: string]: unknown }[]> =>
    (await http.inject('/api/guard/approvals')).json().waiting
  return {
    context,
    http,
    stop,
    host: service(guardHost),
    socket: join(context.stateFolder, 'control.sock'),
    waiting,
    approve: (id: string, person = 'Ada') => order('approvals/approve', { id, person }),
    deny: (id: string, person = 'Ada', reason = 'not this one') => order('approvals/deny', { id, person, reason }),
    stopAll: () => order('stop', { person: 'Ada', reason: 'enough' }),
    /** As a reload of the configuration does. */
    reconfigure: async (given: object) => {
      const next = create(given)
      await next.start?.()
      undo.push(async () => void (await next.stop?.()))
    },
    lines: () => auditLines(context.stateFolder),
    counted: (decision: string) => context.counters.get(`agent_guard_approvals_total{decision="${decision}"}`) ?? 0,
  }
}

const auditLines = (stateFolder: string): Record<string, unknown>[] =>
  readFileSync(join(stateFolder, 'audit', 'audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

async function agent(socket: string, process = 'p1') {
  const welcomes: Welcome[] = []
  const client: GuardClient = new GuardClient({
    address: { path: socket },
    identity: { process, pid: 1, startedAt: 0, agent: 'support', version: '1' },
    inFlight: () => 0,
    welcome: (message) => void welcomes.push(message),
    stop: ({ id }) => client.tell({ type: 'stopped', id, aborted: 0 }),
    resume() {},
  })
  client.start()
  undo.push(() => client.close())
  await until(() => client.isConnected)
  const asked: Admit = {
    type: 'admit',
    id: '',
    tool: 'post_message',
    class: 'write',
    scopes: { agent: 'support', run: 'ab'.repeat(16) },
    trace: 'ab'.repeat(16),
    summary: '{to:string(17)}',
    argumentsHmac: 'f'.repeat(64),
  }
  const admit = (id: string, more: Partial<Admit> = {}): Promise<Answer> =>
    client.ask({ ...asked, id, ...more }, 3_000_000)
  return { client, welcomes, admit }
}

describe('a call of a chosen class', () => {
  test('waits until a person approves it: the audit log has who, then the attempt', async () => {
    const { socket, waiting, approve, lines, counted, context } = await start()
    const { admit, welcomes } = await agent(socket)
    expect(welcomes[0]?.rules).toMatchObject({ askClasses: ['post', 'pay', 'exec'] })
    expect(await admit('r1', { tool: 'read_file', class: 'read' })).toMatchObject({ isGranted: true })
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    context.clock.advance(61_000)
    expect(await waiting()).toMatchObject([
      {
        id: 'c1',
        tool: 'post_message',
        class: 'post',
        agent: 'support',
        run: 'ab'.repeat(16),
        trace_id: 'ab'.repeat(16),
        input: '{to:string(17)}',
        waited_ms: 61_000,
        left_ms: 239_000,
        connected: true,
      },
    ])
    expect(context.gauges.get('agent_guard_approvals_pending')?.()).toBe(1)
    expect(context.gauges.get('agent_guard_approval_oldest_wait_seconds')?.()).toBe(61)
    expect(await approve('c1')).toMatchObject({ status: 200, state: 'approved', person: 'Ada', granted: true })
    expect(await answer).toMatchObject({ isGranted: true })
    expect(await waiting()).toEqual([])
    expect(lines().filter(({ call }) => call === 'c1')).toMatchObject([
      { event: 'action', action: 'approve', by: 'Ada', scope: 'tool:post_message' },
      { event: 'attempt', decision: 'allow', rule: 'supervised', by: 'Ada', input: '{to:string(17)}' },
    ])
    expect(counted('approved')).toBe(1)
    expect(context.counters.get('agent_guard_approval_wait_seconds_total')).toBe(61)
  })

  test('is denied by a person, with the reason', async () => {
    const { socket, waiting, deny, lines } = await start()
    const { admit } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    expect(await deny('c1')).toMatchObject({ status: 200, state: 'denied', granted: false })
    expect(await answer).toMatchObject({ isGranted: false, code: 'APPROVAL_DENIED', rule: 'supervised' })
    expect((await answer).message).toContain('Ada has denied this call of post_message: not this one')
    expect(lines()).toMatchObject([
      { event: 'action', action: 'deny', by: 'Ada', reason: 'not this one' },
      { event: 'attempt', decision: 'deny', rule: 'supervised', by: 'Ada' },
    ])
  })

  test('is denied when nobody answers in time; who answers then is told', async () => {
    const { socket, waiting, approve, lines, context, counted } = await start()
    const { admit } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    context.clock.advance(300_000)
    expect(await answer).toMatchObject({ code: 'APPROVAL_DENIED', rule: 'supervised:timeout' })
    expect(await approve('c1')).toMatchObject({ status: 409, state: 'timeout', person: null })
    expect(await approve('nobody')).toMatchObject({ status: 404 })
    expect(lines()).toMatchObject([{ event: 'attempt', decision: 'deny', rule: 'supervised:timeout' }])
    expect(lines()[0]).not.toHaveProperty('by')
    expect(counted('timeout')).toBe(1)
  })

  test('needs a name, and of two who answer at once one decides and the other is told who did', async () => {
    const { socket, waiting, approve, deny, lines } = await start()
    const { admit } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    expect(await approve('c1', '  ')).toMatchObject({ status: 400 })
    const answers = await Promise.all([approve('c1', 'Ada'), deny('c1', 'Grace'), approve('c1', 'Joan')])
    expect(answers).toMatchObject([
      { status: 200, person: 'Ada', state: 'approved' },
      { status: 409, person: 'Ada', state: 'approved' },
      { status: 409, person: 'Ada' },
    ])
    expect(String(Object(answers[1]).error)).toMatch(/^already approved by Ada at 2026-/)
    expect(await answer).toMatchObject({ isGranted: true })
    expect(lines().filter(({ event }) => event === 'action')).toHaveLength(1)
  })
})

describe('other limits', () => {
  const LIMITED = { ...POSTS, rates: { posts: { class: 'post', limit: 1, window: '1m' } } }

  test('a rate is taken from when the call is approved, not when it is asked for; nobody is asked for what it denies', async () => {
    const { socket, waiting, approve, deny, context } = await start(LIMITED)
    const { admit } = await agent(socket)
    const answers = ['c1', 'c2', 'c3'].map((id) => admit(id))
    await until(async () => (await waiting()).length === 3)
    await deny('c1')
    expect(await approve('c2')).toMatchObject({ granted: true })
    expect(await approve('c3')).toMatchObject({ status: 200, state: 'approved', granted: false, code: 'RATE_LIMITED' })
    expect(await Promise.all(answers)).toMatchObject([
      { code: 'APPROVAL_DENIED' },
      { isGranted: true },
      { code: 'RATE_LIMITED', rule: 'posts' },
    ])
    expect(await admit('c4')).toMatchObject({ code: 'RATE_LIMITED' })
    context.clock.advance(60_001)
    void admit('c5')
    await until(async () => (await waiting()).length === 1)
  })

  test('a stop ends the wait, and is not overruled by an approval', async () => {
    const { socket, waiting, approve, stopAll, context, lines, counted } = await start()
    const { admit } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    await stopAll()
    context.clock.advance(500)
    expect(await answer).toMatchObject({ code: 'STOPPED' })
    expect(await approve('c1')).toMatchObject({ status: 409, state: 'stopped' })
    expect(await admit('c2')).toMatchObject({ code: 'STOPPED' })
    expect(counted('stopped')).toBe(1)
    expect(lines().filter(({ event, decision }) => event === 'attempt' && decision === 'allow')).toEqual([])
  })

  test('an approval that comes in the moment of a stop grants nothing', async () => {
    const { socket, waiting, approve, stopAll } = await start()
    const { admit } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    const [, approval] = await Promise.all([stopAll(), approve('c1')])
    expect(approval).toMatchObject({ state: 'approved', granted: false, code: 'STOPPED' })
    expect(await answer).toMatchObject({ code: 'STOPPED' })
  })
})

describe('who asks', () => {
  test('asks again after a lost connection and is the same question, with one answer', async () => {
    const { socket, waiting, approve, lines, counted } = await start()
    const first = await agent(socket)
    void first.admit('c1')
    await until(async () => (await waiting()).length === 1)
    first.client.close()
    await until(async () => (await waiting())[0]?.['connected'] === false)
    // The same process, over another connection.
    const again = await agent(socket)
    const answer = again.admit('c1')
    await until(async () => (await waiting())[0]?.['connected'] === true)
    expect(await waiting()).toHaveLength(1)
    expect(await approve('c1')).toMatchObject({ granted: true })
    expect(await answer).toMatchObject({ isGranted: true })
    // Its answer was lost as well.
    expect(await again.admit('c1')).toMatchObject({ isGranted: true })
    expect(counted('approved')).toBe(1)
    expect(lines().map(({ event }) => event)).toEqual(['action', 'attempt'])
  })

  test('gets the answer when it is back; another process does not get it', async () => {
    const { socket, waiting, approve } = await start()
    const first = await agent(socket)
    void first.admit('c1')
    await until(async () => (await waiting()).length === 1)
    first.client.close()
    await until(async () => (await waiting())[0]?.['connected'] === false)
    expect(await approve('c1')).toMatchObject({ status: 200, granted: null })
    const thief = await agent(socket, 'p2')
    expect(await thief.admit('c1')).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
    expect(await (await agent(socket)).admit('c1')).toMatchObject({ isGranted: true })
  })

  test('withdraws its question, and no other', async () => {
    const { socket, waiting, lines, approve, counted } = await start()
    const { client, admit } = await agent(socket)
    const other = await agent(socket, 'p2')
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    other.client.tell({ type: 'outcome', id: 'c1', result: 'not_called', durationMs: 0, notExecuted: true })
    await other.client.flush(5000)
    expect(await waiting()).toHaveLength(1)
    client.withdraw('c1')
    expect(await answer).toMatchObject({ isGranted: false })
    await until(async () => (await waiting()).length === 0)
    expect(await approve('c1')).toMatchObject({ status: 409, state: 'withdrawn' })
    expect(counted('withdrawn')).toBe(1)
    await until(() => lines().length === 1)
    expect(lines()).toMatchObject([{ event: 'attempt', decision: 'deny', rule: 'supervised:withdrawn', call: 'c1' }])
  })

  test('is gone: its question is withdrawn when its lease is over', async () => {
    const { socket, waiting, context, lines } = await start()
    const { client, admit } = await agent(socket)
    void admit('c1')
    await until(async () => (await waiting()).length === 1)
    client.close()
    await until(async () => (await waiting())[0]?.['connected'] === false)
    context.clock.advance(14_000)
    expect(await waiting()).toHaveLength(1)
    context.clock.advance(2_000)
    expect(await waiting()).toEqual([])
    await until(() => lines().length === 1)
    expect(lines()).toMatchObject([{ decision: 'deny', rule: 'supervised:withdrawn', process: 'p1' }])
  })
})

test('a restart of the sidecar neither approves nor forgets: asked again it waits for the rest of its time', async () => {
  const one = await start()
  const first = await agent(one.socket)
  void first.admit('c1')
  void first.admit('c2')
  await until(async () => (await one.waiting()).length === 2)
  one.context.clock.advance(100_000)
  await one.approve('c2')
  first.client.close()
  await one.stop()
  const two = await start(POSTS, one.context)
  expect(await two.waiting()).toMatchObject([{ id: 'c1', connected: false, left_ms: 200_000 }])
  const back = await agent(two.socket)
  const answer = back.admit('c1')
  await until(async () => (await two.waiting())[0]?.['connected'] === true)
  expect(await back.admit('c2')).toMatchObject({ isGranted: true })
  two.context.clock.advance(200_000)
  expect(await answer).toMatchObject({ rule: 'supervised:timeout' })
})

test('so many wait, and the next is denied; each is decided by itself', async () => {
  const { socket, waiting, approve, deny, counted, context } = await start({
    ...POSTS,
    supervised: { pending_max: 100 },
  })
  const { admit } = await agent(socket)
  const answers = Array.from({ length: 100 }, (_, i) => admit(`c${i}`))
  await until(async () => (await waiting()).length === 100)
  expect(await admit('c100')).toMatchObject({ code: 'APPROVAL_DENIED', rule: 'supervised:full' })
  expect(counted('full')).toBe(1)
  await Promise.all(answers.map((_, i) => (i % 3 === 0 ? approve(`c${i}`) : i % 3 === 1 ? deny(`c${i}`) : undefined)))
  context.clock.advance(300_000)
  const granted = await Promise.all(answers)
  expect(granted.map(({ isGranted }) => isGranted)).toEqual(granted.map((_, i) => i % 3 === 0))
  expect(await waiting()).toEqual([])
})

describe('the end', () => {
  const messages = ({ logged }: TestContext): string[] => logged.map(({ message }) => message)

  test('after it nothing new waits, agents are told, and the log says so; what waits still needs its person', async () => {
    const config = { ...POSTS, supervised: { until: '2026-11-21T12:01:00Z' } }
    const { socket, waiting, context, approve } = await start(config)
    expect(context.logged).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ until: '2026-11-21T12:01:00.000Z' }) }),
    )
    const { admit, welcomes } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    expect(messages(context).filter((message) => message.includes('has ended'))).toEqual([])
    context.clock.advance(60_500)
    expect(messages(context).filter((message) => message.includes('has ended'))).toHaveLength(1)
    await until(() => welcomes.length === 2)
    expect(welcomes[1]?.rules.askClasses).toEqual([])
    expect(await admit('c2')).toMatchObject({ isGranted: true })
    expect(await waiting()).toMatchObject([{ id: 'c1' }])
    await approve('c1')
    expect(await answer).toMatchObject({ isGranted: true })
  })

  test('a start behind it says so', async () => {
    const { socket, context } = await start({ ...POSTS, supervised: { until: '2026-11-20' } })
    expect(messages(context).filter((message) => message.includes('has ended'))).toHaveLength(1)
    expect(await (await agent(socket)).admit('c1')).toMatchObject({ isGranted: true })
  })

  test.each([
    ['2026-12-01', 'UTC', '2026-12-02T00:00:00.000Z'],
    ['2026-12-01', 'Europe/Berlin', '2026-12-01T23:00:00.000Z'],
    ['2026-12-01', 'Pacific/Kiritimati', '2026-12-01T10:00:00.000Z'],
    ['2026-12-01', 'Pacific/Pago_Pago', '2026-12-02T11:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    ['2026-12-01T18:00+02:00', 'Europe/Berlin', '2026-12-01T16:00:00.000Z'],
  ])('%s in %s is %s', async (day, time_zone, end) => {
    const { http } = await start({ ...POSTS, supervised: { until: day, time_zone } })
    expect((await http.inject('/api/guard/approvals')).json().until).toBe(end)
  })

  test.each(['tomorrow', '2026-02-30', '2026-12-01T18:00', '2026-13-01T00:00Z'])('%s is none', (day) => {
    expect(guard.config.safeParse({ supervised: { until: day } }).success).toBe(false)
  })
})

describe('nothing waits', () => {
  test('in shadow mode of the sidecar, or of the agent: it is counted', async () => {
    const { socket, waiting, counted } = await start({ ...POSTS, mode: 'shadow' })
    const { admit } = await agent(socket)
    expect(await admit('c1')).toMatchObject({ isGranted: true })
    expect(await waiting()).toEqual([])
    expect(counted('would_wait')).toBe(1)
    const enforced = await start()
    expect(await (await agent(enforced.socket)).admit('c2', { goesOn: true })).toMatchObject({ isGranted: true })
    expect(enforced.counted('would_wait')).toBe(1)
  })

  test('when a person takes it out of the configuration: what waits goes on', async () => {
    const { socket, waiting, reconfigure, counted } = await start()
    const { admit } = await agent(socket)
    const answer = admit('c1')
    await until(async () => (await waiting()).length === 1)
    await reconfigure({ ...POSTS, supervised: { classes: ['pay'], tools: [] } })
    expect(await answer).toMatchObject({ isGranted: true })
    expect(counted('released')).toBe(1)
  })

  test('of other classes, but tools are named as well', async () => {
    const { socket, waiting } = await start({ supervised: { classes: [], tools: ['deploy'] } })
    const { admit, welcomes } = await agent(socket)
    expect(welcomes[0]?.rules).toMatchObject({ askClasses: [], askTools: ['deploy'] })
    expect(await admit('c1', { class: 'exec' })).toMatchObject({ isGranted: true })
    void admit('c2', { tool: 'deploy' })
    await until(async () => (await waiting()).length === 1)
  })
})

test('an agent that sends what it was given, in place of its structure, has it shown and kept nowhere', async () => {
  const canary = 'q7-canary 4111 1111 1111 1111'
  const { socket, waiting, deny, context, stop } = await start()
  const { admit } = await agent(socket)
  const answer = admit('c1', { summary: canary, argumentsHmac: canary })
  await until(async () => (await waiting()).length === 1)
  expect(await waiting()).toMatchObject([{ input: 'unreadable' }])
  expect(JSON.stringify([await waiting(), await deny('c1'), await answer, context.logged])).not.toContain('canary')
  await stop()
  const kept = readdirSync(context.stateFolder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))
  expect(kept.length).toBeGreaterThan(2)
  expect(kept.filter((text) => text.includes('canary'))).toEqual([])
})

test('without its line in the audit log an approved call is denied', async () => {
  const context = testContext('guard')
  const { socket, waiting, approve, http } = await start(POSTS, context)
  const { admit } = await agent(socket)
  const answer = admit('c1')
  await until(async () => (await waiting()).length === 1)
  rmSync(join(context.stateFolder, 'audit'), { recursive: true, force: true })
  writeFileSync(join(context.stateFolder, 'audit'), 'a file in place of the folder')
  expect(await approve('c1')).toMatchObject({ status: 503 })
  expect(await answer).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
  expect((await http.inject('/api/guard/approvals')).json().waiting).toEqual([])
})
