import type { NanoUsd } from './nano-usd.ts'
import { windowAt } from './windows.ts'
import type { TimeZone, WindowKind } from './windows.ts'

/** Whom a budget is for; each value of a scope has its own account. */
export type Scope = 'fleet' | 'agent' | 'tenant' | 'session' | 'run'

/** What a call is part of. A budget of a scope that a call has no value for does not concern it. */
export type ScopeValues = { readonly [S in Scope]?: string | undefined }

/** As configured. */
export interface Budget {
  /** Name in messages and metrics: unique. */
  readonly name: string
  readonly scope: Scope
  /** Only for this value of the scope; without it each has an account of its own. */
  readonly value?: string
  readonly window: WindowKind
  readonly timeZone?: TimeZone
  readonly limit: NanoUsd
  /** Spent beyond it, somebody should look. It denies nothing. */
  readonly alertAt?: NanoUsd
}

/** The account of a budget for a call at a time. */
export interface AccountRef {
  readonly key: string
  readonly budget: string
  readonly scope: Scope
  readonly value: string
  readonly window: string
  /** Unix ms; 0 for never. */
  readonly endsAt: number
  readonly cap: NanoUsd
}

/** The accounts that a call at `atMs` (Unix ms) must fit into. */
export function accountsOf(budgets: readonly Budget[], values: ScopeValues, atMs: number): AccountRef[] {
  const found: AccountRef[] = []
  for (const { name, scope, value: only, window: kind, timeZone, limit } of budgets) {
    const value = scope === 'fleet' ? 'fleet' : values[scope]
    if (value === undefined || (only !== undefined && only !== value)) continue
    const { id, endsAt } = windowAt(kind, atMs, timeZone)
    const key = [name, scope, value, id].map(encodeURIComponent).join('/')
    found.push({
      key,
      budget: name,
      scope,
      value,
      window: id,
      endsAt: Number.isFinite(endsAt) ? endsAt : 0,
      cap: limit,
    })
  }
  return found
}
