import type { Admit, Hello, Hold } from '../../../control/guard-messages.ts'
import { stopDenial } from '../../../control/stop-denial.ts'
import { leftIn } from '../../../ledger/account.ts'
import { accountsOf } from '../../../ledger/budget.ts'
import type { AccountRef } from '../../../ledger/budget.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import type { NanoUsd } from '../../../ledger/nano-usd.ts'
import type { RateBook, RateRequest, RateResult } from '../../../ledger/rate-book.ts'
import type { DenialCode } from '../../../limits/denial-code.ts'
import { rateRefsOf } from '../../../limits/rates/rate-limit.ts'
import type { ComponentContext } from '../../component.ts'
import { callKey } from './call-key.ts'
import { denialMessage, rateMessage } from './denial-message.ts'
import type { Fleet } from './fleet/fleet.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { Denied } from './recent-denials.ts'
import { sliceAmount } from './slice-amount.ts'
import type { Stops } from './stops.ts'

/** Accounts without an end (of runs) are kept so long behind the last hold in one. */
const RUN_KEPT_MS = 7 * 86_400_000

export type Decision =
  | {
      readonly isGranted: true
      readonly amount?: NanoUsd
      /** In shadow mode: the rule, or the code, that would have denied it. */
      readonly wouldDeny?: string
    }
  | {
      readonly isGranted: false
      readonly code: DenialCode
      readonly rule?: string
      readonly message?: string
      readonly retryAfterMs?: number
      /** Of the account in the way. */
      readonly key?: string
    }

export interface DecisionsOptions {
  readonly settings: GuardSettings
  readonly ledger: Ledger
  readonly rates: RateBook
  readonly stops: Stops
  readonly context: Pick<ComponentContext, 'clock'>
  /** Undefined: this sidecar is by itself. */
  readonly fleet?: Pick<Fleet, 'now' | 'slices'> | undefined
  /** A denial that shadow mode does not carry out. */
  count(denied: Denied): void
}

/** What the books say to one question. */
export class Decisions {
  readonly #options: DecisionsOptions
  settings: GuardSettings

  constructor(options: DecisionsOptions) {
    this.#options = options
    this.settings = options.settings
  }

  /** Of the budgets that a call is in, for now. */
  accounts(hello: Hello, { scopes }: Hold): AccountRef[] {
    const now = this.#options.fleet?.now() ?? this.#options.context.clock.now()
    const values = { ...scopes, tenant: scopes.tenant ?? hello.tenant }
    return accountsOf(this.settings.budgets, values, now).map((ref) =>
      ref.endsAt === 0 ? { ...ref, endsAt: now + RUN_KEPT_MS } : ref,
    )
  }

  /** Holds what is asked for, or not; to be called inside of a transaction. `openSlices`: of all processes. */
  hold(hello: Hello, message: Hold, own: readonly AccountRef[], openSlices: number): Decision {
    const { ledger, stops, fleet } = this.#options
    // In a fleet the ledger has what was drawn of a budget.
    const refs = fleet?.slices.capped(own) ?? own
    const { id, scopes, model = '', trace = '', span = '' } = message
    const known = ledger.find(id)
    if (known !== undefined && known.process === hello.process && known.state === 'open')
      return { isGranted: true, amount: known.amount }
    if (known !== undefined)
      return { isGranted: false, code: 'GUARD_UNAVAILABLE', message: 'the hold has ended, or is of another process' }
    const stop = stops.of(scopes, { model })
    if (stop !== undefined) return { isGranted: false, ...stopDenial(stop) }
    if (refs.length === 0) return { isGranted: true, amount: message.amount }
    const amount = message.slice === true ? this.#sliceOf(refs, message.amount, openSlices) : message.amount
    if (amount === undefined)
      return { isGranted: false, code: 'BUDGET_HELD', message: 'too little is left for a slice' }
    const request = {
      id,
      amount,
      accounts: refs,
      process: hello.process,
      model: message.slice === true ? `slice:${amount}` : model,
      trace,
      span,
    }
    const result = ledger.hold(request)
    if (result.isGranted) {
      fleet?.slices.granted(own)
      return { isGranted: true, amount }
    }
    const short = message.slice === true ? undefined : fleet?.slices.denied(own, amount)
    if (short?.code === 'BUDGET_HELD') return { isGranted: false, ...short }
    if (this.settings.mode === 'shadow' && result.code !== 'CLOCK_SKEW') {
      const rule = short?.rule ?? result.account?.budget ?? ''
      this.#options.count({ agent: hello.agent, what: model, code: short?.code ?? result.code, rule })
      ledger.hold({ ...request, isBeyondCap: true })
      return { isGranted: true, amount }
    }
    const less = this.#less(message, refs, result.code)
    if (less !== undefined && ledger.hold({ ...request, amount: less }).isGranted)
      return { isGranted: true, amount: less }
    if (short !== undefined) return { isGranted: false, ...short }
    const { account } = result
    const code = result.code === 'BUDGET_EXHAUSTED' && this.#mayFit(message, refs) ? 'BUDGET_HELD' : result.code
    const now = this.#options.context.clock.now()
    return {
      isGranted: false,
      code,
      message: denialMessage(code, amount, account),
      ...(account === undefined ? {} : { rule: account.budget, key: account.key }),
      ...(account === undefined || code !== 'BUDGET_EXHAUSTED'
        ? {}
        : { retryAfterMs: Math.max(0, account.endsAt - now) }),
    }
  }

  /** Takes the call of a tool from its limits, or not. */
  admit(hello: Hello, message: Admit): Decision {
    return this.#admitted(hello, message, (request) => this.#options.rates.admit(request))
  }

  /** What `admit` would say now; takes nothing. */
  foresee(hello: Hello, message: Admit): Decision {
    return this.#admitted(hello, message, (request) => this.#options.rates.look(request))
  }

  #admitted(
    hello: Hello,
    { id, scopes, tool, class: claimed, goesOn }: Admit,
    ask: (request: RateRequest) => RateResult,
  ): Decision {
    const { stops } = this.#options
    const stop = stops.of(scopes, { tool })
    if (stop !== undefined) return { isGranted: false, ...stopDenial(stop) }
    const call = { tool, class: this.settings.tools[tool] ?? claimed }
    const values = { ...scopes, tenant: scopes.tenant ?? hello.tenant }
    const result = ask({
      id: callKey(hello, id),
      process: hello.process,
      refs: rateRefsOf(this.settings.rates, call, values),
    })
    if (result.isAdmitted) return { isGranted: true }
    const { code, ref, retryAfterMs } = result
    // What is made whatever we say must not be on record as denied.
    if (this.settings.mode === 'shadow' || goesOn === true) {
      this.#options.count({ agent: hello.agent, what: tool, code, rule: ref?.name ?? '' })
      return { isGranted: true, wouldDeny: ref?.name ?? code }
    }
    return {
      isGranted: false,
      code,
      message: rateMessage(code, tool, ref, retryAfterMs),
      ...(ref === undefined ? {} : { rule: ref.name }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }
  }

  /** What is left, where that is enough. While calls under way hold it, waiting comes first. */
  #less({ amount, least, waitMs = 0 }: Hold, refs: readonly AccountRef[], code: DenialCode): NanoUsd | undefined {
    if (least === undefined || !(code === 'BUDGET_EXHAUSTED' || (code === 'BUDGET_HELD' && waitMs === 0)))
      return undefined
    const left = Math.min(amount, ...this.#left(refs))
    return left >= least ? left : undefined
  }

  /** Whether the least would fit if all that is held came back. */
  #mayFit({ least }: Hold, refs: readonly AccountRef[]): boolean {
    if (least === undefined) return false
    return refs.every(({ key, cap }) => cap - (this.#options.ledger.account(key)?.committed ?? 0) >= least)
  }

  #left(refs: readonly AccountRef[]): number[] {
    return refs.map(({ key, cap }) => leftIn({ ...(this.#options.ledger.account(key) ?? NOTHING), key, cap }))
  }

  #sliceOf(refs: readonly AccountRef[], asked: NanoUsd, openSlices: number): NanoUsd | undefined {
    return sliceAmount(Math.min(...this.#left(refs)), openSlices, asked)
  }
}

/** In place of the model of a hold: how much was granted. */
export const SLICE = /^slice:(\d+)$/
const NOTHING = { committed: 0, held: 0, suspense: 0 }
