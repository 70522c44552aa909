import type { Account } from '../account.ts'
import type { AccountRef } from '../budget.ts'
import type { NanoUsd } from '../nano-usd.ts'
import { windowAt } from '../windows.ts'
import type { TimeZone, WindowKind } from '../windows.ts'

/** Part of a cap that a sidecar draws at once. */
export const SLICE_SHARE_DEFAULT = 0.01

/** What has been spent, or is held, of what was drawn. */
export const usedOf = ({ committed, held }: Pick<Account, 'committed' | 'held'>): NanoUsd => committed + held

/** By how much a call of `amount` does not fit into what was drawn; 0 when it fits. */
export const shortfall = (account: Pick<Account, 'committed' | 'held'>, drawn: NanoUsd, amount: NanoUsd): NanoUsd =>
  Math.max(0, usedOf(account) + amount - drawn)

/** What is not needed now and may go back to the bank. */
export const spareOf = (account: Pick<Account, 'committed' | 'held'>, drawn: NanoUsd): NanoUsd =>
  Math.max(0, drawn - usedOf(account))

/** A slice: a share of the cap, or what is asked for four times over when that is more. The bank gives less near the end. */
export const sliceWanted = (cap: NanoUsd, share: number, asked: NanoUsd): NanoUsd =>
  Math.min(cap, Math.max(Math.floor(cap * share), asked * 4))

/** When the window of an account began, in Unix ms; 0 for one without an end. */
export function startOf({ window, endsAt }: Pick<AccountRef, 'window' | 'endsAt'>, zone: TimeZone | undefined): number {
  if (window === 'run') return 0
  const kind: WindowKind = window.endsWith('Z') ? 'hour' : 'day'
  if (kind === 'hour') return endsAt - 3_600_000
  // The day before ends where this one begins.
  for (let before = endsAt - 1; ; before -= 3_600_000) {
    const { id, endsAt: end } = windowAt('day', before, zone)
    if (id !== window) return end
  }
}
