/**
 * How many spans one stands for, by the rejection threshold in its tracestate (`ot=th:…`; opentelemetry.io, "TraceState: Probability Sampling"). A fraction is
 * rounded up or down by chance, so that sums are right.
 */
export function adjustedCount(traceState: string, random: () => number): { count: number; isAdjusted: boolean } {
  const threshold = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,]|\s*$)/.exec(traceState)?.[1]
  if (threshold === undefined) return { count: 1, isAdjusted: false }
  const rejected = Number.parseInt(threshold.padEnd(14, '0'), 16) / 2 ** 56
  const exact = Math.min(1 / (1 - rejected), COUNT_MAX)
  const whole = Math.floor(exact)
  return { count: whole + (random() < exact - whole ? 1 : 0), isAdjusted: true }
}

/** One span does not stand for more: a hostile tracestate must not spoil the sum. */
const COUNT_MAX = 1e6
