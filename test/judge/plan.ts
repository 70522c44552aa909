import { Random } from '../fuzz/random.ts'

/** What is done to the system under the judge's eyes. */
export type Blow =
  | { readonly what: 'kill agent' | 'end agent'; readonly agent: number; readonly downMs: number }
  | { readonly what: 'freeze agent'; readonly agent: number; readonly forMs: number }
  | { readonly what: 'kill sidecar' | 'end sidecar'; readonly sidecar: number; readonly downMs: number }
  | { readonly what: 'step clock'; readonly byMs: number; readonly forMs: number }
  | { readonly what: 'cut network' }
  | { readonly what: 'model outage'; readonly status: number; readonly forMs: number }
  | { readonly what: 'store outage'; readonly how: StoreOutage; readonly forMs: number }

/** It hangs, it is gone, or it is gone and has forgotten everything when it is back. */
export type StoreOutage = 'hangs' | 'gone' | 'forgets'

export type PlannedBlow = Blow & {
  /** Since the window began. */
  readonly atMs: number
}

export interface PlanOptions {
  readonly seed: number
  readonly windows: number
  readonly agents: number
  /** Of one window; blows come in it. */
  readonly windowMs: number
  /** Of agents: one that is frozen for longer wakes up without one. */
  readonly leaseMs: number
  /** More than one are a fleet with a common store (Redis), which can be taken away. */
  readonly sidecars: number
  /** Nothing is done to anybody in the first window: it shows what the limits cost when nothing goes wrong. */
  readonly beginsCalm: boolean
}

/** The blows of each window, from a seed. A sidecar is killed in each, and at most once, so that a window is always used up in the end. */
export function planOf({
  seed,
  windows,
  agents,
  windowMs,
  leaseMs,
  sidecars,
  beginsCalm,
}: PlanOptions): PlannedBlow[][] {
  const random = new Random(seed, 4711)
  return Array.from({ length: windows }, (_, window) => {
    if (window === 0 && beginsCalm) return []
    const blows = Array.from({ length: 3 + random.below(4) }, () => blow())
    blows.push({
      what: random.chance(0.7) ? 'kill sidecar' : 'end sidecar',
      sidecar: random.below(sidecars),
      downMs: random.below(2 * leaseMs),
    })
    if (sidecars > 1) {
      const how = random.pick<StoreOutage>(['hangs', 'gone', 'forgets'])
      blows.push({ what: 'store outage', how, forMs: random.below(windowMs / 2) })
    }
    return blows
      .map((one): PlannedBlow => ({ ...one, atMs: random.below(windowMs) }))
      .toSorted((a, b) => a.atMs - b.atMs)
  })

  function blow(): Blow {
    const agent = random.below(agents)
    switch (random.below(8)) {
      case 0:
      case 1:
        return { what: 'kill agent', agent, downMs: random.below(1_500) }
      case 2:
        return { what: 'end agent', agent, downMs: random.below(1_500) }
      case 3:
        // Now and then until its holds were taken for spent.
        return { what: 'freeze agent', agent, forMs: random.chance(0.5) ? 500 : leaseMs + 8_000 }
      case 4:
        return { what: 'step clock', byMs: random.pick([30_000, -30_000, -120_000]), forMs: 500 + random.below(1_000) }
      case 5:
      case 6:
        return { what: 'cut network' }
      default:
        return { what: 'model outage', status: random.pick([429, 500, 503, 529]), forMs: random.below(1_500) }
    }
  }
}

/** One line a blow, for people. */
export const blowText = ({ atMs, what, ...rest }: PlannedBlow): string =>
  `${(atMs / 1000).toFixed(2)} s ${what} ${JSON.stringify(rest)}`
