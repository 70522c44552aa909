/**
 * The judge of limits: agents with real clients against a model server that keeps its own books, under kills, restarts, clock steps, cuts and lost answers.
 * `node test/bench/judge.ts [--minutes 10] [--processes 8] [--calls 50] [--seed n] [--quiet]`. Exit code 1 when a limit did not hold; the same seed repeats the plan.
 */
import { parseArgs } from 'node:util'
import { runJudge } from '../judge/judge.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    processes: { type: 'string', default: '8' },
    calls: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'cap-calls': { type: 'string', default: '4000' },
    quiet: { type: 'boolean', default: false },
  },
})
const WINDOW_MS = 20_000
const seed = Number(values.seed)
const windows = Math.max(2, Math.round((Number(values.minutes) * 60_000) / (WINDOW_MS * 1.5)))
console.log(`seed ${seed}: ${windows} windows, ${values.processes} processes with ${values.calls} calls at once`)
const { violations, lines } = await runJudge({
  seed,
  windows,
  windowMs: WINDOW_MS,
  processes: Number(values.processes),
  calls: Number(values.calls),
  capCalls: Number(values['cap-calls']),
  leaseMs: 4_000,
  isBundled: true,
  log: (line) => (values.quiet ? undefined : console.log(line)),
})
for (const line of lines) console.log(line)
for (const violation of violations) console.log(`VIOLATION ${violation}`)
console.log(
  violations.length === 0 ? `the limits held (seed ${seed})` : `${violations.length} violations (seed ${seed})`,
)
process.exitCode = violations.length === 0 ? 0 : 1
