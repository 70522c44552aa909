/*
 * By hand: node test/fuzz/run.ts --inputs 10000000 [--seed 1] [--workers 2] [--targets json,wal] [--state file] [--no-shared]
 * Mutated inputs for every way in, shared out by targets.ts. Each follows from the seed, the name of its target and its number, so a run goes on where the state
 * file says, and `--targets json --at 4711` shows one again. The exit code is 1 when something was found.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runRange } from './fuzz-run.ts'
import type { Finding } from './fuzz-run.ts'
import { loadSeeds } from './seeds.ts'
import { shares, targets } from './targets.ts'
import { WorkerProcess } from './worker-process.ts'

const RANGE_INPUTS = 2000
const PROGRESS_MS = 30_000

interface State {
  readonly seed: number
  /** Inputs that were run, by target: all below this number. */
  readonly done: Record<string, number>
  readonly findings: Finding[]
  rssMax: number
}

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    targets: { type: 'string', default: Object.keys(shares).join(',') },
    state: { type: 'string' },
    at: { type: 'string' },
    'no-shared': { type: 'boolean', default: false },
  },
})
const names = values.targets.split(',')
const unknown = names.find((name) => targets[name] === undefined)
if (unknown !== undefined)
  throw new Error(`there is no target ${unknown}; there are ${Object.keys(targets).join(', ')}`)
const withShared = !values['no-shared']
const seed = Number(values.seed)
if (values.at === undefined) await runAll()
else await showOne(names[0] ?? '', Number(values.at))

async function showOne(name: string, at: number): Promise<void> {
  const target = await targets[name]?.(loadSeeds(withShared))
  if (target === undefined) return
  const finding = await runRange(target, { name, seed, from: at, to: at + 1 })
  console.log(finding ?? 'nothing is wrong with it')
  await target.close?.()
  process.exitCode = finding === undefined ? 0 : 1
}

async function runAll(): Promise<void> {
  const state: State = read() ?? { seed, done: {}, findings: [], rssMax: 0 }
  const before = Object.values(state.done).reduce((sum, count) => sum + count, 0)
  const startMs = performance.now()
  const ranges = rangesLeft(state)
  let left = ranges.length
  const progress = setInterval(() => console.log(`${line(state, before, startMs)}, ${left} ranges left`), PROGRESS_MS)
  const running = Array.from({ length: Number(values.workers) }, async () => {
    const worker = new WorkerProcess()
    for (let range = ranges.shift(); range !== undefined; range = ranges.shift()) {
      await runOne(worker, range, state)
      left--
      save(state)
    }
    worker.stop()
  })
  await Promise.all(running)
  clearInterval(progress)
  console.log(line(state, before, startMs))
  console.log(state.done)
  process.exitCode = state.findings.length > 0 ? 1 : 0
}

interface Range {
  readonly name: string
  readonly from: number
  readonly to: number
}

async function runOne(worker: WorkerProcess, { name, from, to }: Range, state: State): Promise<void> {
  for (let at = from; at < to;) {
    const { finding, rss } = await worker.run({ name, seed, from: at, to, withShared })
    state.rssMax = Math.max(state.rssMax, rss)
    if (finding !== undefined) {
      const known = state.findings.some((other) => other.message === finding.message)
      state.findings.push(finding)
      if (!known) console.log(`FOUND ${JSON.stringify({ ...finding, input: undefined })}`)
    }
    at = finding === undefined ? to : finding.at + 1
  }
  state.done[name] = (state.done[name] ?? 0) + to - from
}

/** What is to be run of each target, mixed so that all of them come forward together. */
function rangesLeft({ done }: State): Range[] {
  const total = names.reduce((sum, name) => sum + shareOf(name), 0)
  const ranges: { readonly range: Range; readonly order: number }[] = []
  for (const name of names) {
    const inputs = Math.round((Number(values.inputs) * shareOf(name)) / total)
    for (let from = done[name] ?? 0; from < inputs; from += RANGE_INPUTS) {
      ranges.push({ range: { name, from, to: Math.min(inputs, from + RANGE_INPUTS) }, order: from / inputs })
    }
  }
  return ranges.toSorted((a, b) => a.order - b.order).map(({ range }) => range)
}

function shareOf(name: string): number {
  const share = Object.entries(shares).find(([known]) => known === name)
  return share?.[1] ?? 1
}

function line({ done, findings, rssMax }: State, before: number, startMs: number): string {
  const inputs = Object.values(done).reduce((sum, count) => sum + count, 0)
  const seconds = (performance.now() - startMs) / 1000
  return `${inputs} inputs, ${Math.round((inputs - before) / seconds)}/s, ${findings.length} findings, RSS ≤ ${Math.round(rssMax / 2 ** 20)} MiB`
}

function read(): State | undefined {
  if (values.state === undefined || !existsSync(values.state)) return undefined
  const state = JSON.parse(readFileSync(values.state, 'utf8')) as State
  if (state.seed !== seed) throw new Error(`${values.state} is of seed ${state.seed}`)
  return state
}

function save(state: State): void {
  if (values.state === undefined) return
  writeFileSync(`${values.state}.new`, JSON.stringify(state))
  renameSync(`${values.state}.new`, values.state)
}
