import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { bytesOf, numberOf, numberOrNull, textOf } from './database.ts'
import type { Row } from './database.ts'
import { readLogEntry, readSpanDetail } from './read-detail.ts'
import { RANK_CALL, RANK_TALK } from './run-fold.ts'
import { ROLE_AGENT, ROLE_MODEL, ROLE_TOOL } from './read-spans.ts'
import type {
  LogEntry,
  Run,
  RunDetail,
  RunPage,
  RunQuery,
  RunSpan,
  RunStatus,
  SpanDetail,
  SpanRole,
} from './records.ts'

/** A run whose root has not come and which got no span for this long is over: its process died, or its root is elsewhere. */
export const RUN_IDLE_MS = 300_000

/** Spans that one answer holds; a waterfall of more helps nobody. */
export const RUN_SPANS_MAX = 20_000
const AGENTS_MAX = 100
const LOGS_PER_SPAN_MAX = 200

const conditions: Readonly<Record<RunStatus, string>> = {
  running: 'has_root = 0 AND seen_ms > :idle',
  incomplete: `has_root = 0 AND seen_ms <= :idle AND substr(rank, 1, 1) = '${RANK_CALL}'`,
  error: `failed = 1 AND (has_root = 1 OR (seen_ms <= :idle AND substr(rank, 1, 1) <> '${RANK_CALL}'))`,
  ok: `failed = 0 AND (has_root = 1 OR (seen_ms <= :idle AND substr(rank, 1, 1) <> '${RANK_CALL}'))`,
}

const isListed = `rank < '${RANK_TALK}'`

/** Newest first. `before` is the `next` of an earlier page; one that is not of that form gives the first page. */
export function queryRuns(database: DatabaseSync, query: RunQuery, nowMs: number): RunPage {
  const where: string[] = ['spans > 0', isListed]
  const values: Record<string, SQLInputValue> = { limit: query.limit + 1 }
  if (query.status !== undefined) {
    where.push(conditions[query.status])
    values['idle'] = nowMs - RUN_IDLE_MS
  }
  if (query.agent !== undefined) {
    where.push('agent = :agent')
    values['agent'] = query.agent
  }
  const cursor = /^(\d{1,16})-([0-9a-f]{32})$/.exec(query.before ?? '')
  if (cursor !== null) {
    where.push('(start_us, trace) < (:start, :trace)')
    values['start'] = Number(cursor[1])
    values['trace'] = Buffer.from(cursor[2] ?? '', 'hex')
  }
  const sql = `SELECT * FROM run WHERE ${where.join(' AND ')} ORDER BY start_us DESC, trace DESC LIMIT :limit`
  const rows = database.prepare(sql).all(values)
  const shown = rows.slice(0, query.limit)
  const last = shown.at(-1)
  const next = rows.length > shown.length && last !== undefined ? `${numberOf(last, 'start_us')}-${hexOf(last)}` : null
  return { runs: shown.map((row) => runOf(row, nowMs)), next }
}

export function queryRun(database: DatabaseSync, traceId: string, nowMs: number): Run | undefined {
  const row = database.prepare('SELECT * FROM run WHERE trace = ?').get(Buffer.from(traceId, 'hex'))
  return row === undefined ? undefined : runOf(row, nowMs)
}

export function queryRunDetail(database: DatabaseSync, traceId: string, nowMs: number): RunDetail | undefined {
  const row = database.prepare('SELECT * FROM run WHERE trace = ?').get(Buffer.from(traceId, 'hex'))
  if (row === undefined) return undefined
  const spans = database
    .prepare('SELECT * FROM span WHERE run = ? ORDER BY start_us, end_us DESC, span LIMIT ?')
    .all(numberOf(row, 'id'), RUN_SPANS_MAX)
  return { run: runOf(row, nowMs), spans: spans.map(spanOf) }
}

export function querySpan(database: DatabaseSync, traceId: string, spanId: string): SpanDetail | undefined {
  const trace = Buffer.from(traceId, 'hex')
  const span = Buffer.from(spanId, 'hex')
  const row = database
    .prepare(
      `SELECT span.*, origin.resource, origin.scope, body.bytes FROM run JOIN span ON span.run = run.id JOIN body ON body.id = span.body
       JOIN origin ON origin.id = body.origin WHERE run.trace = ? AND span.span = ?`,
    )
    .get(trace, span)
  return row === undefined
    ? undefined
    : { span: spanOf(row), ...readSpanDetail(itemOf(row)), logs: queryLogs(database, trace, span) }
}

function queryLogs(database: DatabaseSync, trace: Buffer, span: Buffer): LogEntry[] {
  return database
    .prepare(
      `SELECT log.time_us, log.bytes, origin.resource, origin.scope FROM log JOIN origin ON origin.id = log.origin
       WHERE log.trace = ? AND log.span = ? ORDER BY log.time_us LIMIT ${LOGS_PER_SPAN_MAX}`,
    )
    .all(trace, span)
    .map((row) => readLogEntry(itemOf(row), numberOf(row, 'time_us') / 1000))
}

/** Names of agents, those with the newest runs first. */
export function queryAgents(database: DatabaseSync): string[] {
  return database
    .prepare(`SELECT agent FROM run WHERE ${isListed} GROUP BY agent ORDER BY max(start_us) DESC LIMIT ${AGENTS_MAX}`)
    .all()
    .map((row) => textOf(row, 'agent'))
}

/** Runs that ended after `sinceMs`, and how many of them failed. */
export function queryFinished(database: DatabaseSync, sinceMs: number): { finished: number; failed: number } {
  const row = database
    .prepare(
      `SELECT count(*) AS finished, coalesce(sum(failed), 0) AS failed FROM run
       WHERE seen_ms > :since AND has_root = 1 AND request_end_us > :since * 1000 AND ${isListed}`,
    )
    .get({ since: Math.floor(sinceMs) })
  return { finished: numberOf(row, 'finished'), failed: numberOf(row, 'failed') }
}

/** What the calls of runs cost that have begun since `sinceMs`, in US dollars. */
export function queryRunSpend(database: DatabaseSync, sinceMs: number): number {
  const row = database
    .prepare('SELECT coalesce(sum(cost_nano), 0) AS nano FROM run WHERE start_us >= ?')
    .get(sinceMs * 1000)
  return numberOf(row ?? {}, 'nano') / 1e9
}

const itemOf = (row: Row): { resource: Buffer; scope: Buffer; bytes: Buffer } => ({
  resource: bytesOf(row, 'resource'),
  scope: bytesOf(row, 'scope'),
  bytes: bytesOf(row, 'bytes'),
})

const hexOf = (row: Row): string => bytesOf(row, 'trace').toString('hex')

function runOf(row: Row, nowMs: number): Run {
  const status = statusOf(row, nowMs)
  const isOver = status === 'ok' || status === 'error'
  const startUs = numberOf(row, isOver ? 'request_start_us' : 'start_us')
  const endUs = numberOf(row, isOver ? 'request_end_us' : 'end_us')
  return {
    traceId: hexOf(row),
    agent: textOf(row, 'agent'),
    service: textOf(row, 'service'),
    status,
    errorType: textOf(row, 'error_type'),
    startMs: startUs / 1000,
    durationMs: (endUs - startUs) / 1000,
    conversationId: textOf(row, 'conversation'),
    spans: numberOf(row, 'spans'),
    spansDropped: numberOf(row, 'spans_dropped'),
    modelCalls: numberOf(row, 'model_calls'),
    unpricedCalls: numberOf(row, 'unpriced_calls'),
    toolCalls: numberOf(row, 'tool_calls'),
    toolErrors: numberOf(row, 'tool_errors'),
    inputTokens: numberOf(row, 'input_tokens'),
    outputTokens: numberOf(row, 'output_tokens'),
    costUsd: numberOf(row, 'cost_nano') / 1e9,
    redactions: numberOf(row, 'redactions'),
    loop: LOOPS[numberOf(row, 'loop')] ?? '',
    denied: numberOf(row, 'denied'),
  }
}

const LOOPS = ['', 'warn', 'stop'] as const

function statusOf(row: Row, nowMs: number): RunStatus {
  if (numberOf(row, 'has_root') === 0) {
    if (numberOf(row, 'seen_ms') > nowMs - RUN_IDLE_MS) return 'running'
    if (textOf(row, 'rank').startsWith(RANK_CALL)) return 'incomplete'
  }
  return numberOf(row, 'failed') === 1 ? 'error' : 'ok'
}

const roles: ReadonlyMap<number, SpanRole> = new Map([
  [ROLE_AGENT, 'agent'],
  [ROLE_MODEL, 'model'],
  [ROLE_TOOL, 'tool'],
])

function spanOf(row: Row): RunSpan {
  const startUs = numberOf(row, 'start_us')
  const costNano = numberOrNull(row, 'cost_nano')
  return {
    spanId: bytesOf(row, 'span').toString('hex'),
    parentSpanId: bytesOf(row, 'parent').toString('hex'),
    name: textOf(row, 'name'),
    role: roles.get(numberOf(row, 'role')) ?? 'other',
    subject: textOf(row, 'subject'),
    startMs: startUs / 1000,
    durationMs: (numberOf(row, 'end_us') - startUs) / 1000,
    failed: numberOf(row, 'failed') === 1,
    errorType: textOf(row, 'error_type'),
    inputTokens: numberOf(row, 'input_tokens'),
    outputTokens: numberOf(row, 'output_tokens'),
    costUsd: costNano === null ? null : costNano / 1e9,
    redactions: numberOf(row, 'redactions'),
  }
}
