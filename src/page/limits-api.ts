/** The parts of GET /api/guard and GET /api/guard/suspense that are shown. */
export interface Limits {
  readonly mode: string
  readonly budgets: readonly BudgetState[]
  readonly processes: readonly ProcessState[]
  /** The tightest first. */
  readonly rates: readonly RateState[]
  /** Newest first. */
  readonly denials: readonly Denial[]
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

export interface RateState {
  readonly name: string
  readonly scope: string
  /** Empty: nobody has used it. */
  readonly value: string
  readonly tool: string | null
  readonly class: string | null
  readonly kind: 'window' | 'day' | 'concurrent' | 'quiet'
  readonly window_ms: number | null
  readonly time_zone: string | null
  readonly used: number
  readonly limit: number
  /** The whole fleet has it together; `used` is what this sidecar has let in. */
  readonly of_fleet: boolean
}
export interface Denial {
  readonly at: string
  readonly agent: string
  /** Tool or model. */
  readonly what: string
  readonly code: string
  readonly rule: string
  readonly mode: string
  readonly times: number
}

/** Undefined where the sidecar does not answer. */
export async function fetchLimits(): Promise<Limits | undefined> {
  const [guard, suspense] = await Promise.all(
    ['/api/guard', '/api/guard/suspense'].map((path) => fetch(path, { headers: { accept: 'application/json' } })),
  )
  if (guard?.ok !== true || suspense?.ok !== true) return undefined
  const { mode, budgets, processes, rates, denials }: Limits = await guard.json()
  const { total }: { total: number } = await suspense.json()
  return { mode, budgets, processes, rates, denials, suspended: total }
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

/** `3 of 10 calls of post_message in the last hour`. */
export function rateText({ tool, class: ofClass, kind, window_ms, time_zone, used, limit }: RateState): string {
  const calls = tool === null ? (ofClass === null ? 'tool calls' : `${ofClass} calls`) : `calls of ${tool}`
  switch (kind) {
    case 'window':
      return `${used} of ${limit} ${calls} in the last ${windowText(window_ms ?? 0)}`
    case 'day':
      return `${used} of ${limit} ${calls} today (${time_zone})`
    case 'concurrent':
      return `${used} of ${limit} ${calls} under way`
    case 'quiet':
      return `${calls}: ${used === 0 ? 'no quiet hours now' : 'quiet hours, none is let through'}`
  }
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

function windowText(ms: number): string {
  const [name, unitMs] = UNITS.find(([, unit]) => ms % unit === 0) ?? ['ms', 1]
  return ms === unitMs ? name : `${ms / unitMs} ${name}${unitMs === 1 ? '' : 's'}`
}
