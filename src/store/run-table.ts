import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberOf, numberOrNull, textOf } from './database.ts'
import type { Row } from './database.ts'
import type { OriginTable } from './origin-table.ts'
import { ROLE_MODEL, ROLE_TOOL } from './read-spans.ts'
import type { SpanFacts, SpanGroup } from './read-spans.ts'
import { addSpan, countCall, dropSpan, emptyRun } from './run-fold.ts'
import type { CallFacts, RunTotals } from './run-fold.ts'

export interface RunLimits {
  readonly spansPerRunMax: number
  readonly bytesPerRunMax: number
}

interface OpenRun {
  readonly id: number
  readonly totals: RunTotals
}

/** What SQLite takes for no limit. */
const NO_LIMIT = -1

/** Writes spans and, with each batch, the rows of the runs that they belong to. */
export class RunTable {
  readonly #origins: OriginTable
  readonly #find: StatementSync
  readonly #insertRun: StatementSync
  readonly #updateRun: StatementSync
  readonly #insertSpan: StatementSync
  readonly #insertBody: StatementSync
  readonly #call: StatementSync
  readonly #callsIn: StatementSync
  readonly #lastBody: StatementSync
  readonly #deletions: readonly StatementSync[]
  #nextBody = 1

  constructor(database: DatabaseSync, origins: OriginTable) {
    this.#origins = origins
    this.#find = database.prepare('SELECT * FROM run WHERE trace = ?')
    this.#insertRun = database.prepare(
      `INSERT INTO run (trace, ${COLUMNS.join(', ')}, seen_ms) VALUES (?, ${COLUMNS.map(() => '?').join(', ')}, ?)`,
    )
    this.#updateRun = database.prepare(
      `UPDATE run SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')}, seen_ms = ? WHERE id = ?`,
    )
    this.#insertSpan = database.prepare(
      'INSERT INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#insertBody = database.prepare('INSERT INTO body (id, origin, bytes) VALUES (?, ?, ?)')
    this.#call = database.prepare('SELECT * FROM span WHERE run = ? AND span = ? AND role = ?')
    // The literal condition is what lets SQLite use the partial index.
    this.#callsIn = database.prepare(
      'SELECT * FROM span INDEXED BY call_by_parent WHERE run = ? AND parent = ? AND role = ? AND role >= 2 LIMIT ?',
    )
    this.#lastBody = database.prepare('SELECT max(id) AS id FROM body')
    this.#deletions = [
      'DELETE FROM log WHERE trace = (SELECT trace FROM run WHERE id = ?)',
      'DELETE FROM body WHERE id IN (SELECT body FROM span WHERE run = ?)',
      'DELETE FROM span WHERE run = ?',
      'DELETE FROM run WHERE id = ?',
    ].map((sql) => database.prepare(sql))
  }

  /** Adds spans; one that is there already is ignored. Returns the traces that changed and how many spans a limit refused. Inside a transaction. */
  add(groups: readonly SpanGroup[], limits: RunLimits, nowMs: number): { traceIds: Set<string>; dropped: number } {
    // Another process may have written since.
    this.#nextBody = numberOf(this.#lastBody.get(), 'id') + 1
    const open = new Map<string, OpenRun>()
    const traceIds = new Set<string>()
    let dropped = 0
    for (const { resource, scope, service, spans } of groups) {
      const origin = this.#origins.idOf(resource, scope, nowMs)
      for (const span of spans) {
        const traceId = span.traceId.toString('hex')
        const run = open.get(traceId) ?? this.#open(span.traceId, nowMs)
        open.set(traceId, run)
        const isFull =
          run.totals.spans >= limits.spansPerRunMax || run.totals.bytes + span.body.length > limits.bytesPerRunMax
        if (isFull) {
          dropSpan(run.totals, span, service)
          dropped++
        } else if (this.#insert(run.id, span, origin)) {
          addSpan(run.totals, span, service)
          if (span.role >= ROLE_MODEL) this.#takeBackRepetition(run, span)
        } else continue
        traceIds.add(traceId)
      }
    }
    for (const [traceId, run] of open) {
      if (traceIds.has(traceId)) this.#updateRun.run(...valuesOf(run.totals), nowMs, run.id)
    }
    return { traceIds, dropped }
  }

  delete(runId: number): void {
    for (const statement of this.#deletions) statement.run(runId)
  }

  #open(trace: Buffer, nowMs: number): OpenRun {
    const row = this.#find.get(trace)
    if (row !== undefined) return { id: numberOf(row, 'id'), totals: totalsOf(row) }
    const totals = emptyRun()
    return { id: Number(this.#insertRun.run(trace, ...valuesOf(totals), nowMs).lastInsertRowid), totals }
  }

  /**
   * One call seen twice, by a framework and by the client below it, counts once, whichever span comes first: of a model call in a model call the inner
   * one counts, of a tool call in a tool call (a tool that calls an MCP server) the outer one.
   */
  #takeBackRepetition({ id, totals }: OpenRun, span: SpanFacts): void {
    const inside = this.#callsIn.all(id, span.spanId, span.role, span.role === ROLE_TOOL ? NO_LIMIT : 1)
    const around = span.parentId.length === 0 ? undefined : this.#call.get(id, span.parentId, span.role)
    if (span.role === ROLE_TOOL) {
      if (around !== undefined) countCall(totals, span, -1)
      for (const row of inside) countCall(totals, callOf(row), -1)
      return
    }
    if (inside.length > 0) countCall(totals, span, -1)
    const isFirstInside = around !== undefined && this.#callsIn.all(id, span.parentId, span.role, 2).length === 1
    if (isFirstInside) countCall(totals, callOf(around), -1)
  }

  #insert(run: number, span: SpanFacts, origin: number): boolean {
    const body = this.#nextBody
    const { changes } = this.#insertSpan.run(
      run,
      span.spanId,
      span.parentId,
      span.startUs,
      span.endUs,
      span.role,
      span.name,
      span.subject,
      span.failed ? 1 : 0,
      span.errorType,
      span.inputTokens,
      span.outputTokens,
      span.costNano,
      span.redactions,
      body,
    )
    if (changes === 0) return false
    this.#nextBody++
    this.#insertBody.run(body, origin, span.body)
    return true
  }
}

const callOf = (row: Row): CallFacts => ({
  role: numberOf(row, 'role'),
  failed: numberOf(row, 'failed') === 1,
  inputTokens: numberOf(row, 'input_tokens'),
  outputTokens: numberOf(row, 'output_tokens'),
  costNano: numberOrNull(row, 'cost_nano'),
})

const COLUMNS = [
  'rank',
  'agent',
  'service',
  'failed',
  'error_type',
  'request_start_us',
  'request_end_us',
  'has_root',
  'start_us',
  'end_us',
  'conversation',
  'spans',
  'spans_dropped',
  'bytes',
  'model_calls',
  'unpriced_calls',
  'tool_calls',
  'tool_errors',
  'input_tokens',
  'output_tokens',
  'cost_nano',
  'redactions',
  'loop',
  'denied',
] as const

/** In the order of COLUMNS. */
const valuesOf = (run: RunTotals): (string | number)[] => [
  run.rank,
  run.agent,
  run.service,
  run.failed ? 1 : 0,
  run.errorType,
  run.requestStartUs,
  run.requestEndUs,
  run.hasRoot ? 1 : 0,
  run.startUs,
  run.endUs,
  run.conversation,
  run.spans,
  run.spansDropped,
  run.bytes,
  run.modelCalls,
  run.unpricedCalls,
  run.toolCalls,
  run.toolErrors,
  run.inputTokens,
  run.outputTokens,
  run.costNano,
  run.redactions,
  run.loop,
  run.denied,
]

const totalsOf = (row: Row): RunTotals => ({
  rank: textOf(row, 'rank'),
  agent: textOf(row, 'agent'),
  service: textOf(row, 'service'),
  failed: numberOf(row, 'failed') === 1,
  errorType: textOf(row, 'error_type'),
  requestStartUs: numberOf(row, 'request_start_us'),
  requestEndUs: numberOf(row, 'request_end_us'),
  hasRoot: numberOf(row, 'has_root') === 1,
  startUs: numberOf(row, 'start_us'),
  endUs: numberOf(row, 'end_us'),
  conversation: textOf(row, 'conversation'),
  spans: numberOf(row, 'spans'),
  spansDropped: numberOf(row, 'spans_dropped'),
  bytes: numberOf(row, 'bytes'),
  modelCalls: numberOf(row, 'model_calls'),
  unpricedCalls: numberOf(row, 'unpriced_calls'),
  toolCalls: numberOf(row, 'tool_calls'),
  toolErrors: numberOf(row, 'tool_errors'),
  inputTokens: numberOf(row, 'input_tokens'),
  outputTokens: numberOf(row, 'output_tokens'),
  costNano: numberOf(row, 'cost_nano'),
  redactions: numberOf(row, 'redactions'),
  loop: numberOf(row, 'loop'),
  denied: numberOf(row, 'denied'),
})
