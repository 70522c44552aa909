import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findRedis, startRedis } from '../../../../../test/support/redis-server.ts'
import type { RedisServer } from '../../../../../test/support/redis-server.ts'
import { bankKeys } from '../../../../ledger/fleet/bank-keys.ts'
import { systemClock } from '../../../system-clock.ts'
import { Bank } from './bank.ts'
import type { Changed, Known, RateAsked } from './bank.ts'
import { fleetConfig } from './fleet-config.ts'
import { RedisLink } from './redis-link.ts'

let redis: RedisServer
let link: RedisLink
let prefixes = 0

beforeAll(async () => {
  if (findRedis() === undefined) return
  redis = await startRedis()
  link = linkTo(redis.url)
  await link.open()
})
afterAll(async () => {
  link?.close()
  await redis?.[Symbol.asyncDispose]()
})

function linkTo(url: string, more: object = {}): RedisLink {
  return new RedisLink({
    config: fleetConfig.parse({ url, command_timeout: '5s', ...more }),
    channel: 'news',
    clock: systemClock,
    random: () => 0.5,
    connected() {},
    lost() {},
    news() {},
  })
}

const DAY = { starts: 1, ends: Date.UTC(2100, 0, 1) }

/** A node as a test drives it: its number of changes, and what it believes to have drawn. */
class TestNode {
  readonly bank: Bank
  readonly name: string
  known: Known = { epoch: '', ops: 0 }
  drawn = 0
  seq = 0

  constructor(name: string, prefix: string, generation = 1, token = name) {
    this.name = name
    this.bank = new Bank(link, bankKeys(prefix), { node: name, generation, token, name })
  }

  async renew(openingMs = 0, newOpeningMs = openingMs) {
    const common = { killVersion: 0, nodesVersion: -1, accounts: [], openingMs, newOpeningMs }
    return await this.bank.renew({ ...this.known, newEpoch: `e${prefixes++}`, ...common })
  }

  /** As a sidecar does it. */
  async join(nodes: readonly string[] = [], total = this.drawn, openingMs = 0, key = 'a') {
    const renewed = await this.renew(openingMs)
    if (renewed.code === 'TAKEN') return renewed.code
    if (renewed.code === 'REGISTER') {
      const knew = this.known.epoch !== ''
      const accounts = [{ drawn: this.drawn, seq: this.seq, spent: 0, total, ends: DAY.ends }]
      const told = { knew, opening: openingMs, nodes, left: 0, accounts, rates: [] }
      await this.bank.register(renewed.epoch, told, { accounts: [key], rates: [] })
    }
    this.known = { epoch: renewed.epoch, ops: 0 }
    return await this.renew()
  }

  async draw(asked: number, cap: number, { seq = ++this.seq, wanted = 0, key = 'a' } = {}): Promise<Changed> {
    const changed = await this.bank.draw(this.known, { key, seq, cap, ...DAY, asked, wanted, nodes: 1 })
    if (changed.code === 'OK') this.drawn = changed.drawn
    return changed
  }

  async give(amount: number, seq = ++this.seq): Promise<Changed> {
    return await this.bank.give(this.known, { key: 'a', seq, amount, spent: 0 })
  }
}

const nodesOf = (count: number, prefix = `p${prefixes++}`): TestNode[] =>
  Array.from({ length: count }, (_, i) => new TestNode(`n${i}`, prefix))

describe.skipIf(findRedis() === undefined)('the bank', () => {
  const operation = fc.record({
    node: fc.nat(2),
    kind: fc.constantFrom<Step['kind']>('draw', 'draw', 'give', 'again', 'late'),
    amount: fc.nat(40),
    wanted: fc.nat(60),
  })

  /** One step, in the bank and in plain numbers: what the bank said, and what it should have. */
  async function step(nodes: readonly TestNode[], plain: Plain, { node: n, kind, amount, wanted }: Step) {
    const [node, mine] = [nodes[n] as TestNode, plain.drawn[n] ?? 0]
    const sum = (): number => plain.drawn.reduce((a, b) => a + b)
    const before = plain.last[n]
    if (kind === 'draw') {
      const left = plain.cap - sum()
      const said = await node.draw(amount, plain.cap, { wanted })
      const grant = amount > left ? 0 : Math.max(amount, Math.min(wanted, Math.floor(left / 4)))
      plain.drawn[n] = mine + grant
      plain.last[n] = { kind, seq: node.seq }
      return { said, expected: { code: amount > left ? 'SHORT' : 'OK', drawn: mine + grant, total: sum() } }
    }
    const back = Math.min(amount, mine)
    if (kind === 'give' || before === undefined) {
      const said = await node.give(back)
      plain.drawn[n] = mine - back
      plain.last[n] = { kind: 'give', seq: node.seq }
      return { said, expected: { code: 'OK', drawn: mine - back, total: sum() } }
    }
    // A repeated message, or one that another had overtaken, changes nothing.
    const seq = kind === 'again' ? before.seq : Math.max(0, before.seq - 1)
    const said = await (before.kind === 'draw' ? node.draw(amount, plain.cap, { seq }) : node.give(back, seq))
    return { said, expected: { code: 'SEEN', drawn: mine, total: sum() } }
  }

  test('says what a plain bank would say, whatever comes between, twice or late', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), fc.array(operation, { maxLength: 30 }), async (cap, steps) => {
        const nodes = nodesOf(3)
        for (const node of nodes) await node.join()
        const plain: Plain = { cap, drawn: [0, 0, 0], last: [] }
        for (const one of steps) {
          const { said, expected } = await step(nodes, plain, one)
          expect(said).toMatchObject(expected)
          expect(plain.drawn.reduce((a, b) => a + b)).toBeLessThanOrEqual(cap)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('amounts near 2^53 are exact', async () => {
    const [node] = nodesOf(1)
    const cap = Number.MAX_SAFE_INTEGER
    await node?.join()
    expect(await node?.draw(cap - 2, cap)).toMatchObject({ code: 'OK', drawn: cap - 2, total: cap - 2 })
    expect(await node?.draw(3, cap)).toMatchObject({ code: 'SHORT', drawn: cap - 2 })
    expect(await node?.draw(1, cap)).toMatchObject({ code: 'OK', drawn: cap - 1, total: cap - 1 })
    expect(await node?.give(cap - 1)).toMatchObject({ code: 'OK', drawn: 0, total: 0 })
  })

  test('a window that is over, or has not begun, gives nothing', async () => {
    const [node] = nodesOf(1)
    if (node === undefined) return
    await node.join()
    const request = { key: 'a', seq: 1, cap: 10, asked: 1, wanted: 0, nodes: 1 }
    expect(await node.bank.draw(node.known, { ...request, starts: 0, ends: 1000 })).toMatchObject({ code: 'WINDOW' })
    expect(await node.bank.draw(node.known, { ...request, starts: DAY.ends, ends: 0 })).toMatchObject({
      code: 'WINDOW',
    })
  })

  test('after FLUSHALL it is closed until all that were there have said what they drew', async () => {
    const [a, b, c] = nodesOf(3)
    if (a === undefined || b === undefined || c === undefined) return
    for (const node of [a, b]) await node.join()
    await a.draw(60, 100)
    await b.draw(30, 100)
    await redis.command('FLUSHALL')
    expect(await a.draw(1, 100)).toMatchObject({ code: 'LOST' })
    // A newcomer makes a new bank, and gets nothing of a window that began before it for a while.
    await c.join([], 0, 60_000)
    expect(await c.draw(50, 100)).toMatchObject({ code: 'CLOSED' })
    await a.join(['n0', 'n1'], 90)
    expect(await a.draw(1, 100)).toMatchObject({ code: 'CLOSED', drawn: 60, total: 90 })
    expect(await b.join(['n0', 'n1'], 90)).toMatchObject({ awaited: 0 })
    expect(await b.draw(11, 100)).toMatchObject({ code: 'SHORT', drawn: 30, total: 90 })
    expect(await c.draw(10, 100)).toMatchObject({ code: 'OK', total: 100 })
  })

  test('what a node had drawn that left before everything was lost stays drawn', async () => {
    const [a, b] = nodesOf(2)
    if (a === undefined || b === undefined) return
    for (const node of [a, b]) await node.join()
    await a.draw(60, 100)
    await a.bank.leave(a.known)
    const { total } = await b.draw(10, 100)
    await redis.command('FLUSHALL')
    expect(await b.join(['n1'], total)).toMatchObject({ awaited: 0 })
    expect(await b.draw(31, 100)).toMatchObject({ code: 'SHORT', drawn: 10, total: 70 })
  })

  test('a person opens it without those that do not come back', async () => {
    const [a, b] = nodesOf(2)
    if (a === undefined || b === undefined) return
    for (const node of [a, b]) await node.join()
    await a.draw(10, 100)
    await b.draw(20, 100)
    await redis.command('FLUSHALL')
    await a.join(['n0', 'n1'], 30)
    expect(await a.draw(1, 100)).toMatchObject({ code: 'CLOSED' })
    expect(await a.bank.open(a.known, 'Ada', 'n1 is gone')).toEqual(['n1'])
    expect(await a.draw(71, 100)).toMatchObject({ code: 'SHORT', total: 30 })
    expect(await a.draw(70, 100)).toMatchObject({ code: 'OK', total: 100 })
  })

  test('of two sidecars with copies of one ledger, the one that started later goes on', async () => {
    const prefix = `p${prefixes++}`
    const [first, copy, twin] = [
      new TestNode('n', prefix),
      new TestNode('n', prefix, 2, 'x'),
      new TestNode('n', prefix, 2, 'y'),
    ]
    await first.join()
    await first.draw(5, 10)
    copy.known = first.known
    await copy.join()
    expect(await first.draw(1, 10)).toMatchObject({ code: 'TAKEN' })
    expect(await first.renew()).toEqual({ code: 'TAKEN' })
    expect(await twin.renew()).toEqual({ code: 'TAKEN' })
    expect(await copy.draw(0, 10, { seq: 2 })).toMatchObject({ code: 'OK', drawn: 5 })
  })
})

interface Plain {
  readonly cap: number
  readonly drawn: number[]
  /** The last change of each node. */
  readonly last: { readonly kind: 'draw' | 'give'; readonly seq: number }[]
}
interface Step {
  readonly node: number
  readonly kind: 'draw' | 'give' | 'again' | 'late'
  readonly amount: number
  readonly wanted: number
}

describe.skipIf(findRedis() === undefined)('limits of calls', () => {
  const LOG = { kind: 'log', limit: 3, window: 3_600_000 } as const
  async function node() {
    const [one] = nodesOf(1)
    if (one === undefined) throw new Error('none')
    await one.join()
    const ask = (id: string, refs: readonly RateAsked[] = [LOG]) => ({
      id,
      keep: 60_000,
      keys: refs.map((_, i) => `k${i}`),
      refs,
    })
    return {
      admit: (id: string, refs?: readonly RateAsked[]) => one.bank.admit(one.known, ask(id, refs)),
      back: (id: string, refs?: readonly RateAsked[]) => one.bank.giveBack(one.known, ask(id, refs)),
    }
  }

  test('denied calls take nothing, repeated ones nothing more, what was not made is given back once', async () => {
    const { admit, back } = await node()
    for (const id of ['1', '2', '3', '1']) expect(await admit(id)).toEqual({ code: 'OK' })
    for (const id of ['4', '4', '5']) expect(await admit(id)).toMatchObject({ code: 'FULL', index: 0 })
    await back('2')
    await back('2')
    expect(await admit('6')).toEqual({ code: 'OK' })
    expect(await admit('7')).toMatchObject({ code: 'FULL' })
  })

  test('a call takes from all limits or from none', async () => {
    const { admit } = await node()
    const narrow = { kind: 'log', limit: 1, window: 3_600_000 } as const
    expect(await admit('1', [LOG, narrow])).toEqual({ code: 'OK' })
    expect(await admit('2', [LOG, narrow])).toMatchObject({ code: 'FULL', index: 1 })
    for (const id of ['3', '4']) expect(await admit(id)).toEqual({ code: 'OK' })
    expect(await admit('5')).toMatchObject({ code: 'FULL' })
  })

  test('days and rates without a log', async () => {
    const { admit, back } = await node()
    const day = { kind: 'day', limit: 2, starts: 1, ends: DAY.ends } as const
    for (const id of ['1', '2']) expect(await admit(id, [day])).toEqual({ code: 'OK' })
    expect(await admit('3', [day])).toMatchObject({ code: 'FULL' })
    await back('1', [day])
    expect(await admit('4', [day])).toEqual({ code: 'OK' })
    const spread = { kind: 'gcra', interval: 60_000_000, burst: 2, window: 3_600_000 } as const
    const other = await node()
    for (const id of ['1', '2']) expect(await other.admit(id, [spread])).toEqual({ code: 'OK' })
    const full = await other.admit('3', [spread])
    expect(full).toMatchObject({ code: 'FULL' })
    expect(full.code === 'FULL' && full.retryAfterMs).toBeGreaterThan(50_000)
  })
})

describe.skipIf(findRedis() === undefined)('what Redis has to be', () => {
  test('one that evicts keys is refused', async () => {
    await using other = await startRedis(['--save', '', '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'])
    const refused = linkTo(other.url)
    await expect(refused.open()).rejects.toThrow(/maxmemory-policy allkeys-lru.*noeviction/)
    refused.close()
  })

  test('one that does not tell is trusted only when that was said', async () => {
    await using other = await startRedis([
      '--save',
      '',
      '--rename-command',
      'CONFIG',
      '',
      '--rename-command',
      'INFO',
      '',
    ])
    const refused = linkTo(other.url)
    await expect(refused.open()).rejects.toThrow('trust_noeviction')
    refused.close()
    const trusted = linkTo(other.url, { trust_noeviction: true })
    await trusted.open()
    expect(trusted.isReady).toBe(true)
    trusted.close()
  })
})
