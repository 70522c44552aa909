import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberOf } from './database.ts'

/** Origins remembered by their bytes, so that a batch of a known process needs no look-up. */
const CACHE_MAX = 500
/** How old the noted time of last use may be before it is written again. */
const USE_NOTED_EVERY_MS = 3_600_000

/** Resource and scope of spans and log records, each pair stored once. */
export class OriginTable {
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #use: StatementSync
  readonly #delete: StatementSync
  readonly #known = new Map<string, { id: number; usedMs: number }>()

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT id, used_ms FROM origin WHERE resource = ? AND scope = ?')
    this.#insert = database.prepare('INSERT INTO origin (used_ms, resource, scope) VALUES (?, ?, ?)')
    this.#use = database.prepare('UPDATE origin SET used_ms = ? WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM origin WHERE used_ms < ?')
  }

  idOf(resource: Buffer, scope: Buffer, nowMs: number): number {
    const key = `${resource.toString('latin1')}\n${scope.toString('latin1')}`
    const known = this.#known.get(key) ?? this.#stored(resource, scope)
    if (known !== undefined) {
      if (nowMs - known.usedMs > USE_NOTED_EVERY_MS) {
        known.usedMs = nowMs
        this.#use.run(nowMs, known.id)
      }
      this.#remember(key, known)
      return known.id
    }
    const id = Number(this.#insert.run(nowMs, resource, scope).lastInsertRowid)
    this.#remember(key, { id, usedMs: nowMs })
    return id
  }

  /** Deletes what nothing stored after `cutoffMs` can refer to. */
  deleteUnused(cutoffMs: number): void {
    this.#delete.run(cutoffMs - USE_NOTED_EVERY_MS)
    this.forget()
  }

  /** After a rollback nothing that was remembered can be relied on. */
  forget(): void {
    this.#known.clear()
  }

  #stored(resource: Buffer, scope: Buffer): { id: number; usedMs: number } | undefined {
    const row = this.#find.get(resource, scope)
    return row === undefined ? undefined : { id: numberOf(row, 'id'), usedMs: numberOf(row, 'used_ms') }
  }

  #remember(key: string, origin: { id: number; usedMs: number }): void {
    if (this.#known.size >= CACHE_MAX) this.#known.clear()
    this.#known.set(key, origin)
  }
}
