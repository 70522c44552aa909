import { join } from 'node:path'
import { codeOf, CURRENT_FILE, rotatedFilesIn } from './audit-files.ts'
import { auditName, parseAuditLine } from './audit-line.ts'
import type { AuditRecord } from './audit-line.ts'
import { linesBackwards, linesOf } from './read-lines.ts'
import { RecentCalls } from './recent-calls.ts'

/** Which calls to look for: those of an agent, of a run, of a tool. */
export interface CallFilter {
  readonly agent?: string | undefined
  readonly run?: string | undefined
  readonly tool?: string | undefined
}

export interface LastCallsOptions extends CallFilter {
  /** How many of either kind. */
  readonly count: number
  readonly nowMs: number
  /** So many lines are read at most. */
  readonly linesMax?: number
}

/** A call as its attempt and its outcome tell it; the names of the fields are those of the lines. */
export interface AuditCall {
  readonly seq: number
  readonly ts: string
  readonly call: string
  readonly agent: string | null
  readonly run: string | null
  readonly trace_id: string | null
  readonly span_id: string | null
  readonly process: string | null
  readonly tool: string
  readonly class: string
  readonly input: string | null
  readonly args_hmac: string | null
  readonly decision: string | null
  readonly rule: string | null
  /** `denied`; `running` as long as no outcome is there, `unknown` after an hour; else that of the outcome. */
  readonly result: string
  readonly duration_ms: number | null
  readonly nano_usd: number | null
  readonly hold: string | null
}

export interface AuditCalls {
  /** Newest first. */
  readonly sideEffects: readonly AuditCall[]
  readonly others: readonly AuditCall[]
  readonly linesRead: number
  /** False when the search ended before the beginning of the log without having found enough. */
  readonly isComplete: boolean
}

/** About four seconds. */
const LINES_MAX = 1_000_000
/** A call that is open for longer is not said to be running. */
const RUNNING_MS_MAX = 60 * 60 * 1000

/**
 * The newest calls of a log, of those with side effects (all but `read` and `model`) and of the others. Reads plain files from their end, a chunk at a time;
 * of compressed ones nothing but the calls that are looked for is kept. May run beside whoever writes.
 */
export async function lastCalls(folder: string, options: LastCallsOptions): Promise<AuditCalls> {
  const search = new Search(options)
  const { linesMax = LINES_MAX } = options
  try {
    for (const file of [undefined, ...(await rotatedFilesIn(folder)).toReversed()]) {
      if (search.isOver || search.linesRead >= linesMax) return search.result(false)
      if (file?.isCompressed === true) await search.readCompressed(file.path)
      else await search.readPlain(file?.path ?? join(folder, CURRENT_FILE), file?.plainPath, linesMax)
    }
  } catch (error) {
    // No log yet.
    if (codeOf(error) !== 'ENOENT') throw error
  }
  return search.result(search.linesRead < linesMax)
}

/** The kinds of calls are looked for by themselves: a thousand reads don't hide the post before them. */
const kindOf = (record: AuditRecord): 'others' | 'sideEffects' =>
  record.fields['class'] === 'read' || record.fields['class'] === 'model' ? 'others' : 'sideEffects'

class Search {
  readonly #options: LastCallsOptions
  readonly #found: Readonly<Record<'others' | 'sideEffects', RecentCalls>>
  /** A file may be compressed while it is read; a line counts once. */
  #lowestSeq = Infinity
  linesRead = 0

  constructor(options: LastCallsOptions) {
    this.#options = options
    this.#found = { others: new RecentCalls(options.count), sideEffects: new RecentCalls(options.count) }
  }

  get isOver(): boolean {
    return this.#found.others.isFull && this.#found.sideEffects.isFull
  }

  async readPlain(path: string, plainPath: string | undefined, linesMax: number): Promise<void> {
    try {
      for await (const lines of linesBackwards(path)) {
        for (const line of lines) this.#add(line)
        if (this.isOver || this.linesRead >= linesMax) return
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      // Compressed meanwhile, or nothing is written yet.
      if (plainPath !== undefined) await this.readCompressed(`${plainPath}.gz`).catch(ignoreMissing)
    }
  }

  /** Can only be read from its beginning: of each kind the last calls of it are kept, and then taken backwards. */
  async readCompressed(path: string): Promise<void> {
    const kept = { others: this.#found.others.ring(), sideEffects: this.#found.sideEffects.ring() }
    for await (const lines of linesOf(path, true)) {
      for (const { bytes } of lines) {
        const record = this.#matching(bytes)
        if (record !== undefined) kept[kindOf(record)].add(record)
      }
    }
    for (const record of kept.others.backwards()) this.#take(record)
    for (const record of kept.sideEffects.backwards()) this.#take(record)
    for (const kind of ['others', 'sideEffects'] as const) this.#found[kind].pass(kept[kind].passed)
    this.#lowestSeq = Math.min(this.#lowestSeq, kept.others.firstSeq, kept.sideEffects.firstSeq)
  }

  #add(line: Buffer): void {
    const record = this.#matching(line)
    if (record === undefined) return
    this.#take(record)
    this.#lowestSeq = Math.min(this.#lowestSeq, record.seq)
  }

  #matching(line: Buffer): AuditRecord | undefined {
    this.linesRead++
    const record = parseAuditLine(line)
    if (record === undefined || record.seq >= this.#lowestSeq) return undefined
    if (record.event !== 'attempt' && record.event !== 'outcome') return undefined
    const { agent, run, tool } = this.#options
    const { fields } = record
    const isMatch = (name: string, wanted: string | undefined): boolean =>
      wanted === undefined || fields[name] === auditName(wanted)
    return isMatch('agent', agent) && isMatch('run', run) && isMatch('tool', tool) ? record : undefined
  }

  #take(record: AuditRecord): void {
    this.#found[kindOf(record)].addOlder(record)
  }

  result(isWhole: boolean): AuditCalls {
    const { nowMs } = this.#options
    const callsIn = (recent: RecentCalls): AuditCall[] =>
      recent.calls(isWhole).map(({ attempt, outcome }) => joined(attempt, outcome, nowMs))
    return {
      sideEffects: callsIn(this.#found.sideEffects),
      others: callsIn(this.#found.others),
      linesRead: this.linesRead,
      isComplete: isWhole || this.isOver,
    }
  }
}

function joined(attempt: AuditRecord | undefined, outcome: AuditRecord | undefined, nowMs: number): AuditCall {
  const field = (name: string): unknown => outcome?.fields[name] ?? attempt?.fields[name]
  const text = (name: string): string | null => {
    const value = field(name)
    return typeof value === 'string' ? value : null
  }
  const amount = (name: string): number | null => {
    const value = field(name)
    return typeof value === 'number' ? value : null
  }
  const { seq = 0, ts = '' } = attempt ?? outcome ?? {}
  const isRecent = nowMs - Date.parse(ts) <= RUNNING_MS_MAX
  const open = text('decision') === 'deny' ? 'denied' : isRecent ? 'running' : 'unknown'
  return {
    seq,
    ts,
    call: text('call') ?? '',
    agent: text('agent'),
    run: text('run'),
    trace_id: text('trace_id'),
    span_id: text('span_id'),
    process: text('process'),
    tool: text('tool') ?? '',
    class: text('class') ?? '',
    input: text('input'),
    args_hmac: text('args_hmac'),
    decision: text('decision'),
    rule: text('rule'),
    result: text('result') ?? open,
    duration_ms: amount('duration_ms'),
    nano_usd: amount('nano_usd'),
    hold: text('hold'),
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}
