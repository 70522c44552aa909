import type { HealthReason, QueueFigures } from '../health.ts'
import type { LogEntry } from '../log.ts'
import type { MetricsSnapshot } from '../own-metrics.ts'
import type { Reloaded } from '../reloader.ts'

/** What the first process asks of a worker. */
export type Request = { readonly ask: 'metrics' | 'reload'; readonly number: number } | { readonly ask: 'stop' }

/** What a worker says. */
export type Report =
  | { readonly say: 'ready'; readonly listening: Readonly<Record<string, string>> }
  | { readonly say: 'metrics'; readonly number: number; readonly metrics: MetricsSnapshot }
  | { readonly say: 'reload'; readonly number: number; readonly reloaded: Reloaded }
  | { readonly say: 'health'; readonly reasons: readonly HealthReason[]; readonly queues: readonly QueueFigures[] }
  | { readonly say: 'log'; readonly entry: LogEntry }

export const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && 'ask' in value
export const isReport = (value: unknown): value is Report =>
  typeof value === 'object' && value !== null && 'say' in value

/** The variable that tells a worker which one it is, from 1. */
export const WORKER_VARIABLE = 'SPANWARDEN_WORKER'
/** The socket pair between a worker and the first process, behind stdin, stdout, stderr and the channel of messages. */
export const LINK_FD = 4
