import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { OwnMetricsRegistry } from './own-metrics.ts'

/** What a busy loop shows does not depend on it; each look wakes an idle sidecar, which at 20 ms was three quarters of its time at the processor. */
const RESOLUTION_MS = 100
/** What the monitor of an idle loop shows by itself. */
const OWN_DELAY_S = RESOLUTION_MS / 1000

/** How late the event loop is: while it is at one batch, all others wait. Since the scrape before; the returned function ends it. */
export function addLoopLag(metrics: OwnMetricsRegistry): () => void {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  monitor.enable()
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - OWN_DELAY_S)
  const gauge = (which: string, text: string, read: () => number): void =>
    metrics.gauge(`spanwarden_event_loop_lag_${which}_seconds`, `${text} since the last scrape.`, {}, read)
  gauge('p50', 'How late the event loop was, the median', () => seconds(monitor.percentile(50)))
  gauge('p99', 'How late the event loop was, 99 of 100 times less,', () => seconds(monitor.percentile(99)))
  gauge('max', 'How late the event loop was at most', () => {
    const longest = seconds(monitor.max)
    // Read last: the next scrape sees what comes after this one.
    monitor.reset()
    return longest
  })
  return () => monitor.disable()
}
