import { context, trace } from '@opentelemetry/api'
import type { Span } from '@opentelemetry/api'
import { callSignature, errorSignature, resultSignature } from '../../limits/loops/call-signature.ts'
import {
  ATTR_SPANWARDEN_GUARD_DECISION,
  ATTR_SPANWARDEN_GUARD_RULE,
  ATTR_SPANWARDEN_LOOP_LEVEL,
  SPANWARDEN_LOOP_LEVEL_VALUE_STOP,
} from '../../conventions.ts'
import { ambientOf } from '../context.ts'
import { errorType } from '../notices.ts'
import { argumentsMark, isSameMark } from './arguments-mark.ts'
import { isDenial } from './denial-error.ts'
import { ADMIT_TIMEOUT_MS } from './guard-limits.ts'
import { ruleOf } from './model-gate.ts'
import { randomId } from './random-id.ts'
import type { Admit, Answer, GuardRules, ToolClass } from '../../control/guard-messages.ts'
import type { LoopMark } from '../../limits/loops/loop-detector.ts'
import type { ArgumentsMark } from './arguments-mark.ts'
import type { CallUnderWay, GuardedCall } from './calls-under-way.ts'
import type { Denial, DenialError } from './denial-error.ts'
import type { Guard } from './guard.ts'
import type { WatchedAgent } from './run-loops.ts'
import type { ToolKind, ToolUndo } from '../runtime.ts'

/** A tool call that is about to be made. */
export interface OutgoingTool {
  readonly name: string
  /** As the agent declares it; the configuration's word comes first. */
  readonly class: string | undefined
  readonly input: unknown
  /** How the tool gives its result. One that is neither can't wait for an answer. */
  readonly kind: ToolKind
  /** How its calls are taken back, and what this one is given. */
  readonly undo?: { readonly how: ToolUndo; readonly args: readonly unknown[] } | undefined
}

/** Lets tool calls through, or throws the DenialError that the framework shows to its model. */
export class ToolGate {
  readonly #guard: Guard
  #hmacKey: string | undefined

  constructor(guard: Guard) {
    this.#guard = guard
  }

  /** Undefined: the guard is off. `span` is the tool's own. */
  open(tool: OutgoingTool, span: Span): GuardedTool | undefined {
    if (this.#guard.mode === 'off' || ambientOf().isRollback === true) return undefined
    if (tool.undo !== undefined) this.#guard.undos.recipe(tool.name, tool.undo.how)
    return new GuardedTool(this.#guard, tool, span, () => this.#key())
  }

  /** Whether the configuration speaks of a tool of this name. */
  isNamed(name: string): boolean {
    const { rules } = this.#guard
    return rules !== undefined && (Object.hasOwn(rules.tools, name) || rules.askTools.includes(name))
  }

  /** Of this process: what has few values can't be guessed from its HMAC. */
  #key(): string {
    return (this.#hmacKey ??= randomId() + randomId())
  }
}

/** One tool call. `run` first, then one of `returned` and `failed`. */
export class GuardedTool {
  readonly #guard: Guard
  readonly #tool: OutgoingTool
  readonly #span: Span
  readonly #key: () => string
  #under: CallUnderWay | undefined
  #signal: AbortSignal | undefined
  /** Ends the wait for an answer. */
  #interrupt: (() => void) | undefined
  #isAborted = false
  #admitted: string | undefined
  /** The arguments that were asked about. */
  #asked: ArgumentsMark | undefined
  #agent: WatchedAgent | undefined
  #class: ToolClass = 'write'
  #startedAt = 0

  constructor(guard: Guard, tool: OutgoingTool, span: Span, key: () => string) {
    this.#guard = guard
    this.#tool = tool
    this.#span = span
    this.#key = key
  }

  /**
   * Runs `call` when it may run, in the tool's context. Throws, or rejects with, a DenialError. With the `signal` of its caller it waits no longer than that one does, and rejects with
   * its reason.
   */
  run(call: () => unknown, signal?: AbortSignal): unknown {
    this.#signal = signal
    const guard = this.#guard
    const { kind } = this.#tool
    if (kind === 'sync') {
      this.#now(() => this.#begin(true))
      return call()
    }
    if (!guard.needsWait && !this.#mustAsk()) {
      try {
        this.#now(() => this.#begin(false))
      } catch (error) {
        return kind === 'async' ? Promise.reject(error) : failing(error)
      }
      return call()
    }
    return kind === 'async' ? this.#wait().then(() => this.#start(call)) : this.#generate(call)
  }

  returned(result: unknown, failed: boolean): void {
    const signature = failed ? errorSignature('tool_error', textOf(result)) : resultSignature(result)
    this.#end(failed ? 'tool_error' : 'ok', signature)
    const { undo } = this.#tool
    if (undo === undefined || failed || this.#admitted === undefined) return
    this.#guard.undos.remember(this.#admitted, undo.how, undo.args, result)
  }

  failed(error: unknown): void {
    // Nothing was done, and nothing is learnt of it.
    if (isDenial(error) || this.#isAborted) return void this.#under?.end()
    const name = errorType(error)
    this.#end(name, errorSignature(name, error instanceof Error ? error.message : ''))
  }

  async *#generate(call: () => unknown): AsyncGenerator<unknown, unknown, unknown> {
    await this.#wait()
    const made = this.#start(call)
    if (typeof made !== 'object' || made === null || !(Symbol.asyncIterator in made)) return made
    return yield* made as AsyncGenerator<unknown, unknown, unknown>
  }

  /** In one step with the call: nothing comes between. */
  #start(call: () => unknown): unknown {
    const asked = this.#asked
    // Whether a person was asked is known by now, whenever the configuration came.
    const isCompared = asked !== undefined && (asked.whole !== undefined || this.#isSupervised())
    if (isCompared && !isSameMark(asked, this.#markOf(asked.whole !== undefined)))
      this.#now(() => this.#refuse(changed(this.#tool.name)))
    return call()
  }

  async #wait(): Promise<void> {
    try {
      if (this.#guard.needsWait) await this.#guard.ready()
      this.#begin(false)
      if (this.#mustAsk() && this.#guard.isToAsk) await this.#ask()
    } catch (error) {
      this.#refuseFault(error)
    }
  }

  #now(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#refuseFault(error)
    }
  }

  #refuseFault(error: unknown): void {
    if (isDenial(error) || this.#isAborted) throw error
    this.#refuse(this.#guard.failed('tool call', error))
  }

  /** What is known in memory; a tool that can't wait must not need more. */
  #begin(isSync: boolean): void {
    const guard = this.#guard
    const active = context.active()
    const scopes = guard.scopesOf(active)
    const { rules } = guard
    const { name } = this.#tool
    const call: GuardedCall = { scopes, tool: name }
    this.#class = classOf(this.#tool, rules)
    this.#startedAt = performance.now()
    const { agentName: agent = '', agentSpan, agentDepth } = ambientOf(active)
    if (scopes.run !== undefined && rules?.loops === true) this.#agent = { run: scopes.run, agent, call: agentSpan }
    this.#decide('allow')
    const denial = guard.denialOf(call) ?? this.#loopDenial()
    if (denial !== undefined) this.#refuse(denial)
    if (isSync && this.#mustAsk()) this.#refuse(cannotWait(name))
    this.#under = guard.underWay.begin(call, () => this.#interrupt?.())
    if (this.#under === undefined) throw new RangeError('too many calls are under way')
    if (rules?.velocity !== true) return
    const isPolling = rules.polling?.includes(name) === true
    const mark = guard.activities.called(scopes, { tools: isPolling ? 0 : 1, depth: agentDepth })
    if (mark === undefined) return
    this.#span.setAttribute(ATTR_SPANWARDEN_LOOP_LEVEL, mark.level)
    this.#span.setAttribute(ATTR_SPANWARDEN_GUARD_RULE, `LOOP_STOPPED ${mark.rule}`)
  }

  #mustAsk(): boolean {
    const { rules } = this.#guard
    if (rules === undefined) return false
    const effect = classOf(this.#tool, rules)
    const { askTools, askClasses, auditClasses } = rules
    return (
      askClasses.includes(effect) ||
      auditClasses.includes(effect) ||
      askTools.includes('*') ||
      askTools.includes(this.#tool.name)
    )
  }

  /** The call is made whatever the sidecar says: no person is to be kept from work by it, and nothing is to be stopped. */
  get #goesOn(): { goesOn?: true } {
    return this.#guard.mode === 'enforce' ? {} : { goesOn: true }
  }

  /** A person may be asked about it. */
  #isSupervised(): boolean {
    const { rules } = this.#guard
    const { supervised } = rules ?? {}
    if (supervised === undefined) return true
    return supervised.classes.includes(classOf(this.#tool, rules)) || supervised.tools.includes(this.#tool.name)
  }

  #loopDenial(): Denial | undefined {
    const mark = this.#guard.loops.stopOf(this.#agent)
    if (mark === undefined || this.#agent === undefined) return undefined
    this.#guard.loops.denied(this.#agent, mark)
    return loopDenial(mark, this.#tool.name)
  }

  async #ask(): Promise<void> {
    const guard = this.#guard
    const { name } = this.#tool
    const asked = this.#markOf(this.#isSupervised())
    this.#asked = asked
    const span = trace.getSpanContext(context.active())
    const message: Admit = {
      type: 'admit',
      id: randomId(),
      tool: name.slice(0, 256),
      class: this.#class,
      scopes: guard.scopesOf(context.active()),
      ...(span === undefined ? {} : { trace: span.traceId, span: span.spanId }),
      summary: asked.summary,
      argumentsHmac: asked.hmac,
      ...this.#goesOn,
    }
    const answer = await this.#answerTo(message)
    if (answer === 'interrupted') {
      const denial = guard.denialOf({ scopes: message.scopes, tool: name })
      this.#isAborted = denial === undefined && this.#signal?.aborted === true
      if (this.#isAborted) throw this.#signal?.reason
      return this.#refuse(denial ?? guard.unavailable('the call was stopped while it waited for an answer'))
    }
    if (answer.isGranted) {
      this.#admitted = message.id
      // A stop may have come meanwhile.
      const denial = guard.denialOf({ scopes: message.scopes, tool: name })
      if (denial !== undefined) this.#refuse(denial)
    } else this.#refuse(denialOf(answer))
  }

  async #answerTo(message: Admit): Promise<Answer | 'interrupted'> {
    const { promise, resolve } = Promise.withResolvers<'interrupted'>()
    const interrupt = (): void => resolve('interrupted')
    this.#interrupt = interrupt
    if (this.#signal?.aborted === true) interrupt()
    this.#signal?.addEventListener('abort', interrupt, { once: true })
    try {
      return await this.#guard.answerWithinLease(message, ADMIT_TIMEOUT_MS, promise)
    } finally {
      this.#interrupt = undefined
      this.#signal?.removeEventListener('abort', interrupt)
    }
  }

  /** Throws what a denial means in the present mode. */
  #refuse(denial: Denial): void {
    const error: DenialError | undefined = this.#guard.refused(denial)
    this.#decide(error === undefined ? 'warn' : 'deny', ruleOf(denial))
    if (error === undefined) return
    if (this.#admitted !== undefined)
      this.#guard.client.tell({
        type: 'outcome',
        id: this.#admitted,
        result: denial.code,
        durationMs: 0,
        notExecuted: true,
      })
    this.#admitted = undefined
    this.#under?.end()
    throw error
  }

  #decide(decision: 'allow' | 'warn' | 'deny', rule?: string): void {
    this.#span.setAttribute(ATTR_SPANWARDEN_GUARD_DECISION, decision)
    if (rule !== undefined) this.#span.setAttribute(ATTR_SPANWARDEN_GUARD_RULE, rule)
  }

  #end(result: string, signature: number): void {
    if (this.#under !== undefined) this.#under.isFailed = result !== 'ok'
    this.#under?.end()
    const id = this.#admitted
    if (id !== undefined)
      this.#guard.client.tell({ type: 'outcome', id, result, durationMs: performance.now() - this.#startedAt })
    if (this.#agent === undefined) return
    const { name, input } = this.#tool
    const hasSideEffect = this.#class !== 'read'
    const step = { call: callSignature(name, input), result: signature, hasSideEffect }
    const { polling: tools = [], pollingMs: maxMs = 0 } = this.#guard.rules ?? {}
    const mark = this.#guard.loops.observe(this.#agent, name, step, { tools, maxMs })
    if (mark !== undefined) this.#mark(mark)
  }

  #mark({ level, rule, calls }: LoopMark): void {
    this.#span.setAttribute(ATTR_SPANWARDEN_LOOP_LEVEL, level)
    this.#span.addEvent(level === SPANWARDEN_LOOP_LEVEL_VALUE_STOP ? 'spanwarden.loop.stop' : 'spanwarden.loop.warn', {
      [ATTR_SPANWARDEN_GUARD_RULE]: `LOOP_STOPPED ${rule}`,
      'spanwarden.loop.calls': calls,
    })
    const scopes = this.#under?.call.scopes
    if (scopes !== undefined)
      this.#guard.client.tell({
        type: 'loop',
        scopes,
        level,
        rule,
        tool: this.#tool.name.slice(0, 256),
        ...this.#goesOn,
      })
  }

  #markOf(isCompared: boolean): ArgumentsMark {
    const { input } = this.#tool
    return argumentsMark(input, jsonOf(input), this.#key(), isCompared)
  }
}

// oxlint-disable-next-line require-yield -- it is what its caller expects, and gives nothing
async function* failing(error: unknown): AsyncGenerator<never> {
  throw error
}

/** The configuration's word, else the agent's own; what nobody knows writes. */
function classOf({ name, class: declared }: OutgoingTool, rules: GuardRules | undefined): ToolClass {
  const configured = rules !== undefined && Object.hasOwn(rules.tools, name) ? rules.tools[name] : undefined
  return configured ?? CLASSES.find((one) => one === declared) ?? 'write'
}

const CLASSES: readonly ToolClass[] = ['read', 'write', 'post', 'pay', 'exec']

const denialOf = ({ code = 'GUARD_UNAVAILABLE', rule, message = '', retryAfterMs }: Answer): Denial => ({
  code,
  rule,
  message,
  retryAfterMs,
})

const loopDenial = ({ rule, calls }: LoopMark, tool: string): Denial => ({
  code: 'LOOP_STOPPED',
  rule,
  message: `the last ${calls} tool calls of this run brought nothing new (${rule}), and ${tool.slice(0, 128)} is not called again: finish with what is known, or ask a person`,
})

const cannotWait = (tool: string): Denial => ({
  code: 'GUARD_UNAVAILABLE',
  rule: 'synchronous tool',
  message: `calls of ${tool.slice(0, 128)} have to be asked for, and a synchronous function can't wait for the answer: declare it async (tool('${tool.slice(0, 128)}', async (…) => …))`,
})

const changed = (tool: string): Denial => ({
  code: 'APPROVAL_DENIED',
  rule: 'changed arguments',
  message: `the arguments of ${tool.slice(0, 128)} were changed while the call waited for its answer: what was asked about is not what would be done, and it is not called. Call again, with arguments that nobody changes meanwhile (a copy)`,
})

const textOf = (value: unknown): string => (typeof value === 'string' ? value : jsonOf(value))

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return 'unreadable'
  }
}
