/** The parts of GET /api/guard and GET /api/guard/suspense that are shown. */
export interface Limits {
  readonly mode: string
  readonly budgets: readonly BudgetState[]
  readonly processes: readonly ProcessState[]
  readonly suspended: number
}
export interface BudgetState {
  readonly budget: string
  readonly scope: string
  readonly value: string
  readonly ends_at: string | null
  readonly limit_usd: number
  readonly committed_usd: number
  readonly held_usd: number
  readonly suspense_usd: number
  readonly left_usd: number
}
export interface ProcessState {
  readonly process: string
  readonly pid: number
  readonly agent: string
  readonly connected: boolean
  readonly in_flight: number
  readonly lease_left_ms: number
}

/** Undefined where the sidecar does not answer. */
export async function fetchLimits(): Promise<Limits | undefined> {
  const [guard, suspense] = await Promise.all(
    ['/api/guard', '/api/guard/suspense'].map((path) => fetch(path, { headers: { accept: 'application/json' } })),
  )
  if (guard?.ok !== true || suspense?.ok !== true) return undefined
  const { mode, budgets, processes }: Limits = await guard.json()
  const { total }: { total: number } = await suspense.json()
  return { mode, budgets, processes, suspended: total }
}

/** The tightest first; `max` of them. */
export const tightest = (budgets: readonly BudgetState[], max: number): readonly BudgetState[] =>
  budgets.toSorted((a, b) => leftShare(a) - leftShare(b)).slice(0, max)

const leftShare = ({ left_usd, limit_usd }: BudgetState): number => (limit_usd === 0 ? 0 : left_usd / limit_usd)

/** Of the limit, in whole percent, both together never more than 100. */
export function bars({ committed_usd, held_usd, limit_usd }: BudgetState): { spent: number; held: number } {
  if (limit_usd === 0) return { spent: 100, held: 0 }
  const spent = Math.min(100, Math.round((committed_usd / limit_usd) * 100))
  return { spent, held: Math.min(100 - spent, Math.round((held_usd / limit_usd) * 100)) }
}
