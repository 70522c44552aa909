import { NANO_PER_USD } from '../../../../ledger/nano-usd.ts'
import type { ComponentContext } from '../../../component.ts'
import type { GuardHost } from '../guard-host.ts'
import type { GuardSettings } from '../guard-settings.ts'
import { isShared } from './fleet-config.ts'

/** Gauges of a fleet. Of a budget with many accounts they show the one of which the fleet has drawn most. */
export function addFleetMetrics(host: GuardHost, settings: GuardSettings, { metrics }: ComponentContext): void {
  const { fleet: config } = settings
  if (config === undefined) return
  const fleet = () => host.books?.fleet
  const connected = (): number => {
    const own = fleet()
    return own !== undefined && own.away === undefined ? 1 : 0
  }
  metrics.gauge('agent_fleet_connected', '1 when the bank of the fleet answers.', {}, connected)
  metrics.gauge('agent_fleet_nodes', 'Sidecars of the fleet.', {}, () => fleet()?.nodes ?? 0)
  metrics.gauge('agent_fleet_bank_open', '0 while the bank waits for sidecars behind a loss.', {}, () => {
    const own = fleet()
    return own !== undefined && own.closedFor(0) === undefined ? 1 : 0
  })
  for (const { name, scope } of settings.budgets) {
    if (!isShared(config, scope)) continue
    const most = () =>
      (fleet()?.state.drawn ?? [])
        .filter(({ key }) => key.startsWith(`${encodeURIComponent(name)}/`))
        .reduce((a, b) => (b.total > a.total ? b : a), { drawn: 0, total: 0 })
    const labels = { budget: name, scope }
    metrics.gauge('agent_fleet_drawn_usd', 'Drawn by this sidecar.', labels, () => most().drawn / NANO_PER_USD)
    metrics.gauge(
      'agent_fleet_drawn_by_all_usd',
      'Drawn by all, as heard last.',
      labels,
      () => most().total / NANO_PER_USD,
    )
  }
}
