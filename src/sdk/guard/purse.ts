import { ASK_TIMEOUT_MS, HOLD_WAIT_MS } from './guard-limits.ts'
import { randomId } from './random-id.ts'
import type { GuardClient } from '../../control/guard-client.ts'
import type { Answer, CallScopes, GuardRules, Hold } from '../../control/guard-messages.ts'
import type { SliceRecord } from '../../control/slice-journal.ts'
import type { Denial } from './denial-error.ts'
import type { JournalFile } from './journal-file.ts'

/** What one call may cost at most, held for it. */
export interface HeldAmount {
  readonly amount: number
  /** What the call cost; undefined: nobody knows, so all of it. The first time counts. */
  settle(actual: number | undefined): void
}

/** One call that wants to be paid. */
export interface Payment {
  readonly amount: number
  /** If there is not so much, this is enough. */
  readonly least?: number | undefined
  readonly scopes: CallScopes
  readonly model: string | undefined
  readonly trace: string | undefined
  readonly span: string | undefined
}

export interface PurseOptions {
  readonly client: Pick<GuardClient, 'ask' | 'tell' | 'isConnected'>
  /** Made when the first slice is there. Throws when it can't be. */
  readonly journal: () => Pick<JournalFile, 'open' | 'write' | 'close'>
}

/**
 * What this process may spend. Calls are paid out of slices, which the sidecar holds in its books: by integers in memory and one line of a journal. A call for which there
 * is no slice, or none large enough, is held for by itself.
 */
export class Purse {
  readonly #client: PurseOptions['client']
  readonly #journalOf: PurseOptions['journal']
  #journal: ReturnType<PurseOptions['journal']> | undefined
  readonly #slices = new Map<string, Slice>()
  /** One request for each slice at a time; others wait for it and try again. */
  readonly #drawing = new Map<string, Promise<Slice | Answer | undefined>>()
  #epoch: string | undefined

  constructor({ client, journal }: PurseOptions) {
    this.#client = client
    this.#journalOf = journal
  }

  /** Of each welcome. What was held under another epoch is held no more; and what is configured may be another now, or the window: slices go back. */
  set epoch(epoch: string) {
    const isSame = this.#epoch === undefined || this.#epoch === epoch
    this.#epoch = epoch
    for (const slice of this.#slices.values()) {
      if (isSame) this.#end(slice)
      else this.#drop(slice)
    }
  }

  /** Out of a slice that is there: synchronous, without a question. Undefined: it has to be asked for. Throws when it can't be written down. */
  take(payment: Payment, rules: GuardRules): HeldAmount | undefined {
    if (rules.sliceMin === 0) return undefined
    return this.#slices.get(keyOf(payment.scopes, rules))?.take(payment.amount)
  }

  async draw(payment: Payment, rules: GuardRules): Promise<HeldAmount | Denial> {
    const since = performance.now()
    if (rules.sliceMin > 0) {
      const held = await this.#fromNewSlice(payment, rules)
      if (held !== undefined) return 'isGranted' in held ? (this.#takeRest(payment, rules) ?? denialOf(held)) : held
    }
    const over = performance.now() - since
    const id = randomId()
    const answer = await this.#client.ask(
      {
        ...holdOf(id, payment),
        ...(payment.least === undefined ? {} : { least: payment.least }),
        waitMs: Math.max(0, Math.floor(HOLD_WAIT_MS - over)),
      },
      Math.max(ASK_TIMEOUT_MS, Math.ceil(HOLD_WAIT_MS + ASK_TIMEOUT_MS - over)),
    )
    if (!answer.isGranted) return this.#takeRest(payment, rules) ?? denialOf(answer)
    return new SingleHold(this.#client, id, Math.min(payment.amount, answer.amount ?? payment.amount))
  }

  /** What this process holds itself is the last that is left. */
  #takeRest({ scopes, amount, least }: Payment, rules: GuardRules): HeldAmount | undefined {
    const slice = this.#slices.get(keyOf(scopes, rules))
    if (slice === undefined || least === undefined || rules.sliceMin === 0 || slice.left < least) return undefined
    return slice.take(Math.min(slice.left, amount))
  }

  /**
   * Amounts that were spent since the last time are told; slices that nobody has used for a while go back. While the sidecar is away nothing goes back: a slice is all that calls can be
   * paid from until it is there again.
   */
  tell(): void {
    for (const slice of this.#slices.values()) {
      slice.tellSpent()
      slice.idleTells = slice.reserved === 0 ? slice.idleTells + 1 : 0
      if (slice.idleTells > IDLE_TELLS_MAX && this.#client.isConnected) this.#end(slice)
    }
  }

  get hasSlices(): boolean {
    return this.#slices.size > 0
  }

  /** The process ends: what nothing is under way for goes back. */
  close(): void {
    for (const slice of this.#slices.values()) this.#end(slice)
  }

  /** An answer: no sidecar is there to be asked again. */
  async #fromNewSlice(payment: Payment, rules: GuardRules): Promise<HeldAmount | Answer | undefined> {
    const key = keyOf(payment.scopes, rules)
    for (let round = 0; round < DRAWS_MAX; round++) {
      const under = this.#drawing.get(key)
      if (under === undefined) break
      const other = await under
      if (other !== undefined && !(other instanceof Slice)) return other
      const held = this.#slices.get(key)?.take(payment.amount)
      if (held !== undefined) return held
    }
    const drawn = this.#newSlice(key, payment, rules)
    this.#drawing.set(key, drawn)
    const drawnSlice = await drawn
    if (this.#drawing.get(key) === drawn) this.#drawing.delete(key)
    return drawnSlice instanceof Slice ? drawnSlice.take(payment.amount) : drawnSlice
  }

  async #newSlice(key: string, payment: Payment, rules: GuardRules): Promise<Slice | Answer | undefined> {
    const id = randomId()
    const amount = Math.max(rules.sliceMin, payment.amount * CALLS_OF_SLICE)
    const { model: _model, trace: _trace, span: _span, ...hold } = holdOf(id, { ...payment, amount })
    const answer = await this.#client.ask({ ...hold, slice: true }, ASK_TIMEOUT_MS)
    if (!answer.isGranted) return this.#client.isConnected ? undefined : answer
    const slice = new Slice(this.#client, id, answer.amount ?? amount, (record) => this.#journal?.write(record))
    try {
      this.#journal ??= this.#journalOf()
      if (!this.#journal.open(slice)) throw new RangeError('the journal is full')
    } catch {
      // A slice that can't be written down is not spent from: each call is held for by itself.
      this.#client.tell({ type: 'settle', id, spent: 0 })
      return undefined
    }
    const old = this.#slices.get(key)
    if (old !== undefined) this.#end(old)
    this.#slices.set(key, slice)
    return slice
  }

  #end(slice: Slice): void {
    for (const [key, one] of this.#slices) if (one === slice) this.#slices.delete(key)
    slice.end((id) => this.#journal?.close(id))
  }

  #drop(slice: Slice): void {
    for (const [key, one] of this.#slices) if (one === slice) this.#slices.delete(key)
    slice.drop()
    this.#journal?.close(slice.id)
  }
}

/** A slice goes back when it was idle for so many tells (one a second), well within what others wait for it (HOLD_WAIT_MS). An agent's tools run meanwhile. */
const IDLE_TELLS_MAX = 5
/** How often a call waits for a slice that another call draws before it draws itself. */
const DRAWS_MAX = 3
/** A slice is enough for so many calls like the one for which it is drawn. */
const CALLS_OF_SLICE = 4

const denialOf = (answer: Answer): Denial => ({
  ...answer,
  code: answer.code ?? 'GUARD_UNAVAILABLE',
  message: answer.message ?? '',
})

const holdOf = (id: string, { amount, scopes, model, trace, span }: Payment): Hold => ({
  type: 'hold',
  id,
  amount,
  scopes,
  ...(model === undefined ? {} : { model }),
  ...(trace === undefined ? {} : { trace }),
  ...(span === undefined ? {} : { span }),
})

const keyOf = (scopes: CallScopes, { budgetScopes }: GuardRules): string =>
  budgetScopes.map((scope) => scopes[scope] ?? '').join('\n')

class SingleHold implements HeldAmount {
  readonly amount: number
  readonly #client: PurseOptions['client']
  readonly #id: string
  #isSettled = false

  constructor(client: PurseOptions['client'], id: string, amount: number) {
    this.#client = client
    this.#id = id
    this.amount = amount
  }

  settle(actual: number | undefined): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { amount } = this
    this.#client.tell({
      type: 'settle',
      id: this.#id,
      ...(actual === undefined ? { spent: 0, unknown: amount } : { spent: actual }),
    })
  }
}

class Slice implements SliceRecord {
  readonly id: string
  readonly #amount: number
  readonly #client: PurseOptions['client']
  readonly #write: (record: SliceRecord) => void
  spent = 0
  unknown = 0
  reserved = 0
  /** How often it was told of since something was taken from it. */
  idleTells = 0
  #told = 0
  #step = 0
  #ended: ((id: string) => void) | undefined
  #isDropped = false

  constructor(client: PurseOptions['client'], id: string, amount: number, write: (record: SliceRecord) => void) {
    this.#client = client
    this.id = id
    this.#amount = amount
    this.#write = write
  }

  get left(): number {
    return this.#amount - this.spent - this.unknown - this.reserved
  }

  /** Undefined: there is not so much left, or it has ended meanwhile. */
  take(amount: number): HeldAmount | undefined {
    if (this.#ended !== undefined || this.#isDropped) return undefined
    if (amount > this.left) return undefined
    this.reserved += amount
    this.idleTells = 0
    try {
      this.#write(this)
    } catch (error) {
      this.reserved -= amount
      throw error
    }
    let isSettled = false
    return {
      amount,
      settle: (actual) => {
        if (isSettled) return
        isSettled = true
        this.#settle(amount, actual)
      },
    }
  }

  tellSpent(): void {
    const amount = this.spent - this.#told
    if (amount === 0 || this.#ended !== undefined) return
    this.#told = this.spent
    this.#step += 1
    this.#client.tell({ type: 'spend', id: this.id, step: this.#step, amount })
  }

  /** The sidecar's books have closed it: nothing is told of it any more. */
  drop(): void {
    this.#isDropped = true
  }

  /** It is not taken from any more, and goes back when the last call out of it has ended. */
  end(ended: (id: string) => void): void {
    this.#ended ??= ended
    if (this.reserved > 0) return
    const { id, unknown } = this
    this.#client.tell({ type: 'settle', id, spent: this.spent - this.#told, ...(unknown === 0 ? {} : { unknown }) })
    ended(id)
  }

  #settle(amount: number, actual: number | undefined): void {
    this.reserved -= amount
    if (actual === undefined) this.unknown += amount
    else this.spent += actual
    if (this.#isDropped) return
    if (this.#ended !== undefined) return this.end(this.#ended)
    try {
      this.#write(this)
    } catch {
      // The line that stands says more than is spent: nothing is given back too much.
    }
  }
}
