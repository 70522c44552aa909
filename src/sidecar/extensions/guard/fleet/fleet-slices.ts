import { usedOf, shortfall, sliceWanted, spareOf, startOf } from '../../../../ledger/fleet/fleet-account.ts'
import type { FleetSlice, SliceBook } from '../../../../ledger/fleet/slice-book.ts'
import type { AccountRef, Budget } from '../../../../ledger/budget.ts'
import type { Ledger } from '../../../../ledger/ledger.ts'
import type { NanoUsd } from '../../../../ledger/nano-usd.ts'
import type { ComponentContext } from '../../../component.ts'
import type { Bank, Changed, Renewal } from './bank.ts'
import type { BankView } from './bank-view.ts'
import { fleetDenial } from './fleet-denial.ts'
import type { FleetDenial } from './fleet-denial.ts'
import type { FleetConfig } from './fleet-config.ts'
import { isShared } from './fleet-config.ts'

/** Accounts whose state one renewal tells and asks; the others have their turn with the next one. */
const ACCOUNTS_OF_RENEWAL = 500
/** An account from which nobody has called for so long gives back what it has not used. */
const IDLE_MS = 60_000
/** Changes that are asked for again because the bank had seen their number. */
const TRIES_MAX = 3
/** While another sidecar needs it, what calls have given back goes on to the bank so often. */
const WANTED_LOOK_MS = 100

interface Drawing {
  readonly ref: AccountRef
  readonly starts: number
  isBusy: boolean
  /** What is missing for the largest call that was denied. */
  needed: NanoUsd
  /** The bank had too little, when it was asked last. */
  short: Changed | undefined
  usedAt: number
  /** Why the bank did not answer the last time. */
  failed: string | undefined
  /** When another sidecar needed it last. */
  wantedAt: number
}

export interface FleetSlicesOptions {
  readonly config: FleetConfig
  readonly book: SliceBook
  readonly ledger: Ledger
  readonly bank: Bank
  readonly view: BankView
  readonly context: Pick<ComponentContext, 'clock' | 'metrics'>
  budgets(): readonly Budget[]
  /** Something was drawn, or will not be: who waits is to ask again. */
  wake(): void
}

/**
 * Budgets of the fleet in this sidecar: what it has drawn of each is the cap of its own account, so the ledger and all in front of it work as they do for one sidecar. The sum of
 * what all sidecars have drawn is never more than the budget, whoever can reach whom.
 */
export class FleetSlices {
  readonly #options: FleetSlicesOptions
  readonly #drawings = new Map<string, Drawing>()
  /** What the bank was told of our own spend. */
  readonly #spentTold = new Map<string, NanoUsd>()
  /** What was drawn before is in use until then. */
  readonly #startedAt: number
  #turn = 0
  #cancelLook: (() => void) | undefined

  constructor(options: FleetSlicesOptions) {
    this.#options = options
    this.#startedAt = options.context.clock.monotonic()
  }

  /** With what was drawn in place of the caps of shared budgets. */
  capped(refs: readonly AccountRef[]): AccountRef[] {
    const { config, book, view } = this.#options
    return refs.map((ref) => {
      if (!isShared(config, ref.scope)) return ref
      // Before the bank was heard nobody knows which window it is.
      const drawn = view.now() === undefined ? 0 : (book.slice(ref.key)?.drawn ?? 0)
      return { ...ref, cap: Math.min(ref.cap, drawn) }
    })
  }

  /** The ledger has denied a call of `amount`; undefined when no budget of the fleet is short. `refs`: with their own caps. */
  denied(refs: readonly AccountRef[], amount: NanoUsd): FleetDenial | undefined {
    const { config, view, book, context } = this.#options
    let found: FleetDenial | undefined
    for (const ref of refs) {
      if (!isShared(config, ref.scope)) continue
      const missing = shortfall(this.#account(ref.key), book.slice(ref.key)?.drawn ?? 0, amount)
      if (missing === 0) continue
      const drawing = this.#drawing(ref)
      drawing.usedAt = context.clock.monotonic()
      const isKnownShort = drawing.short !== undefined && missing > ref.cap - drawing.short.total
      const code = amount > ref.cap ? 'exhausted' : isKnownShort ? this.#whyShort(ref, drawing, amount) : 'asking'
      const closed = view.closedFor(drawing.starts)
      const denial = fleetDenial(ref, amount, {
        code,
        away: view.away,
        closed,
        failed: drawing.failed,
        now: view.now() ?? 0,
      })
      // What can't be waited for counts before what can.
      if (found === undefined || found.code === 'BUDGET_HELD') found = denial
      // What is too little for a call here may be enough for one elsewhere. Behind the transaction that this is part of.
      if (isKnownShort) context.clock.after(0, () => void this.#give(ref.key))
      if (denial.code !== 'BUDGET_HELD' || isKnownShort || view.known() === undefined) continue
      drawing.needed = Math.max(drawing.needed, missing)
      void this.#draw(drawing)
    }
    return found
  }

  /** A call was let in: what is nearly used up is drawn before it is missed. */
  granted(refs: readonly AccountRef[]): void {
    const { config, book, context, view } = this.#options
    for (const ref of refs) {
      if (!isShared(config, ref.scope)) continue
      const drawing = this.#drawing(ref)
      drawing.usedAt = context.clock.monotonic()
      if (view.known() === undefined || view.closedFor(drawing.starts) !== undefined) continue
      const { drawn = 0, total = 0 } = book.slice(ref.key) ?? {}
      const half = (ref.cap * config.slice_percent) / 200
      const isPlenty = (ref.cap - total) / (4 * view.nodes) > half
      if (isPlenty && spareOf(this.#account(ref.key), drawn) < half) void this.#draw(drawing)
    }
  }

  /** Accounts to tell the bank about with this renewal. */
  told(): { readonly key: string; readonly spent: NanoUsd }[] {
    const now = this.#options.view.now() ?? 0
    const alive = this.#options.book.all().filter(({ ends }) => ends === 0 || ends > now)
    if (this.#turn >= alive.length) this.#turn = 0
    const part = alive.slice(this.#turn, this.#turn + ACCOUNTS_OF_RENEWAL)
    this.#turn += part.length
    return part.map(({ key }) => ({ key, spent: this.#tellSpent(key) }))
  }

  /** What the bank has said about the accounts in turn. */
  renewed(keys: readonly string[], { accounts, now }: Renewal): void {
    const { book, context } = this.#options
    for (const [i, { drawn, wantedAt }] of accounts.entries()) {
      const slice = book.slice(keys[i] ?? '')
      if (slice === undefined) continue
      if (slice.total !== drawn) book.put({ ...slice, total: drawn })
      const drawing = this.#drawings.get(slice.key)
      const idleMs = context.clock.monotonic() - (drawing?.usedAt ?? this.#startedAt)
      const used = usedOf(this.#account(slice.key))
      const isToGo = drawing?.short === undefined && (idleMs > IDLE_MS || now - wantedAt < IDLE_MS)
      if (used > slice.drawn || isToGo) void this.#give(slice.key)
      if (slice.ends > 0 && now > slice.ends + IDLE_MS) this.#forget(slice.key)
    }
    for (const slice of book.all()) if (slice.ends > 0 && now > slice.ends + IDLE_MS) this.#forget(slice.key)
    this.roomIn()
  }

  /** Some was given back in the bank: who is short asks again. */
  roomIn(key?: string): void {
    let isAny = false
    for (const drawing of this.#drawings.values()) {
      if (drawing.short === undefined || (key !== undefined && drawing.ref.key !== key)) continue
      drawing.short = undefined
      isAny = true
    }
    if (isAny) this.#options.wake()
  }

  /** A sidecar needs it: what is not used goes back, now and when calls end. */
  wantedBack(key: string): void {
    const drawing = this.#drawings.get(key)
    if (drawing !== undefined) drawing.wantedAt = this.#options.context.clock.monotonic()
    void this.#give(key)
    this.#cancelLook ??= this.#lookSoon()
  }

  end(): void {
    this.#cancelLook?.()
  }

  #lookSoon(): () => void {
    const { clock } = this.#options.context
    return clock.after(WANTED_LOOK_MS, () => {
      const wanted = [...this.#drawings].filter(([, { wantedAt }]) => clock.monotonic() - wantedAt < IDLE_MS)
      for (const [key] of wanted) void this.#give(key)
      this.#cancelLook = wanted.length === 0 ? undefined : this.#lookSoon()
    })
  }

  /** The sidecar stops: all that nothing is under way for goes back. */
  async giveAll(): Promise<void> {
    await Promise.all(this.#options.book.all().map(({ key }) => this.#give(key)))
  }

  /** For a bank that does not know them: of windows that are not over. */
  registered(now: number): FleetSlice[] {
    const { book } = this.#options
    return book
      .all()
      .filter(({ ends }) => ends === 0 || ends > now)
      .map((slice) => {
        const own = { ...slice, drawn: Math.max(slice.drawn, usedOf(this.#account(slice.key))) }
        if (own.drawn !== slice.drawn) book.put(own)
        return own
      })
  }

  spentOf(key: string): NanoUsd {
    return this.#account(key).committed
  }

  #tellSpent(key: string): NanoUsd {
    const { committed } = this.#account(key)
    this.#spentTold.set(key, committed)
    return committed
  }

  #whyShort(ref: AccountRef, { short }: Drawing, amount: NanoUsd): 'exhausted' | 'held' {
    const others = (short?.spent ?? 0) - (this.#spentTold.get(ref.key) ?? 0)
    return others + this.#account(ref.key).committed + amount > ref.cap ? 'exhausted' : 'held'
  }

  async #draw(drawing: Drawing): Promise<void> {
    const { view, context } = this.#options
    if (drawing.isBusy) return
    drawing.isBusy = true
    let changed: Changed | undefined
    try {
      for (let i = 0; i < TRIES_MAX && (changed === undefined || changed.code === 'SEEN'); i++)
        changed = await this.#drawOnce(drawing)
      if (changed?.code === 'SHORT') drawing.short = changed
      drawing.failed = undefined
    } catch (error) {
      drawing.failed = error instanceof Error ? error.message : 'Redis failed'
      // Told by the link, which knows why; what was drawn all the same is found with the next change.
      this.#count('away')
    } finally {
      drawing.isBusy = false
      drawing.needed = 0
    }
    if (changed?.code === 'LOST') view.lost()
    if (changed?.code === 'TAKEN') view.taken()
    // In a turn of its own: who waits may ask for the next one at once.
    context.clock.after(0, () => this.#options.wake())
  }

  async #drawOnce({ ref, starts, needed }: Drawing): Promise<Changed | undefined> {
    const { bank, book, view, config } = this.#options
    const known = view.known()
    if (known === undefined) return undefined
    const { registrations } = view
    const slice = this.#slice(ref, starts)
    const seq = slice.seq + 1
    const changed = await bank.draw(known, {
      key: ref.key,
      seq,
      cap: ref.cap,
      starts,
      ends: slice.ends,
      asked: needed,
      wanted: sliceWanted(ref.cap, config.slice_percent / 100, needed),
      nodes: view.nodes,
    })
    if (registrations !== view.registrations || changed.code === 'LOST' || changed.code === 'TAKEN') return changed
    view.heard(changed.ops, changed.now)
    this.#count(changed.code.toLowerCase())
    if (changed.code === 'WINDOW') return changed
    const drawn = changed.code === 'SEEN' ? slice.drawn : changed.drawn
    book.put({ ...slice, drawn, cap: ref.cap, total: changed.total, seq: Math.max(seq, changed.seq) })
    return changed
  }

  /** What is not used, and what was spent. Nothing while a draw is under way: its answer says how much there is. */
  async #give(key: string): Promise<void> {
    const { bank, book, view, wake } = this.#options
    const [known, slice, drawing] = [view.known(), book.slice(key), this.#drawings.get(key)]
    if (known === undefined || slice === undefined || drawing?.isBusy === true) return
    const account = this.#account(key)
    const amount = slice.drawn - usedOf(account)
    if (amount === 0 && account.committed === this.#spentTold.get(key)) return
    if (drawing !== undefined) drawing.isBusy = true
    // First it is no longer ours, on disk; then it is the bank's.
    const seq = slice.seq + 1
    const { registrations } = view
    book.put({ ...slice, drawn: slice.drawn - amount, seq })
    try {
      const changed = await bank.give(known, { key, seq, amount, spent: this.#tellSpent(key) })
      if (changed.code === 'LOST') view.lost()
      if (changed.code === 'TAKEN') view.taken()
      const now = book.slice(key)
      if (now === undefined || registrations !== view.registrations) return
      if (changed.code === 'OK') book.put({ ...now, total: changed.total, seq: Math.max(now.seq, changed.seq) })
      if (changed.code === 'SEEN') book.put({ ...now, seq: Math.max(now.seq, changed.seq) })
    } catch {
      this.#count('away')
    } finally {
      if (drawing !== undefined) drawing.isBusy = false
    }
    // Who had to wait for this asks again.
    if (drawing !== undefined && drawing.needed > 0) wake()
  }

  #forget(key: string): void {
    this.#options.book.forget(key)
    this.#drawings.delete(key)
    this.#spentTold.delete(key)
  }

  #slice({ key, cap, endsAt, window }: AccountRef, starts: number): FleetSlice {
    const known = this.#options.book.slice(key)
    return known ?? { key, drawn: 0, seq: 0, cap, total: 0, starts, ends: window === 'run' ? 0 : endsAt }
  }

  #drawing(ref: AccountRef): Drawing {
    const known = this.#drawings.get(ref.key)
    if (known !== undefined) return known
    const zone = this.#options.budgets().find(({ name }) => name === ref.budget)?.timeZone
    const made = {
      ref,
      starts: startOf(ref, zone),
      isBusy: false,
      needed: 0,
      short: undefined,
      usedAt: 0,
      failed: undefined,
      wantedAt: -IDLE_MS,
    }
    this.#drawings.set(ref.key, made)
    return made
  }

  #account(key: string): { readonly committed: NanoUsd; readonly held: NanoUsd } {
    return this.#options.ledger.account(key) ?? NOTHING
  }

  #count(result: string): void {
    this.#options.context.metrics
      .counter('agent_fleet_draws_total', 'Slices of budgets that were asked for in the bank of the fleet.', { result })
      .add(1)
  }
}

const NOTHING = { committed: 0, held: 0 }
