import type { OwnMetricsRegistry } from './own-metrics.ts'

/** What the stock collector reports of its process, under the same names. */
export function addProcessMetrics(metrics: OwnMetricsRegistry): void {
  const gauge = (name: string, description: string, read: () => number): void =>
    metrics.gauge(name, description, {}, read)
  metrics.observedCounter('otelcol_process_cpu_seconds', 'CPU time of user and system, in seconds.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  metrics.observedCounter('otelcol_process_uptime', 'Seconds since the start.', () => process.uptime())
  gauge('otelcol_process_memory_rss', 'Resident memory in bytes.', () => process.memoryUsage.rss())
  gauge('otelcol_process_runtime_heap_alloc_bytes', 'Heap in use, in bytes.', () => process.memoryUsage().heapUsed)
  gauge('otelcol_process_runtime_total_sys_memory_bytes', 'Memory taken from the system for heap and buffers.', () => {
    const { heapTotal, external } = process.memoryUsage()
    return heapTotal + external
  })
}
