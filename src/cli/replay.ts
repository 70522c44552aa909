import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { LoopDetector } from '../limits/loops/loop-detector.ts'
import { EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { jsonOption } from './options.ts'
import { readRuns } from './replay/recorded-run.ts'
import type { RecordedRun } from './replay/recorded-run.ts'
import { textTable } from './text-table.ts'

/** Prints, for each run, the first step after which the loop detector would have warned and stopped (from 0), and totals. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: jsonOption, allowPositionals: true })
  const [what, ...files] = positionals
  if (what !== 'loops') throw new UsageError(`replay ${what ?? ''}: only loops can be replayed`)
  if (files.length === 0) throw new UsageError('replay loops needs a file with recorded runs')
  const totals = { ok: newTotal(), failed: newTotal(), unknown: newTotal() }
  for (const file of files) {
    for (const recorded of readRuns(readFile(file), file)) {
      const verdict = replay(recorded)
      add(totals[recorded.success === true ? 'ok' : recorded.success === false ? 'failed' : 'unknown'], verdict)
      if (values.json === true) io.stdout.write(`${JSON.stringify(verdict)}\n`)
    }
  }
  if (values.json === true) io.stdout.write(`${JSON.stringify({ totals })}\n`)
  else io.stdout.write(tableOf(totals))
  return EXIT_OK
}

interface Verdict {
  readonly id: string
  readonly success: boolean | null
  readonly warnStep: number | null
  readonly stopStep: number | null
  /** The rule that stopped the run, or else the one that warned. */
  readonly rule: string | null
  /** Steps whose arguments or results were not recorded: they are never taken for a repetition. */
  readonly unjudged: number
}

function replay({ id, success, steps }: RecordedRun): Verdict {
  const detector = new LoopDetector()
  let warnStep: number | null = null
  let warnRule: string | null = null
  let unjudged = 0
  for (const [i, step] of steps.entries()) {
    if (step.isUnjudged) unjudged++
    const mark = detector.observe(step)
    if (mark?.level === 'stop') return { id, success, warnStep: warnStep ?? i, stopStep: i, rule: mark.rule, unjudged }
    if (mark !== undefined && warnStep === null) [warnStep, warnRule] = [i, mark.rule]
  }
  return { id, success, warnStep, stopStep: null, rule: warnRule, unjudged }
}

const newTotal = () => ({ runs: 0, warned: 0, stopped: 0, unjudgedSteps: 0 })
type Total = ReturnType<typeof newTotal>

function add(total: Total, { warnStep, stopStep, unjudged }: Verdict): void {
  total.runs++
  if (warnStep !== null) total.warned++
  if (stopStep !== null) total.stopped++
  total.unjudgedSteps += unjudged
}

function tableOf(totals: Readonly<Record<'ok' | 'failed' | 'unknown', Total>>): string {
  const names = { ok: 'ended well', failed: 'failed', unknown: 'not known' }
  const share = (n: number, of: number): string => (of === 0 ? '' : `${((100 * n) / of).toFixed(2)} %`)
  const rows = (['ok', 'failed', 'unknown'] as const).map((key) => {
    const { runs, warned, stopped, unjudgedSteps } = totals[key]
    return [
      names[key],
      String(runs),
      String(warned),
      share(warned, runs),
      String(stopped),
      share(stopped, runs),
      String(unjudgedSteps),
    ]
  })
  return textTable([['RUNS THAT', 'RUNS', 'WARNED', '', 'STOPPED', '', 'STEPS WITHOUT CONTENT'], ...rows])
}

function readFile(path: string): Buffer {
  const bytes = readFileSync(path)
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MAX }) : bytes
}

/** Of a file, unpacked. */
const FILE_BYTES_MAX = 2 * 1024 ** 3
