import type { Bill } from './model-bank.ts'
import type { BookedAccount, BookedHolds } from './read-ledger.ts'

/** A window as the judge saw it, in ms of the host. */
export interface SeenWindow {
  readonly index: number
  /** Nothing was done to anybody in it. */
  readonly isCalm: boolean
  /** From when on the sidecar's clock was in it. */
  readonly inForceMs: number
  /** When the clock was told to go on. */
  turnedAtMs: number
  /** Share of the fleet's cap that was booked. */
  used: number
}

export interface Evidence {
  readonly bills: readonly Bill[]
  readonly windows: readonly SeenWindow[]
  /** In nano-USD, for each window: `fleet` for all, `agents` for each agent. */
  readonly caps: Readonly<Record<string, number>>
  readonly postsMax: number
  readonly usedShare: number
  readonly ledger: { readonly accounts: readonly BookedAccount[]; readonly holds: BookedHolds }
  readonly openHolds: number
  readonly overCap: readonly string[]
  /** What the guard says of itself. */
  readonly faults: readonly string[]
}

export interface Verdict {
  readonly violations: readonly string[]
  /** For people. */
  readonly lines: readonly string[]
}

/** A slice that was drawn at the end of a window is given up so soon in the next one; calls that began before count in either. */
const TURN_MS = 2_000

/** Whether the limits held, by the books of the model server. */
export function verdictOf({
  bills,
  windows,
  caps,
  postsMax,
  usedShare,
  ledger,
  openHolds,
  overCap,
  faults,
}: Evidence): Verdict {
  const violations = [...[...new Set(overCap)].map((line) => `over the cap in the ledger: ${line}`), ...faults]
  const models = bills.filter(({ what }) => what === 'model')
  const agents = [...new Set(bills.map(({ agent }) => agent))].toSorted()
  const scopes = [
    { budget: 'fleet', value: 'fleet', isIn: () => true },
    ...agents.map((agent) => ({ budget: 'agents', value: agent, isIn: (bill: Bill) => bill.agent === agent })),
  ]
  const lines: string[] = []
  for (const { budget, value, isIn } of scopes) {
    const cap = caps[budget] ?? 0
    const own = models.filter(isIn)
    const found = capViolations(`${value}, billed in nano-USD`, own, windows, cap, ({ nanoUsd }) => nanoUsd)
    const committed = ledger.accounts
      .filter((one) => one.budget === budget && one.value === value)
      .reduce((sum, one) => sum + one.committed, 0)
    const billed = sumOf(own)
    if (billed > committed) violations.push(`${value}: ${billed} nano-USD were billed, ${committed} are booked`)
    violations.push(...found)
    lines.push(`${value}: billed ${usd(billed)} USD, booked ${usd(committed)} USD, cap ${usd(cap)} USD a window`)
  }
  for (const agent of agents) {
    const posts = bills.filter((bill) => bill.what === 'post' && bill.agent === agent)
    violations.push(...capViolations(`${agent}, posts`, posts, windows, postsMax, () => 1))
    lines.push(`${agent}: ${posts.length} posts, ${postsMax} a window`)
  }
  for (const { index, isCalm, used, inForceMs, turnedAtMs } of windows) {
    if (used < usedShare) violations.push(`window ${index}: only ${(used * 100).toFixed(1)} % of the cap were used`)
    const cap = caps['fleet'] ?? 0
    const billed = sumOf(models.filter((bill) => bill.receivedMs >= inForceMs && bill.receivedMs < turnedAtMs)) / cap
    if (isCalm && billed < usedShare)
      violations.push(`window ${index}, calm: only ${(billed * 100).toFixed(1)} % of the cap were billed`)
    lines.push(`window ${index}${isCalm ? ' (calm)' : ''}: ${(billed * 100).toFixed(2)} % of the fleet's cap billed`)
  }
  for (const { budget, value, window, cap, committed, held } of ledger.accounts) {
    if (committed + held > cap)
      violations.push(`the ledger's ${budget} ${value} ${window}: ${committed} + ${held} > ${cap}`)
    if (held !== 0) violations.push(`the ledger's ${budget} ${value} ${window}: ${held} nano-USD are held for ever`)
  }
  if (openHolds !== 0 || ledger.holds.open !== 0)
    violations.push(`${openHolds} holds are left open (${ledger.holds.open} in the file)`)
  if (models.length === 0) violations.push('no call was made')
  const fates = Map.groupBy(models, ({ fate }) => fate)
  lines.push(
    `${models.length} requests billed (${[...fates].map(([fate, { length }]) => `${length} ${fate}`).join(', ')}); ` +
      `holds: ${ledger.holds.settled} settled, ${ledger.holds.suspense} in suspense`,
  )
  return { violations, lines }
}

/**
 * Exactly, where a call belongs to one window beyond doubt: all until a turn never exceed the caps of the windows until then, and those that began behind a turn never
 * that of their own.
 */
function capViolations(
  what: string,
  bills: readonly Bill[],
  windows: readonly SeenWindow[],
  cap: number,
  amountOf: (bill: Bill) => number,
): string[] {
  const total = (of: readonly Bill[]): number => of.reduce((sum, bill) => sum + amountOf(bill), 0)
  return windows.flatMap(({ index, inForceMs, turnedAtMs }) => {
    const all = total(bills.filter(({ receivedMs }) => receivedMs < turnedAtMs))
    const from = index === 0 ? 0 : inForceMs + TURN_MS
    const own = total(bills.filter(({ begunMs, receivedMs }) => begunMs >= from && receivedMs < turnedAtMs))
    return [
      ...(all > (index + 1) * cap ? [`${what}: ${all} until window ${index} ended, of ${index + 1} × ${cap}`] : []),
      ...(own > cap ? [`${what}: ${own} in window ${index}, of ${cap}`] : []),
    ]
  })
}

const sumOf = (bills: readonly Bill[]): number => bills.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0)
const usd = (nano: number): string => (nano / 1e9).toFixed(4)
