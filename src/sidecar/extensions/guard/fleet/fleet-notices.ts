import type { Notice } from '../../../component.ts'
import type { GuardConfig } from '../guard-config.ts'
import { isShared } from './fleet-config.ts'

/** What a fleet does not share, though its scope is shared. */
export function fleetNotices({ fleet, rates, mode }: Pick<GuardConfig, 'fleet' | 'rates' | 'mode'>): Notice[] {
  if (fleet === undefined) return []
  const notices: Notice[] = []
  for (const [name, { scope, concurrent, quiet }] of Object.entries(rates)) {
    if (!isShared(fleet, scope)) continue
    if (concurrent !== undefined) {
      const message = `each sidecar counts calls at the same time by itself: in a fleet of three that is up to ${3 * concurrent}, not ${concurrent}`
      notices.push({ path: ['rates', name, 'concurrent'], message })
    }
    if (quiet !== undefined)
      notices.push({ path: ['rates', name, 'quiet'], message: 'each sidecar takes the time of its own host for this' })
  }
  if (mode === 'shadow')
    notices.push({ path: ['mode'], message: 'each sidecar counts by itself what it would have denied: add them up' })
  return notices
}
