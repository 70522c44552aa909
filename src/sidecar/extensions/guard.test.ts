import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { DAILY, guardAgent, startGuard } from '../../../test/support/running-guard.ts'
import { until } from '../../../test/support/until.ts'
import { parseGuardMarker } from '../../control/guard-marker.ts'
import { systemClock } from '../system-clock.ts'
import { processHandle } from './guard/process-handle.ts'

const accounts = async (http: Awaited<ReturnType<typeof startGuard>>['http']) =>
  (await http.inject('/api/guard')).json().budgets

describe('budgets', () => {
  test('what is asked for is held, settled and denied', async () => {
    const { socket, http } = await startGuard(DAILY)
    const { hold, settle, client } = await guardAgent(socket)
    expect(await hold(60)).toEqual({ type: 'answer', id: 'p1-1', isGranted: true, amount: 60 })
    expect(await hold(60)).toMatchObject({ isGranted: false, code: 'BUDGET_HELD', rule: 'daily' })
    settle(1, 50)
    expect(await hold(60)).toMatchObject({ isGranted: false, code: 'BUDGET_EXHAUSTED', rule: 'daily' })
    expect(await hold(50)).toMatchObject({ isGranted: true })
    expect(await client.flush(5000)).toBe(true)
    expect(await accounts(http)).toMatchObject([{ budget: 'daily', committed_usd: 5e-8, held_usd: 5e-8, left_usd: 0 }])
  })

  test('what another process holds is not settled', async () => {
    const { socket, host, context } = await startGuard(DAILY)
    const one = await guardAgent(socket)
    await one.hold(60)
    const [held] = host.books?.ledger.holds() ?? []
    const other = await guardAgent(socket, { process: 'p2' })
    other.client.tell({ type: 'settle', id: held?.id ?? '', spent: 0 })
    other.client.tell({ type: 'spend', id: held?.id ?? '', step: 1, amount: 1 })
    expect(await other.hold(50)).toMatchObject({ code: 'BUDGET_HELD' })
    expect(host.books?.ledger.holds()).toMatchObject([{ amount: 60, state: 'open' }])
    expect(context.counters.get('spanwarden_guard_foreign_holds')).toBe(2)
  })

  test('calls wait in their order while only open holds are in the way', async () => {
    const { socket, host } = await startGuard(DAILY)
    const { hold, settle } = await guardAgent(socket)
    await hold(100)
    const order: number[] = []
    const waiting = [60, 30, 40].map(async (amount, i) => {
      const answer = await hold(amount, { waitMs: 10_000 })
      order.push(i)
      return answer.code ?? 'granted'
    })
    await until(() => host.waiting === 3)
    // The small one stands behind the others.
    expect(await hold(1)).toMatchObject({ code: 'BUDGET_HELD' })
    settle(1, 0)
    await until(() => order.length === 2)
    expect(order).toEqual([0, 1])
    settle(2, 30)
    expect(await Promise.all(waiting)).toEqual(['granted', 'granted', 'granted'])
  })

  test('who has waited long enough is denied; who has gone away waits no more', async () => {
    const { socket, host, context } = await startGuard(DAILY)
    const { hold } = await guardAgent(socket)
    const other = await guardAgent(socket, { process: 'p2' })
    await hold(100)
    const waiting = hold(50, { waitMs: 1000 })
    void other.hold(50, { waitMs: 1000 })
    await until(() => host.waiting === 2)
    other.client.close()
    await until(() => host.waiting === 1)
    context.clock.advance(1001)
    expect(await waiting).toMatchObject({ code: 'BUDGET_HELD' })
    expect(host.waiting).toBe(0)
  })

  test('a slice is more than was asked for, is spent from, and is ended by what is more than it', async () => {
    const { socket, http, context, host } = await startGuard({ budgets: { daily: { limit_usd: 1 } } })
    const { hold, client, seen } = await guardAgent(socket)
    expect(seen.welcomes[0]?.rules).toMatchObject({ hasBudgets: true, sliceMin: 100_000 })
    const { amount = 0 } = await hold(1000, { slice: true })
    expect(amount).toBe(1e9 / 160)
    client.tell({ type: 'spend', id: 'p1-1', step: 1, amount: 10 })
    client.tell({ type: 'spend', id: 'p1-1', step: 1, amount: 10 })
    await client.flush(5000)
    expect(await accounts(http)).toMatchObject([{ committed_usd: 1e-8, held_usd: (amount - 10) / 1e9 }])
    // Told again after a lost connection, when less is left than it says.
    const rest = amount - 10
    client.tell({ type: 'spend', id: 'p1-1', step: 2, amount: rest - 5 })
    client.tell({ type: 'spend', id: 'p1-1', step: 2, amount: rest - 5 })
    await client.flush(5000)
    expect(await accounts(http)).toMatchObject([{ committed_usd: (amount - 5) / 1e9, held_usd: 5e-9 }])
    expect(await hold(900_000_000, { slice: true })).toMatchObject({ isGranted: false, code: 'BUDGET_HELD' })
    await hold(1000, { model: 'm' })
    client.tell({ type: 'spend', id: 'p1-1', step: 3, amount: 6 })
    client.tell({ type: 'settle', id: 'p1-3', spent: 2000 })
    await client.flush(5000)
    expect(await accounts(http)).toMatchObject([{ committed_usd: (amount + 1 + 2000) / 1e9, held_usd: 0 }])
    expect(context.counters.get('agent_budget_bound_violations_total{model="m"}')).toBe(1)
    expect(host.books?.stops.all()).toMatchObject([{ scope: 'model', value: 'm' }])
    expect(await hold(1, { model: 'm' })).toMatchObject({ code: 'STOPPED', rule: 'model:m' })
    expect(await hold(1, { model: 'n' })).toMatchObject({ isGranted: true })
  })

  test('what a process that is gone has held is taken for spent, and another asks in vain for it', async () => {
    const { socket, http, context } = await startGuard(DAILY)
    const { hold, client } = await guardAgent(socket)
    const other = await guardAgent(socket, { process: 'p2' })
    await hold(60)
    client.close()
    for (let passed = 0; passed < 25; passed++) {
      context.clock.advance(1000)
      const leased = other.client.leaseUntil
      other.client.tell({ type: 'stopped', id: 'x', aborted: 0 })
      await other.client.flush(5000)
      expect(other.client.leaseUntil).toBeGreaterThanOrEqual(leased)
    }
    expect(await accounts(http)).toMatchObject([{ committed_usd: 6e-8, held_usd: 0, suspense_usd: 6e-8 }])
    expect(await other.hold(60)).toMatchObject({ code: 'BUDGET_EXHAUSTED' })
  })

  test('shadow: all is granted and booked, what would be denied is counted', async () => {
    const { socket, http, context } = await startGuard({ ...DAILY, mode: 'shadow' })
    const { hold, settle, client } = await guardAgent(socket)
    expect(await hold(160)).toMatchObject({ isGranted: true })
    settle(1, 120)
    await client.flush(5000)
    expect(await accounts(http)).toMatchObject([{ committed_usd: 1.2e-7, left_usd: 0 }])
    expect(
      context.counters.get(
        'agent_guard_denied_total{agent="support",reason="budget_exhausted",rule="daily",mode="shadow"}',
      ),
    ).toBe(1)
  })

  test('a limit that nobody has configured denies nothing', async () => {
    const { socket } = await startGuard({})
    const { hold, admit, seen } = await guardAgent(socket)
    expect(seen.welcomes[0]?.rules).toMatchObject({
      hasBudgets: false,
      sliceMin: 0,
      askTools: [],
      askClasses: [],
      loops: false,
    })
    expect(await hold(1e15)).toMatchObject({ isGranted: true })
    expect(await admit('post_message', 'c1')).toMatchObject({ isGranted: true })
  })
})

test('rates: so many posts, and what was not executed is given back', async () => {
  const { socket } = await startGuard({
    tools: { post_message: { class: 'post' } },
    rates: { posts: { class: 'post', limit: 2, window: '1h' } },
  })
  const { admit, client, seen } = await guardAgent(socket)
  expect(seen.welcomes[0]?.rules).toMatchObject({ askClasses: ['post'], tools: { post_message: 'post' } })
  expect(await admit('post_message', 'c1')).toMatchObject({ isGranted: true })
  expect(await admit('post_message', 'c2')).toMatchObject({ isGranted: true })
  expect(await admit('post_message', 'c3')).toMatchObject({
    code: 'RATE_LIMITED',
    rule: 'posts',
    retryAfterMs: 3_600_000,
  })
  expect(await admit('read_file', 'c4')).toMatchObject({ isGranted: true })
  client.tell({ type: 'outcome', id: 'c2', result: 'aborted', durationMs: 1, notExecuted: true })
  expect(await admit('post_message', 'c5')).toMatchObject({ isGranted: true })
})

describe('audit', () => {
  const AUDIT = { audit: {}, rates: { posts: { class: 'write', limit: 1, window: '1h' } } }

  test('a call is allowed when its line is on disk, and its outcome follows', async () => {
    const { socket, context, stop } = await startGuard(AUDIT)
    const { admit, client } = await guardAgent(socket)
    const lines = () => readFileSync(join(context.stateFolder, 'audit', 'audit.jsonl'), 'utf8')
    await admit('post_message', 'c1')
    expect(lines()).toContain('"c1"')
    await admit('post_message', 'c2')
    client.tell({ type: 'outcome', id: 'c1', result: 'ok', durationMs: 5 })
    await client.flush(5000)
    await stop()
    expect(lines().match(/"(allow|deny|outcome)"/g)).toEqual(['"allow"', '"deny"', '"outcome"'])
  })

  test('in shadow mode a line says what would have been denied', async () => {
    const { socket, context, stop } = await startGuard({ ...AUDIT, mode: 'shadow' })
    const { admit } = await guardAgent(socket)
    for (const id of ['c1', 'c2']) expect(await admit('post_message', id)).toMatchObject({ isGranted: true })
    await stop()
    const lines = readFileSync(join(context.stateFolder, 'audit', 'audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { decision: 'allow' },
      { decision: 'would_deny', rule: 'posts' },
    ])
  })

  test('what an agent in shadow mode makes anyway is not on record as denied, and its outcome follows', async () => {
    const { socket, context, stop } = await startGuard(AUDIT)
    const { client } = await guardAgent(socket)
    for (const id of ['c1', 'c2']) {
      const call = { tool: 'post_message', class: 'write', summary: '{}', argumentsHmac: 'ab', goesOn: true } as const
      const answer = await client.ask({ type: 'admit', id, scopes: { agent: 'support' }, ...call }, 5000)
      expect(answer).toMatchObject({ isGranted: true })
      client.tell({ type: 'outcome', id, result: 'ok', durationMs: 5 })
    }
    await client.flush(5000)
    await stop()
    const lines = readFileSync(join(context.stateFolder, 'audit', 'audit.jsonl'), 'utf8')
    const labels = 'agent="support",reason="rate_limited",rule="posts",mode="shadow"'
    expect(context.counters.get(`agent_guard_denied_total{${labels}}`)).toBe(1)
    expect(lines.match(/"(allow|deny|would_deny|outcome)"/g)).toEqual([
      '"allow"',
      '"outcome"',
      '"would_deny"',
      '"outcome"',
    ])
  })

  test('without the line it is denied, and takes nothing of its limit', async () => {
    const context = testContext('guard')
    writeFileSync(join(context.stateFolder, 'audit'), 'a file in place of the folder')
    const { socket } = await startGuard(AUDIT, context)
    const { admit } = await guardAgent(socket)
    for (const id of ['c1', 'c2', 'c3'])
      expect(await admit('post_message', id)).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
  })
})

describe('stops', () => {
  test('each process confirms, and one that does not is named', async () => {
    const { socket, http } = await startGuard({ ...DAILY, stop: { wait: '1s' } })
    const first = await guardAgent(socket)
    const wedged = await guardAgent(socket, { process: 'p2', stop() {} })
    const stopping = http.inject({
      method: 'POST',
      url: '/api/guard/stop',
      payload: { scope: 'agent', value: 'support', person: 'Ada', reason: 'it posts nonsense' },
    })
    await until(() => wedged.seen.stops.length === 1 && first.seen.stops.length === 1)
    expect(await first.hold(1)).toMatchObject({ code: 'STOPPED', rule: 'agent:support' })
    wedged.client.tell({ type: 'stopped', id: wedged.seen.stops[0]?.id ?? '', aborted: 3 })
    expect((await stopping).json()).toMatchObject({
      isConfirmed: true,
      processes: [
        { process: processHandle('p1'), state: 'confirmed', aborted: 1 },
        { process: processHandle('p2'), state: 'confirmed', aborted: 3 },
      ],
    })
  })

  test('is unconfirmed after its time, outlives a restart, and goes on only with a person and a reason', async () => {
    const one = await startGuard({ ...DAILY, stop: { wait: '1s' } })
    const wedged = await guardAgent(one.socket, { stop() {} })
    const stopping = one.http.inject({ method: 'POST', url: '/api/guard/stop', payload: {} })
    await until(() => wedged.seen.stops.length === 1)
    one.context.clock.advance(1000)
    expect((await stopping).json()).toMatchObject({ isConfirmed: false, processes: [{ state: 'unconfirmed' }] })
    await one.stop()
    const two = await startGuard(DAILY, one.context)
    const { seen, hold } = await guardAgent(two.socket, { process: 'p3' })
    expect(seen.welcomes[0]?.stops).toMatchObject([{ scope: 'fleet', value: 'fleet' }])
    expect(await hold(1)).toMatchObject({ code: 'STOPPED' })
    const resume = async (payload: object) =>
      (await two.http.inject({ method: 'POST', url: '/api/guard/resume', payload })).statusCode
    expect(await resume({ reason: 'fixed', confirm: true })).toBe(400)
    expect(await resume({ person: 'Ada', reason: 'fixed' })).toBe(409)
    expect(await resume({ person: 'Ada', reason: 'fixed', confirm: true })).toBe(200)
    await until(() => seen.resumed === 1)
    expect(await hold(1)).toMatchObject({ isGranted: true })
  })

  test('a rule that stops what a person has stopped changes nothing about it', async () => {
    const { socket, host } = await startGuard(DAILY)
    await guardAgent(socket, { stop() {} })
    const stop = { scope: 'agent', value: 'support', reason: 'nonsense' } as const
    const { id } = await host.kill.stop(stop, 'Ada', 0, { graceMs: 1000 })
    host.kill.stopByRule({ ...stop, reason: 'loops' })
    expect(host.books?.stops.reports()).toMatchObject([{ id, reason: 'nonsense' }])
    await host.kill.stop(stop, 'Bob', 0, { graceMs: 2000 })
    expect(host.books?.stops.reports()[0]?.id).not.toBe(id)
  })

  test('the file STOP stops the fleet, and has to go before it is resumed', async () => {
    const { socket, http, context } = await startGuard(DAILY)
    const { seen } = await guardAgent(socket)
    const file = join(context.stateFolder, 'STOP')
    writeFileSync(file, '')
    context.clock.advance(500)
    await until(() => seen.stops.length === 1)
    const payload = { person: 'Ada', reason: 'fixed', confirm: true }
    expect((await http.inject({ method: 'POST', url: '/api/guard/resume', payload })).statusCode).toBe(409)
    rmSync(file)
    expect((await http.inject({ method: 'POST', url: '/api/guard/resume', payload })).json()).toEqual({ resumed: true })
  })

  test('a loop stops its run, the third one the agent', async () => {
    const { socket, host } = await startGuard({ loops: { enabled: true } })
    const { client } = await guardAgent(socket)
    for (const run of ['r1', 'r1', 'r2', 'r3']) {
      client.tell({ type: 'loop', scopes: { agent: 'support', run }, level: 'stop', rule: 'repeat', tool: 't' })
      await client.flush(5000)
    }
    const stopped = host.books?.stops.all().map(({ scope, value }) => `${scope} ${value}`)
    expect(stopped?.toSorted()).toEqual(['agent support', 'run r1', 'run r2', 'run r3'])
  })

  test('an error burst stops the agent, and a budget that is spent, where that is wanted', async () => {
    const { socket, host } = await startGuard({ ...DAILY, stop_on: { error_burst: { failures: 5 }, hard_cap: true } })
    const { hold, settle } = await guardAgent(socket)
    await hold(95)
    settle(1, 95)
    expect(await hold(10)).toMatchObject({ code: 'BUDGET_EXHAUSTED' })
    expect(host.books?.stops.all()).toMatchObject([{ scope: 'agent', value: 'support', person: 'spanwarden' }])
    await guardAgent(socket, { process: 'p2', agent: 'other', failed: 5 })
    await until(() => host.books?.stops.isStopped('agent', 'other') === true)
  })

  test('who ordered what, and why, is in the audit log; what is not on record is not resumed', async () => {
    const { http, context, stop } = await startGuard({})
    const order = (what: string, payload: object) =>
      http.inject({ method: 'POST', url: `/api/guard/${what}`, payload: { scope: 'tool', value: 't', ...payload } })
    await order('stop', { person: 'Ada', reason: 'it posts nonsense' })
    expect((await order('resume', { person: 'Bob', reason: 'mended' })).json()).toEqual({ resumed: true })
    expect((await order('resume', { person: 'Bob', reason: 'again' })).json()).toEqual({ resumed: false })
    await stop()
    const lines = readFileSync(join(context.stateFolder, 'audit', 'audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'action', action: 'stop', scope: 'tool:t', by: 'Ada', reason: 'it posts nonsense' },
      { event: 'action', action: 'resume', scope: 'tool:t', by: 'Bob', reason: 'mended' },
    ])

    const broken = testContext('guard')
    writeFileSync(join(broken.stateFolder, 'audit'), 'a file in place of the folder')
    const other = await startGuard({}, broken)
    const ask = (what: string, payload: object = {}) =>
      other.http.inject({ method: 'POST', url: `/api/guard/${what}`, payload })
    // It holds; nobody is there to confirm it.
    expect((await ask('stop')).json()).toMatchObject({ isConfirmed: false, processes: [] })
    expect((await ask('resume', { person: 'Bob', reason: 'mended', confirm: true })).statusCode).toBe(409)
    expect(other.host.books?.stops.isStopped('fleet', 'fleet')).toBe(true)
  })

  test('with a token, an order needs it', async () => {
    const context = testContext('guard')
    const file = join(context.stateFolder, 'token')
    writeFileSync(file, 'a-token-that-is-long-enough\n')
    const { http, host } = await startGuard({ token_file: file, listen: '127.0.0.1:0' }, context)
    const order = async (headers: object) =>
      (await http.inject({ method: 'POST', url: '/api/guard/stop', payload: {}, headers: { ...headers } })).statusCode
    expect(await order({})).toBe(403)
    expect(await order({ authorization: 'Bearer a-token-that-is-long-enougH' })).toBe(403)
    expect(await order({ authorization: 'Bearer a-token-that-is-long-enough' })).toBe(200)
    const tcp = (token: string) =>
      guardAgent('', { process: token, address: { host: '127.0.0.1', port: host.ports[0] ?? 0, token } })
    expect((await tcp('wrong')).seen).toMatchObject({ welcomes: [], lost: ['the token is missing or wrong'] })
    expect((await tcp('a-token-that-is-long-enough')).seen.welcomes).toHaveLength(1)
  })
})

describe('fails closed', () => {
  test('a ledger that is damaged denies everything, gives no lease, and is seen in the health', async () => {
    const context = testContext('guard')
    writeFileSync(
      join(context.stateFolder, 'ledger.db'),
      'this is no database, and long enough to be looked at'.repeat(50),
    )
    const { socket, extension } = await startGuard(DAILY, context)
    const { hold, client } = await guardAgent(socket)
    expect(await hold(1)).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
    expect(client.leaseUntil).toBe(Number.NEGATIVE_INFINITY)
    expect(extension.problem?.()).toContain('all calls are denied')
  })

  test('books that were deleted grant nothing until a person says what was spent', async () => {
    const one = await startGuard(DAILY)
    const before = await guardAgent(one.socket)
    await before.hold(60)
    await before.client.close()
    await one.stop()
    for (const end of ['', '-wal', '-shm']) rmSync(join(one.context.stateFolder, `ledger.db${end}`), { force: true })
    const two = await startGuard(DAILY, one.context)
    const { hold, seen } = await guardAgent(two.socket)
    expect(seen.welcomes[0]?.epoch).not.toBe(before.seen.welcomes[0]?.epoch)
    expect(await hold(1)).toMatchObject({ code: 'RECOVERING' })
    expect(two.extension.problem?.()).toContain('/api/guard/recover')
    const payload = {
      person: 'Ada',
      reason: 'by the bill',
      spent: [{ budget: 'daily', value: 'support', spent_usd: 9e-8 }],
    }
    const recovered = await two.http.inject({ method: 'POST', url: '/api/guard/recover', payload })
    expect(recovered.json()).toEqual({ booked: 1 })
    expect(await hold(20)).toMatchObject({ code: 'BUDGET_EXHAUSTED' })
    expect(await hold(10)).toMatchObject({ isGranted: true })
  })

  test('a restart keeps what is held, the epoch, and what was told meanwhile', async () => {
    const one = await startGuard(DAILY)
    const { hold, settle, client, seen } = await guardAgent(one.socket)
    await hold(60)
    await one.stop()
    await until(() => !client.isConnected)
    settle(1, 10)
    const late = hold(90)
    await startGuard(DAILY, one.context)
    expect(await late).toMatchObject({ isGranted: true, amount: 90 })
    expect(new Set(seen.welcomes.map(({ epoch }) => epoch)).size).toBe(1)
  })

  test('hostile input ends its connection, with a refusal that holds none of it, and no other', async () => {
    const { socket, context } = await startGuard(DAILY)
    const { hold } = await guardAgent(socket)
    for (const bytes of [
      'secret\n',
      '{"type":"hold","id":"secret"}\n',
      '{"type":"secret"}\n',
      `"${'x'.repeat(70_000)}`,
    ]) {
      const raw = connect(socket)
      raw.setEncoding('utf8')
      let answer = ''
      raw.on('data', (text: string) => void (answer += text))
      raw.on('error', () => {})
      raw.write(bytes)
      await once(raw, 'close')
      expect(answer).toMatch(/^\{"type":"refusal","message":"[^"]+"\}\n$/)
      expect(answer).not.toContain('secret')
    }
    expect(context.counters.get('spanwarden_guard_connections_refused{reason="protocol"}')).toBe(4)
    const said = context.logged.filter(({ fields }) => 'reason' in fields && fields.reason === 'protocol')
    expect(said).toHaveLength(1)
    expect(JSON.stringify(said)).not.toContain('secret')
    expect(await hold(1)).toMatchObject({ isGranted: true })
  })

  test('the socket is its owner’s alone, and gone behind the guard', async () => {
    const { socket, stop } = await startGuard(DAILY)
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    await stop()
    expect(existsSync(socket)).toBe(false)
  })

  test('agents that start when the sidecar is away know that there are limits; with the mode off there are none', async () => {
    const { context, stop } = await startGuard(DAILY)
    const marker = join(context.stateFolder, 'guard.json')
    await stop()
    expect(parseGuardMarker(readFileSync(marker, 'utf8'))).toEqual({ mode: 'enforce' })
    await startGuard({ ...DAILY, mode: 'off' }, context)
    expect(existsSync(marker)).toBe(false)
  })
})

describe('several processes', () => {
  test('never spend more than the cap, and use nearly all of it', async () => {
    const limit = 400_000
    const { socket, http } = await startGuard(
      { budgets: { daily: { limit_usd: limit / 1e9 } } },
      testContext('guard'),
      systemClock,
    )
    const script = join(import.meta.dirname, '../../../test/support/guard-agent.ts')
    const run = promisify(execFile)
    const runs = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        run(process.execPath, [script, socket, `agent-${i}`, '200', '20', '1000', '700'], { timeout: 60_000 }),
      ),
    )
    const results = runs.map(
      ({ stdout }) => JSON.parse(stdout) as { granted: number; denied: number; isFlushed: boolean },
    )
    const granted = results.reduce((sum, one) => sum + one.granted, 0)
    const [account] = await accounts(http)
    expect(results.every(({ isFlushed }) => isFlushed)).toBe(true)
    expect(Math.round(account.committed_usd * 1e9)).toBe(granted * 700)
    expect(granted * 700).toBeLessThanOrEqual(limit)
    expect(granted * 700).toBeGreaterThan(limit * 0.99)
  }, 90_000)
})
