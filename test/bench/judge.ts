/**
 * The judge of limits: agents with real clients against a model server that keeps its own books, under kills, restarts, clock steps, cuts and lost answers.
 * `node test/bench/judge.ts [--minutes 10] [--processes 8] [--calls 50] [--sidecars 1] [--seed n] [--quiet]`. Exit code 1 when a limit did not hold; the same seed repeats the plan.
 */
import { parseArgs } from 'node:util'
import { runJudge } from '../judge/judge.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    processes: { type: 'string', default: '8' },
    calls: { type: 'string', default: '50' },
    sidecars: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'cap-calls': { type: 'string', default: '4000' },
    quiet: { type: 'boolean', default: false },
  },
})
const WINDOW_MS = 20_000
const seed = Number(values.seed)
const sidecars = Number(values.sidecars)
const durationMs = Number(values.minutes) * 60_000
const isFleet = sidecars > 1
console.log(`seed ${seed}: ${values.processes} processes with ${values.calls} calls at once, ${sidecars} sidecars`)
let found = 0
if (isFleet) {
  // The clock of a fleet can't be stepped to the next window: each has a fleet of its own.
  const endMs = performance.now() + durationMs
  for (let round = 0; performance.now() < endMs; round++) found += await judge(seed + round, 1, round === 0)
} else found = await judge(seed, Math.max(2, Math.round(durationMs / (WINDOW_MS * 1.5))), true)
console.log(found === 0 ? `the limits held (seed ${seed})` : `${found} violations (seed ${seed})`)
process.exitCode = found === 0 ? 0 : 1

async function judge(ofSeed: number, windows: number, beginsCalm: boolean): Promise<number> {
  const { violations, lines } = await runJudge({
    seed: ofSeed,
    windows,
    windowMs: WINDOW_MS,
    processes: Number(values.processes),
    calls: Number(values.calls),
    capCalls: Number(values['cap-calls']),
    leaseMs: 4_000,
    isBundled: true,
    sidecars,
    beginsCalm,
    log: (line) => (values.quiet ? undefined : console.log(line)),
  })
  for (const line of lines) console.log(line)
  for (const violation of violations) console.log(`VIOLATION (seed ${ofSeed}) ${violation}`)
  return violations.length
}
