import { parseArgs } from 'node:util'
import { lastCalls } from '../audit/last-calls.ts'
import type { AuditCall, AuditCalls } from '../audit/last-calls.ts'
import { NANO_PER_USD } from '../ledger/nano-usd.ts'
import { auditFolderOf } from './audit-folder.ts'
import { EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption, lastOptions } from './options.ts'
import { textTable } from './text-table.ts'
import { printable } from './printable.ts'

const COUNT = 10
const COUNT_MAX = 10_000

/** What did it last do: the newest n calls with side effects, then the newest n others, newest first. May run beside a sidecar, or without one. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...lastOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const [n = String(COUNT), ...more] = positionals
  const count = Number(n)
  if (more.length > 0 || !/^\d+$/.test(n) || count < 1 || count > COUNT_MAX)
    throw new UsageError(`last: how many calls? 1 to ${COUNT_MAX}`)
  const { agent, run: ofRun, tool } = values
  const folder = await auditFolderOf(values, io)
  const calls = await lastCalls(folder, { count, nowMs: Date.now(), agent, run: ofRun, tool })
  const { sideEffects, others } = calls
  if (values.json === true) io.stdout.write(`${JSON.stringify([...sideEffects, ...others])}\n`)
  else io.stdout.write(textOf(calls, folder))
  return EXIT_OK
}

function textOf({ sideEffects, others, linesRead, isComplete }: AuditCalls, folder: string): string {
  if (linesRead === 0) return `There is no audit log in ${folder}. A guard with audit: {} writes one.\n`
  const known = [section('Side effects', sideEffects), section('Reads and model calls', others)].filter(
    (one) => one !== '',
  )
  const sections = known.length === 0 ? ['No such call is on record.\n'] : known
  const end = isComplete ? '' : `\nOnly the newest ${linesRead} lines of the log were read.\n`
  return `${sections.join('\n')}${end}`
}

function section(title: string, calls: readonly AuditCall[]): string {
  if (calls.length === 0) return ''
  return `${title}:\n${textTable([HEADER, ...calls.map(rowOf)], [6, 7])}`
}

const HEADER = ['WHEN', 'AGENT', 'TOOL', 'CLASS', 'INPUT', 'RESULT', 'MS', 'USD', 'RUN']

function rowOf({
  ts,
  agent,
  tool,
  class: kind,
  input,
  duration_ms,
  nano_usd,
  run: ofRun,
  ...call
}: AuditCall): string[] {
  const { decision, rule, result } = call
  const ruled = decision === 'allow' || rule === null ? result : `${result} (${rule})`
  const usd = nano_usd === null ? '' : (nano_usd / NANO_PER_USD).toFixed(6)
  const cells = [ts, agent, tool, kind, shortened(input ?? ''), ruled, String(duration_ms ?? ''), usd, ofRun]
  return cells.map((cell) => printable(cell ?? '') || '-')
}

const INPUT_CHARACTERS_MAX = 60

const shortened = (input: string): string =>
  input.length <= INPUT_CHARACTERS_MAX ? input : `${input.slice(0, INPUT_CHARACTERS_MAX - 3)}...`
