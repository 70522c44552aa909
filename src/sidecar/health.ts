/** What the sidecar says of itself under /health. */
export interface Health {
  readonly program: string
  readonly version: string
  /** `degraded`: something is not well, and taking traffic away would not mend it. `unready`: it would (`service.health.unready_on`). */
  readonly status: 'starting' | 'ok' | 'degraded' | 'unready' | 'draining' | 'stopped'
  /** Why it is not `ok`. */
  readonly reasons: readonly HealthReason[]
  readonly pid: number
  readonly uptime_s: number
  /** Name of the protocol to URL. */
  readonly listening: Readonly<Record<string, string>>
  readonly components: readonly ComponentHealth[]
  readonly config: ConfigHealth
}

/** What is so or not. */
export const STATE_CODES = [
  'starting',
  'draining',
  'stopped',
  'queue_full',
  'queue_disk',
  'exporter_failing',
  'reload_failed',
  'worker_down',
  'extension_failing',
  'guard_closed',
  'fleet_unavailable',
] as const
/** What is beyond a threshold, and was for `service.health.bad_after`. */
export const MEASURED_CODES = [
  'success_share',
  'runs_failing',
  'latency_p99',
  'agent_silent',
  'agents_refused',
  'queue_age',
  'export_lag',
  'disk_space',
  'state_folder',
] as const

/** For machines: `code` is one of a few words, `message` says it in a sentence. */
export interface HealthReason {
  readonly code: (typeof STATE_CODES)[number] | (typeof MEASURED_CODES)[number]
  /** Id of the component, where it is one's. */
  readonly component?: string
  /** Of an agent: its service's name. */
  readonly agent?: string
  readonly message: string
  /** What was measured, and the threshold: a share, seconds, bytes. */
  readonly value?: number
  readonly threshold?: number
  /** RFC 3339. */
  readonly since?: string
}

export interface ComponentHealth {
  readonly id: string
  readonly kind: string
  readonly status: 'ok' | 'degraded'
  /** Of exporters: what waits. */
  readonly queued_items?: number
  readonly reason?: string
}

/** Of what stands before an exporter, for one signal. */
export interface QueueFigures {
  readonly exporterId: string
  readonly itemsHeld: number
  readonly trouble?: QueueTrouble | undefined
}
export type QueueTrouble = 'its queue is full' | 'its disk takes nothing' | 'its backend does not answer or refuses'

/** Which configuration runs. */
export interface ConfigHealth {
  /** The beginning of the SHA-256 of what it came to, secrets left out. */
  readonly hash: string
  readonly loaded_at: string
  /** Of the last attempt to load another, when it failed. */
  readonly problem?: { readonly message: string; readonly at: string }
}
