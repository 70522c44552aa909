import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { GUARD_MARKER_FILE } from '../control/guard-marker.ts'
import { durationMs } from '../sidecar/config-types.ts'
import { EXIT_FAILED, EXIT_OK, EXIT_UNCONFIRMED, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { killScopeOf, scopeText } from './kill-scope.ts'
import type { NamedScope } from './kill-scope.ts'
import { configOptions, jsonOption, sidecarOptions, stopOptions } from './options.ts'
import { errorOf, reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import type { SidecarAnswer, SidecarClient } from './sidecar-client.ts'
import { stopFileIn, writeStopFile } from './stop-file.ts'
import { textTable } from './text-table.ts'
import { printable } from './printable.ts'

/** How often is asked how far it has come. */
const LOOK_MS = 100
/** For a first process: an agent that was there before the sidecar takes a second until it connects. */
const NOBODY_WAIT_MS = 2500
const WAIT_MS_MAX = 600_000
const GRACE_MS_MAX = 300_000

/** Stops, and waits until every process has confirmed it or is gone. Exit code 3 while one has not, or none is there, 1 when nothing could be stopped. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...stopOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const named = killScopeOf(positionals)
  const { person = userName(), reason = 'no reason given' } = values
  const order = { ...named, person, reason }
  const waitMs = msOf('--wait', values.wait, WAIT_MS_MAX)
  const graceMs = msOf('--grace', values.grace, GRACE_MS_MAX)
  const stateFolder = await stateFolderOfFlags(values, io)
  const sidecar = await reachSidecar(values, stateFolder, io)
  const output = values.json === true ? new JsonOutput(io) : new TextOutput(io)
  const answer = await sidecar?.post('/api/guard/stop', orderBody(order, graceMs)).catch(() => undefined)
  if (sidecar !== undefined && answer !== undefined) return follow(sidecar, answer, { waitMs, graceMs }, output)
  if (values.url !== undefined) return output.failed(`no sidecar answers at ${values.url}: nothing is stopped`)
  return stopByFile(stateFolder, order, output)
}

interface Order extends NamedScope {
  readonly person: string
  readonly reason: string
}
interface Times {
  readonly waitMs: number | undefined
  readonly graceMs: number | undefined
}

/** It is answered at once; how far it has come is asked for, so that it can be shown. */
const orderBody = (order: Order, graceMs: number | undefined): object => ({
  ...order,
  wait_ms: 0,
  ...(graceMs === undefined ? {} : { grace_ms: graceMs }),
})

async function follow(sidecar: SidecarClient, answer: SidecarAnswer, times: Times, output: Output): Promise<number> {
  const { waitMs, graceMs } = times
  const startedAt = performance.now()
  if (answer.status === 404)
    return output.failed(
      `the sidecar at ${sidecar.url} has no guard, so it can stop nothing: end the agents yourself, and add the extension guard to its configuration`,
    )
  if (answer.status !== 200) return output.failed(`${errorOf(answer)}: nothing is stopped`)
  let report = reportShape.parse(answer.body)
  output.begun(report)
  let longestMs = waitMs
  const isWaiting = (): boolean => {
    const passedMs = performance.now() - startedAt
    // Without Redis the other sidecars can't be waited for, and nobody can't either.
    const isSureHere = report.processes.every(({ state }) => SURE.has(state))
    const isNobodyElse = report.fleet?.away !== undefined || processesElsewhere(report) === 0
    const isAllSeen = report.fleet?.sidecars.every(({ isConfirmed }) => isConfirmed) ?? true
    if (isSureHere && isNobodyElse && isAllSeen && passedMs >= NOBODY_WAIT_MS) return false
    return !report.isConfirmed && passedMs < (longestMs ?? Infinity)
  }
  while (isWaiting()) {
    const stops = await stopsOf(sidecar)
    // Gone, or too busy: what it said last is what is known.
    if (stops === undefined) break
    longestMs ??= Math.max(stops.wait_ms, 2 * (graceMs ?? 0) + 2000)
    const now = stops.confirmations.find(({ id }) => id === report.id)
    if (now === undefined) return output.failed('it was resumed, or stopped again, by somebody else meanwhile')
    report = now
    output.progress(report)
    if (!report.isConfirmed) await delay(LOOK_MS)
  }
  output.ended(report)
  return report.isConfirmed ? EXIT_OK : EXIT_UNCONFIRMED
}

async function stopsOf(sidecar: SidecarClient): Promise<z.output<typeof stopsShape> | undefined> {
  try {
    return stopsShape.parse((await sidecar.get('/api/guard/stops')).body)
  } catch {
    return undefined
  }
}

function stopByFile(stateFolder: string, { person, reason, ...named }: Order, output: Output): number {
  const nobody = `no sidecar answers for the state folder ${stateFolder}`
  if (named.scope !== 'fleet')
    return output.failed(
      `${nobody}: without one only everything can be stopped (spanwarden stop), and ${scopeText(named)} goes on`,
    )
  writeStopFile(stateFolder, person, reason)
  const limits = existsSync(join(stateFolder, GUARD_MARKER_FILE))
    ? 'agents with limits are denied everything when their lease ends (15s), as nobody renews it'
    : 'no limits are configured here, so agents that run now go on: end them yourself'
  return output.unconfirmed(
    `${nobody}. Written: ${stopFileIn(stateFolder)}. A sidecar of this folder stops everything as long as it is there, at once if one runs or when it starts; ${limits}. Nothing was confirmed`,
  )
}

interface Output {
  failed(message: string): number
  unconfirmed(message: string): number
  begun(report: Report): void
  progress(report: Report): void
  ended(report: Report): void
}

/** Lines as the processes come; what is not sure at the end comes last. */
class TextOutput implements Output {
  readonly #io: CommandIo
  readonly #told = new Set<string>()

  constructor(io: CommandIo) {
    this.#io = io
  }

  failed(message: string): number {
    this.#io.stderr.write(`spanwarden stop: ${message}\n`)
    return EXIT_FAILED
  }

  unconfirmed(message: string): number {
    this.#io.stderr.write(`spanwarden stop: ${message}\n`)
    return EXIT_UNCONFIRMED
  }

  begun(report: Report): void {
    const { stdout } = this.#io
    const text = scopeText(report)
    stdout.write(`stopped: ${text} (${printable(report.reason)})\n`)
    const confirm = report.scope === 'fleet' ? ' --confirm' : ''
    stdout.write(`It stays so until: spanwarden resume ${text}${confirm} --person <who> --reason <why>\n`)
    const how = NOT_IN_LEDGER[report.kept]
    if (how !== undefined) stdout.write(`The ledger can't be written now: ${how}\n`)
    this.progress(report)
  }

  progress({ processes, fleet }: Report): void {
    this.#tell(processes.filter(({ state }) => SURE.has(state)))
    this.#tellSidecars((fleet?.sidecars ?? []).filter(({ isConfirmed }) => isConfirmed))
  }

  ended(report: Report): void {
    const { processes, fleet } = report
    if (fleet?.away !== undefined)
      this.#io.stdout.write(
        `unconfirmed: Redis is away (${printable(fleet.away)}). The stop holds here, and goes to the other sidecars of the fleet as soon as Redis is back: stop them there, too, if it must be now\n`,
      )
    else if (fleet?.isPassedOn === false)
      this.#io.stdout.write(
        'unconfirmed: the stop holds here, and has not reached the other sidecars of the fleet yet\n',
      )
    else if (processes.length + processesElsewhere(report) === 0)
      this.#io.stdout.write(
        'unconfirmed: no process of an agent that this concerns is connected. One that comes is stopped; one without limits, or with another state folder, goes on\n',
      )
    this.#tell(processes)
    this.#tellSidecars(fleet?.sidecars ?? [])
  }

  #tell(processes: readonly ProcessLine[]): void {
    const news = processes.filter(({ process }) => !this.#told.has(process))
    for (const { process } of news) this.#told.add(process)
    if (news.length > 0) this.#io.stdout.write(textTable(news.map(rowOf)))
  }

  #tellSidecars(sidecars: readonly SidecarLine[]): void {
    const news = sidecars.filter(({ node }) => !this.#told.has(node))
    for (const { node } of news) this.#told.add(node)
    if (news.length > 0) this.#io.stdout.write(textTable(news.map(sidecarRow)))
  }
}

class JsonOutput implements Output {
  readonly #io: CommandIo

  constructor(io: CommandIo) {
    this.#io = io
  }

  failed(error: string): number {
    this.#write({ stopped: false, error })
    return EXIT_FAILED
  }

  unconfirmed(message: string): number {
    this.#write({ stopped: true, isConfirmed: false, processes: [], message })
    return EXIT_UNCONFIRMED
  }

  begun(): void {}

  progress(): void {}

  ended(report: Report): void {
    this.#write({ stopped: true, ...report })
  }

  #write(value: object): void {
    this.#io.stdout.write(`${JSON.stringify(value)}\n`)
  }
}

const processShape = z.object({
  process: z.string(),
  pid: z.number(),
  agent: z.string(),
  state: z.string(),
  aborted: z.number(),
  afterMs: z.number().optional(),
  signal: z.string().optional(),
  why: z.string().optional(),
})
const sidecarShape = z.object({
  node: z.string(),
  name: z.string(),
  isConfirmed: z.boolean(),
  processes: z.number(),
  confirmed: z.number(),
  why: z.string().optional(),
})
const reportShape = z.object({
  id: z.string(),
  scope: z.string(),
  value: z.string(),
  reason: z.string(),
  isConfirmed: z.boolean(),
  kept: z.string().default('ledger'),
  processes: z.array(processShape),
  /** What the other sidecars of a fleet say. */
  fleet: z.object({ away: z.string().optional(), isPassedOn: z.boolean(), sidecars: z.array(sidecarShape) }).optional(),
})
const stopsShape = z.object({ wait_ms: z.number(), confirmations: z.array(reportShape) })
type ProcessLine = z.output<typeof processShape>
type SidecarLine = z.output<typeof sidecarShape>
type Report = z.output<typeof reportShape>

const NOT_IN_LEDGER: Readonly<Record<string, string>> = {
  file: 'the stop is in force, stands in the file stops.json of the state folder, and goes into the ledger when that is possible',
  memory:
    'the stop is in force as long as this sidecar runs: no file could be written either. Look at the disk of the state folder',
}

const SURE: ReadonlySet<string> = new Set(['confirmed', 'killed', 'gone'])

function rowOf({ state, agent, pid, aborted, afterMs, signal, why }: ProcessLine): string[] {
  const calls = aborted === 0 ? undefined : `${aborted} ${aborted === 1 ? 'call' : 'calls'} aborted`
  const time = afterMs === undefined ? undefined : `after ${(afterMs / 1000).toFixed(1)} s`
  const what = [time, why ?? signal ?? calls].filter((part) => part !== undefined).join(', ')
  return [SURE.has(state) ? state : 'unconfirmed', printable(agent), `pid ${pid}`, what]
}

function sidecarRow({ isConfirmed, name, processes, confirmed, why }: SidecarLine): string[] {
  const what = processes === 0 ? undefined : `${confirmed} of ${processes} processes`
  const state = isConfirmed ? 'confirmed' : 'unconfirmed'
  const said = [what ?? (isConfirmed ? 'no processes' : undefined), why].filter((part) => part !== undefined).join(', ')
  return [state, `sidecar ${printable(name)}`, said]
}

const processesElsewhere = ({ fleet }: Report): number =>
  fleet?.sidecars.reduce((sum, { processes }) => sum + processes, 0) ?? 0

function msOf(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined
  const ms = durationMs(text)
  if (ms === undefined || ms > max) throw new UsageError(`${flag} ${text}: write it like 5s, ${max / 60_000}m at most`)
  return Math.round(ms)
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unnamed'
  }
}
