import { context, trace } from '@opentelemetry/api'
import { ambientOf } from '../context.ts'
import { isDenial } from './denial-error.ts'
import { ModelAttempt } from './model-attempt.ts'
import { requestBound } from './request-bound.ts'
import type { GuardRules } from '../../control/guard-messages.ts'
import type { GuardedCall } from './calls-under-way.ts'
import type { Denial } from './denial-error.ts'
import type { GuardDecision } from '../context.ts'
import type { Guard } from './guard.ts'
import type { HeldAmount, Payment } from './purse.ts'
import type { OutgoingRequest, RequestBound } from './request-bound.ts'

/** One that may be sent, with the body that it is to be sent with. */
export interface AdmittedRequest {
  readonly attempt: ModelAttempt
  /** The body that was judged, with the limits in it that its bound needs, to be sent in the place of the caller's; undefined when that one is text and stays as it is. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/** Lets requests to models through, or throws the DenialError that their caller gets. Each attempt of a client library comes by here. */
export class ModelGate {
  readonly guard: Guard

  constructor(guard: Guard) {
    this.guard = guard
  }

  /** Undefined: the guard is off. */
  async admit(request: OutgoingRequest): Promise<AdmittedRequest | undefined> {
    const { guard } = this
    if (guard.mode === 'off') return undefined
    const call = ambientOf().modelCall
    // A client library may try again what was denied: nobody is asked again.
    if (call?.refused !== undefined) throw call.refused
    const warnings: Denial[] = []
    const refuse = (denial: Denial): void => {
      const error = guard.refused(denial)
      if (error === undefined) return void warnings.push(denial)
      call?.decided({ decision: 'deny', rule: ruleOf(denial) }, error)
      throw error
    }
    let held: HeldAmount | undefined
    try {
      if (guard.needsWait) await guard.ready()
      const { rules } = guard
      const bound = rules?.hasBudgets === true ? requestBound(request, call?.provider, rules) : undefined
      const guarded = this.#callOf(bound?.model ?? call?.model)
      this.#check(guarded, refuse)
      if (rules !== undefined && bound !== undefined && guard.isToAsk)
        held = await this.#pay(bound, guarded, rules, refuse)
      // The answer took its time: a stop may have come.
      if (held !== undefined) this.#check(guarded, refuse)
      const shorter = held !== undefined && held.amount < (bound?.amount ?? 0) ? bound?.within(held.amount) : undefined
      const decision = { ...decisionOf(warnings), ...this.#marked(guarded), clampedTo: shorter?.outputTokens }
      const attempt = this.#begin(guarded, held, decision)
      call?.attempted(attempt)
      return { attempt, body: (shorter ?? bound)?.body }
    } catch (error) {
      held?.settle(0)
      if (isDenial(error)) throw error
      refuse(guard.failed('model call', error))
      return { attempt: this.#begin(this.#callOf(undefined), undefined, decisionOf(warnings)), body: undefined }
    }
  }

  /** Throws for a request to a provider that costs nothing, where a stop is in the way. */
  checkFree(): void {
    const { guard } = this
    const denial = guard.mode === 'off' ? undefined : guard.stopOf(this.#callOf(ambientOf().modelCall?.model))
    const error = denial === undefined ? undefined : guard.refused(denial)
    if (error !== undefined) throw error
  }

  #callOf(model: string | undefined): GuardedCall {
    return { scopes: this.guard.scopesOf(context.active()), model }
  }

  #check(call: GuardedCall, refuse: (denial: Denial) => void): void {
    const denial = this.guard.denialOf(call)
    if (denial !== undefined) refuse(denial)
    const rule = this.guard.rules?.loops === true ? this.guard.loops.overBy(call.scopes) : undefined
    if (rule !== undefined) refuse(loopOver(rule))
  }

  async #pay(
    bound: RequestBound,
    { scopes, model }: GuardedCall,
    rules: GuardRules,
    refuse: (denial: Denial) => void,
  ): Promise<HeldAmount | undefined> {
    if (bound.amount === undefined) {
      if (rules.unknownModel === 'deny') refuse(unknownPrice(bound.reason, model))
      return undefined
    }
    const span = trace.getSpanContext(context.active())
    const payment: Payment = {
      amount: bound.amount,
      least: bound.least,
      scopes,
      model,
      trace: span?.traceId,
      span: span?.spanId,
    }
    const held = this.guard.purse.take(payment, rules) ?? (await this.guard.purse.draw(payment, rules))
    if (!('settle' in held)) refuse(held)
    else if (held.amount >= bound.amount || bound.within(held.amount) !== undefined) return held
    else {
      held.settle(0)
      refuse(this.guard.unavailable('the sidecar has held less than it was asked for'))
    }
    return undefined
  }

  /** The run is beyond a figure: its span says so. */
  #marked({ scopes }: GuardedCall): Partial<GuardDecision> {
    const { rules, activities } = this.guard
    if (rules?.velocity !== true) return {}
    const mark = activities.called(scopes, { depth: ambientOf().agentDepth })
    return mark === undefined ? {} : { rule: `LOOP_STOPPED ${mark.rule}`, loopLevel: mark.level }
  }

  #begin(call: GuardedCall, held: HeldAmount | undefined, decision: GuardDecision): ModelAttempt {
    const { guard } = this
    const attempt = new ModelAttempt(decision, held, {
      exceeded: (excess) =>
        guard.client.tell({ type: 'violation', model: call.model ?? 'unknown', excess, scopes: call.scopes }),
      spent: (nanoUsd) => {
        if (guard.rules?.velocity === true) guard.activities.spent(call.scopes, nanoUsd)
      },
    })
    const under = guard.underWay.begin(call, (stop) => attempt.abort(stop))
    if (under === undefined) throw new RangeError('too many calls are under way')
    attempt.under = under
    return attempt
  }
}

const decisionOf = (warnings: readonly Denial[]): GuardDecision => {
  const [first] = warnings
  return first === undefined ? { decision: 'allow' } : { decision: 'warn', rule: ruleOf(first) }
}

/** The code says what, the rule which one. */
export const ruleOf = ({ code, rule }: Denial): string => (rule === undefined ? code : `${code} ${rule}`)

const unknownPrice = (reason: string, model: string | undefined): Denial => ({
  code: 'UNKNOWN_PRICE',
  rule: reason,
  message: `a budget is set, and nobody knows what this call${model === undefined ? '' : ` of the model ${model.slice(0, 128)}`} can cost at most (${reason}): it is denied. Name its price in SPANWARDEN_PRICES_FILE, or set unknown_model: allow`,
})

const loopOver = (rule: string): Denial => ({
  code: 'LOOP_STOPPED',
  rule,
  message: `the tool calls of this run bring nothing new (${rule}), and it went on after they were denied: its model calls are denied too. End the run`,
})
