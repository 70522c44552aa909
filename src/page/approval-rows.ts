import type { ApprovalList, WaitingCall } from './approvals-api.ts'

/** A call stays in its place for so long when it waits no more: nobody clicks on another one because the rows have moved. */
export const GONE_SHOWN_MS = 10_000
/** Rows that are shown; the others come when these are answered. */
export const ROWS_MAX = 100

export interface ApprovalRow {
  readonly call: WaitingCall
  /** Since when it waits no more, and what became of it. */
  readonly gone?: { readonly atMs: number; readonly text: string }
}

/** The rows that were shown in their places, with what has become of them, and new ones behind them. */
export function approvalRows(shown: readonly ApprovalRow[], list: ApprovalList, nowMs: number): ApprovalRow[] {
  const waiting = new Map(list.waiting.map((call) => [call.id, call]))
  const kept = shown.flatMap(({ call, gone }): ApprovalRow[] => {
    const still = waiting.get(call.id)
    waiting.delete(call.id)
    if (gone !== undefined) return nowMs - gone.atMs < GONE_SHOWN_MS ? [{ call, gone }] : []
    return [still === undefined ? { call, gone: { atMs: nowMs, text: fateOf(call.id, list) } } : { call: still }]
  })
  return [...kept, ...[...waiting.values()].map((call) => ({ call }))].slice(0, ROWS_MAX)
}

/** Of one row: it was answered here. */
export const answeredRow = (rows: readonly ApprovalRow[], id: string, text: string, nowMs: number): ApprovalRow[] =>
  rows.map((row) => (row.call.id === id ? { call: row.call, gone: { atMs: nowMs, text } } : row))

function fateOf(id: string, { decided }: ApprovalList): string {
  const { state = 'gone', person = null } = decided.find((one) => one.id === id) ?? {}
  return person === null ? state : `${state} by ${person}`
}
