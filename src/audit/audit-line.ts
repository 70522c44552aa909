import { hash } from 'node:crypto'
import { isInputSummary } from '../limits/input-summary.ts'
import type { AuditedCall, AuditEntry, AuditNote } from './audit-entry.ts'

/** No line is longer, by the bounds of its fields. */
export const LINE_BYTES_MAX = 4096
/** What the first line has in place of the hash of the line before it. */
export const NO_HASH = '0'.repeat(64)

/** Where a line stands: numbers begin with 1 and go on over files and starts. */
export interface LinePlace {
  readonly seq: number
  readonly atMs: number
  /** `lineHash` of the line before. */
  readonly prev: string
}

/** SHA-256 over the exact bytes of a line without its line feed, in hex. */
export const lineHash = (line: Uint8Array | string): string => hash('sha256', line, 'hex')

/**
 * A line without its line feed: JSON, its fields in the order of docs/audit.md. Whatever a field was given, only what it may hold gets in: an agent's process sends
 * what it likes.
 */
export function auditLine(entry: AuditEntry | AuditNote, { seq, atMs, prev }: LinePlace): string {
  return JSON.stringify({ v: 1, seq, ts: new Date(atMs).toISOString(), ...fieldsOf(entry), prev })
}

function fieldsOf(entry: AuditEntry | AuditNote): object {
  if ('note' in entry) return { event: 'log', ...entry }
  if (entry.event === 'action') {
    return {
      event: 'action',
      action: nameIn(entry.action, 64),
      scope: nameIn(entry.scope, 128),
      call: idIn(entry.call),
      by: nameIn(entry.by, 64),
      reason: entry.reason?.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').slice(0, REASON_CHARACTERS_MAX),
      result: entry.result === undefined ? undefined : resultIn(entry.result),
    }
  }
  const { hold, nanoUsd } = entry
  const money = { nano_usd: amountIn(nanoUsd), hold: idIn(hold) }
  if (entry.event === 'outcome') {
    const { result, durationMs } = entry
    return {
      event: 'outcome',
      ...callFields(entry),
      result: resultIn(result),
      duration_ms: amountIn(durationMs),
      ...money,
    }
  }
  const { input, argsHmac, decision, rule, by } = entry
  return {
    event: 'attempt',
    ...callFields(entry),
    input: input === undefined || isInputSummary(input) ? input : 'unreadable',
    args_hmac: matching(argsHmac, /^[\w-]{16,64}$/),
    decision: decision === 'allow' || decision === 'would_deny' ? decision : 'deny',
    rule: nameIn(rule, 128),
    by: nameIn(by, 64),
    ...money,
  }
}

function callFields({ call, agent, run, traceId, spanId, process, tool, class: kind }: AuditedCall): object {
  return {
    call: idIn(call),
    agent: nameIn(agent, 128),
    run: idIn(run),
    trace_id: matching(traceId, /^[0-9a-f]{32}$/),
    span_id: matching(spanId, /^[0-9a-f]{16}$/),
    process: idIn(process),
    tool: nameIn(tool, 128),
    class: nameIn(kind, 16),
  }
}

const REASON_CHARACTERS_MAX = 200

/** A name as lines have it: letters, digits and few signs, of any script; what else it had is `_`. */
export const auditName = (name: string, lengthMax = 128): string =>
  name.slice(0, lengthMax).replaceAll(/[^\p{L}\p{M}\p{N} _.:/#-]/gu, '_')

const nameIn = (name: string | undefined, lengthMax: number): string | undefined =>
  name === undefined ? undefined : auditName(name, lengthMax)

const idIn = (id: string | undefined): string | undefined => id?.slice(0, 64).replaceAll(/[^\w.:-]/g, '_')

const matching = (text: string | undefined, pattern: RegExp): string | undefined =>
  text !== undefined && pattern.test(text) ? text : undefined

const resultIn = (result: string): string =>
  /^(?:ok|timeout|aborted|unknown|not_called|error|error:[A-Za-z_][\w.]{0,63}|http:\d{3}|exit:-?\d{1,10})$/.test(result)
    ? result
    : 'error'

const amountIn = (amount: number | undefined): number | undefined =>
  amount !== undefined && amount >= 0 && amount <= Number.MAX_SAFE_INTEGER ? Math.round(amount) : undefined

/** A line that was read. */
export interface AuditRecord {
  readonly seq: number
  readonly ts: string
  readonly event: string
  readonly prev: string
  /** By its name in the file. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Undefined for what is no line of the log. */
export function parseAuditLine(line: Uint8Array): AuditRecord | undefined {
  let fields: unknown
  try {
    fields = JSON.parse(UTF8.decode(line))
  } catch {
    return undefined
  }
  if (!isObject(fields)) return undefined
  const { seq, ts, event, prev } = fields
  if (!Number.isSafeInteger(seq) || typeof seq !== 'number' || typeof ts !== 'string') return undefined
  return typeof event === 'string' && typeof prev === 'string' ? { seq, ts, event, prev, fields } : undefined
}

const UTF8 = new TextDecoder('utf8', { fatal: true })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
