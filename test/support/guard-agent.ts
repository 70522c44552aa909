/**
 * A process of an agent, for tests and benches: `node guard-agent.ts <socket> <process> <calls> <at once> <bound> <cost>`. Holds, waits a turn, settles; prints what
 * became of its calls as JSON.
 */
import { setTimeout } from 'node:timers/promises'
import { GuardClient } from '../../src/control/guard-client.ts'

const [path = '', process_ = '', ...numbers] = process.argv.slice(2)
const [calls = 0, atOnce = 1, bound = 0, cost = 0, workMs = 0] = numbers.map(Number)
const welcome = Promise.withResolvers<void>()
let inFlight = 0
const client = new GuardClient({
  address: { path },
  identity: { process: process_, pid: process.pid, startedAt: Date.now(), agent: 'support', version: 'test' },
  inFlight: () => inFlight,
  welcome: () => welcome.resolve(),
  stop: ({ id }) => client.tell({ type: 'stopped', id, aborted: inFlight }),
  resume() {},
})
client.start()
// Keeps the process alive until it is welcome: the client does not.
const alive = setInterval(() => {}, 1000)
await welcome.promise
clearInterval(alive)

const counts = { granted: 0, denied: 0, codes: {} as Record<string, number>, ms: [] as number[] }
let next = 0
const from = Date.now()
async function work(): Promise<void> {
  while (next < calls) {
    const id = `${process_}-${next++}`
    const startedAt = performance.now()
    const answer = await client.ask(
      { type: 'hold', id, amount: bound, scopes: { agent: 'support' }, waitMs: 10_000 },
      20_000,
    )
    counts.ms.push(performance.now() - startedAt)
    if (!answer.isGranted) {
      counts.denied++
      const code = answer.code ?? ''
      counts.codes[code] = (counts.codes[code] ?? 0) + 1
      continue
    }
    inFlight++
    if (workMs > 0) await setTimeout(workMs)
    counts.granted++
    inFlight--
    client.tell({ type: 'settle', id, spent: cost })
  }
}
await Promise.all(Array.from({ length: atOnce }, work))
const until = Date.now()
const isFlushed = await client.flush(10_000)
console.log(JSON.stringify({ ...counts, isFlushed, from, until }))
client.close()
