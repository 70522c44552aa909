import type { OwnMetrics } from '../../component.ts'
import type { GuardHost } from './guard-host.ts'

/** How many calls wait for a person, and how long the first of them has. What became of them is counted where it happens. */
export function addApprovalMetrics(host: GuardHost, metrics: OwnMetrics): void {
  metrics.gauge(
    'agent_guard_approvals_pending',
    'Calls that wait for a person.',
    {},
    () => host.books?.approvals.size ?? 0,
  )
  metrics.gauge(
    'agent_guard_approval_oldest_wait_seconds',
    'How long the call that has waited longest has, 0 when none waits.',
    {},
    () => (host.books?.approvals.oldestMs ?? 0) / 1000,
  )
}
