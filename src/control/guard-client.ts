import type { Socket } from 'node:net'
import { readFromSidecar } from './from-sidecar.ts'
import { CONTROL_PROTOCOL } from './guard-messages.ts'
import type { Answer, Ask, FromSidecar, Hello, Renew, Resume, Stop, Tell, Welcome } from './guard-messages.ts'
import type { RunMark } from './run-messages.ts'
import type { Remembers, Undo } from './undo-messages.ts'
import { LineReader, lineOf } from './line-framing.ts'
import { ProtocolError } from './message-fields.ts'
import { ProcessProof } from './process-proof.ts'
import { messageProblem, unavailable } from './message-problem.ts'

/** Where the sidecar listens. */
export type ControlAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly token?: string }

export interface GuardClientOptions {
  readonly address: ControlAddress
  readonly identity: Omit<Hello, 'type' | 'protocol' | 'token' | 'proof'>
  /** Model calls and tool calls under way. */
  inFlight(): number
  /** Calls that have ended since it was asked for the last time. */
  ended?(): Pick<Renew, 'ended' | 'failed' | 'unseen'>
  /** After each connect, and when the configuration changed. What was held under another epoch is held no more. */
  welcome(message: Welcome): void
  /** To be answered with `stopped` when nothing of the scope is under way. */
  stop(message: Stop): void
  resume(message: Resume): void
  /** A run is beyond a figure. */
  mark?(message: RunMark): void
  /** To be answered with `remembered`. */
  remembers?(message: Remembers): void
  /** To be answered with `undone`. */
  undo?(message: Undo): void
  /** The connection has ended, or none can be made. No content in the reason. */
  lost?(reason: string): void
  /** Something was not told, for the protocol has nothing like it: the sidecar would end the connection for it, each time anew. No content in the reason. */
  dropped?(type: Tell['type'], reason: string): void
  /** Milliseconds that never run backwards. */
  now?(): number
}

/** Asks that wait for an answer; further ones are denied at once. */
export const ASKS_MAX = 10_000
/** So long an ask waits for a connection, in ms: a restart of the sidecar takes about one second. Whoever is there but slow has the ask's own time. */
export const AWAY_MS_MAX = 2000
/** What was told and is not known to be in the books. At so much the lease is given up, so that nothing adds to it. */
export const TELLS_MAX = 20_000
/** At so much a lease is asked for early. */
const TELLS_UNTIL_RENEW = 500
/** Wait before a new connection: half of it at random, doubled with each one that fails. */
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 1000
/** After a refusal, which the next try most often gets as well. */
const REFUSED_RETRY_MS = 5000
/** For a connection, a welcome, the answer to a `renew`: whoever takes longer is taken for dead. */
const SILENCE_MS_MAX = 5000

interface Waiting {
  readonly message: Ask
  readonly resolve: (answer: Answer) => void
  readonly timer: NodeJS.Timeout
  /** Runs while there is no connection. */
  away: NodeJS.Timeout | undefined
  /** To some sidecar; it may have been granted, or wait for a person. */
  isSent: boolean
}

/**
 * An agent's end of the connection to the sidecar's guard: connects, and again with backoff when the connection ends; renews the lease; matches answers to
 * what was asked. Keeps no process alive but for the time of an `ask`. Never throws and never rejects: what can't be asked is denied with GUARD_UNAVAILABLE.
 */
export class GuardClient {
  readonly #options: GuardClientOptions
  readonly #now: () => number
  readonly #asks = new Map<string, Waiting>()
  /** In the order in which they were told. */
  #tells: Tell[] = []
  /** For each `renew` that is not answered: when it was sent, and how many tells were before it. */
  #renewals: { readonly at: number; tells: number }[] = []
  #unsent: string[] = []
  #socket: Socket | undefined
  readonly #proof = new ProcessProof()
  #isWelcome = false
  #leaseMs = 0
  #leaseUntil = Number.NEGATIVE_INFINITY
  #failures = 0
  #isClosed = false
  /** The socket's file is another user's. */
  #isForbidden = false
  #retry: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #renewal: NodeJS.Timeout | undefined
  /** Of all time: how many were told, and who waits until so many are in the books. */
  #told = 0
  #flushes: { readonly told: number; done(): void }[] = []

  constructor(options: GuardClientOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Connects; to be called once. */
  start(): void {
    this.#connect()
  }

  /** A welcome has come over the connection that stands. */
  get isConnected(): boolean {
    return this.#isWelcome
  }

  /** Calls may begin until then, in milliseconds of `now`. */
  get leaseUntil(): number {
    return this.#leaseUntil
  }

  /** What was told and is not known to be in the books. */
  get tellsWaiting(): number {
    return this.#tells.length
  }

  /**
   * The answer of the sidecar, over a new connection when the one that stands ends. Without one within `timeoutMs`, or without a connection for AWAY_MS_MAX, it is denied, and
   * what may have been granted meanwhile is given back. An admit that was asked before the connection ended may wait for a person: that one has all of its time.
   */
  ask(message: Ask, timeoutMs: number): Promise<Answer> {
    const { id } = message
    if (this.#isClosed) return Promise.resolve(unavailable(id, 'the guard of this process is closed'))
    const wrong = messageProblem(message)
    if (wrong !== undefined) return Promise.resolve(unavailable(id, `the guard of this process can't ask: ${wrong}`))
    if (this.#asks.size >= ASKS_MAX || this.#asks.has(id))
      return Promise.resolve(unavailable(id, `${ASKS_MAX} calls wait for the guard's answer`))
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#giveUp(id, this.#silent(timeoutMs)), timeoutMs)
      const waiting: Waiting = { message, resolve, timer, away: undefined, isSent: this.#isWelcome }
      this.#asks.set(id, waiting)
      if (!this.#isWelcome) this.#waitForConnection(waiting)
      else if (!this.#send(message)) this.#giveUp(id, 'the question is too long for the control protocol')
    })
  }

  /** Who asked wants no answer any more: it is denied, and what may have been granted meanwhile is given back. */
  withdraw(id: string): void {
    this.#giveUp(id, 'the question was withdrawn')
  }

  tell(message: Tell): void {
    if (this.#isClosed) return
    const wrong = messageProblem(message)
    if (wrong !== undefined) return this.#options.dropped?.(message.type, wrong)
    this.#tells.push(message)
    this.#told++
    if (this.#tells.length >= TELLS_MAX) this.#leaseUntil = Number.NEGATIVE_INFINITY
    if (!this.#isWelcome) return
    this.#send(message)
    if (this.#tells.length % TELLS_UNTIL_RENEW === 0) this.#renew()
  }

  /** Resolves when all that was told until now is in the books, or after `timeoutMs`; true when it is. */
  flush(timeoutMs: number): Promise<boolean> {
    if (this.#tells.length === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const told = this.#told
      const done = (): void => {
        clearTimeout(timer)
        resolve(this.#booked >= told)
      }
      const timer = setTimeout(done, timeoutMs)
      this.#flushes.push({ told, done })
      if (this.#isWelcome) this.#renew()
    })
  }

  /** Ends the connection; what is asked is denied. */
  close(): void {
    this.#isClosed = true
    this.#leaseUntil = Number.NEGATIVE_INFINITY
    for (const timer of [this.#retry, this.#silence, this.#renewal]) clearTimeout(timer)
    const socket = this.#socket
    this.#write()
    this.#forgetConnection()
    socket?.end()
    for (const id of this.#asks.keys()) this.#answer(unavailable(id, 'the guard of this process is closed'))
  }

  #connect(): void {
    const { address } = this.#options
    const socket = process
      .getBuiltinModule('node:net')
      .connect('path' in address ? { path: address.path } : { host: address.host, port: address.port })
    socket.unref()
    socket.setNoDelay(true)
    const reader = new LineReader()
    let reason = 'the sidecar closed the connection'
    let isRefused = false
    socket.on('connect', () => {
      this.#isForbidden = false
      this.#greet()
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.messages(chunk)) {
          if (this.#socket !== socket) return
          const known = readFromSidecar(message)
          if (known.type === 'refusal') [reason, isRefused] = [known.message, true]
          else this.#take(known)
        }
      } catch (error) {
        reason = error instanceof ProtocolError ? error.message : 'the guard of this process failed on a message'
        isRefused = true
        socket.destroy()
      }
    })
    socket.on('error', (error) => {
      this.#isForbidden = 'code' in error && error.code === 'EACCES'
      reason = 'code' in error ? `no connection to the sidecar (${String(error.code)})` : 'no connection to the sidecar'
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost(reason, isRefused)
    })
    this.#socket = socket
    this.#expectWord()
  }

  #greet(): void {
    const { address, identity } = this.#options
    const token = 'token' in address ? { token: address.token } : {}
    const proof = 'path' in address ? this.#proof.open(address.path, identity.process) : undefined
    this.#send({
      type: 'hello',
      protocol: CONTROL_PROTOCOL,
      ...identity,
      ...token,
      ...(proof === undefined ? {} : { proof }),
    })
  }

  #take(message: Exclude<FromSidecar, { type: 'refusal' }>): void {
    switch (message.type) {
      case 'welcome':
        return this.#welcome(message)
      case 'lease':
        return this.#leased()
      case 'answer':
        return this.#answer(message)
      case 'stop':
        return this.#options.stop(message)
      case 'resume':
        return this.#options.resume(message)
      case 'mark':
        return this.#options.mark?.(message)
      case 'remembers':
        return this.#options.remembers?.(message)
      case 'undo':
        return this.#options.undo?.(message)
    }
  }

  #welcome(message: Welcome): void {
    this.#leaseMs = message.leaseMs
    const isFirst = !this.#isWelcome
    this.#failures = 0
    this.#proof.close()
    clearTimeout(this.#silence)
    // What it tells comes behind what was told before.
    this.#options.welcome(message)
    this.#isWelcome = true
    if (!isFirst) return
    // In this order: a hold that is no longer wanted is not asked for again, and one that is settled was asked for before.
    for (const tell of this.#tells) this.#send(tell)
    for (const waiting of this.#asks.values()) {
      clearTimeout(waiting.away)
      waiting.away = undefined
      waiting.isSent = true
      this.#send(waiting.message)
    }
    this.#renew()
  }

  #renew(): void {
    clearTimeout(this.#renewal)
    this.#renewals.push({ at: this.#now(), tells: this.#tells.length })
    this.#send({ type: 'renew', inFlight: this.#options.inFlight(), ...this.#options.ended?.() })
    if (this.#renewals.length === 1) this.#expectWord()
    this.#renewal = setTimeout(() => this.#renew(), this.#leaseMs / 3).unref()
  }

  #leased(): void {
    const renewal = this.#renewals.shift()
    if (renewal === undefined) return
    clearTimeout(this.#silence)
    if (this.#renewals.length > 0) this.#expectWord()
    this.#tells.splice(0, renewal.tells)
    for (const later of this.#renewals) later.tells -= renewal.tells
    if (this.#tells.length < TELLS_MAX) this.#leaseUntil = Math.max(this.#leaseUntil, renewal.at + this.#leaseMs)
    const isBooked = ({ told }: { told: number }): boolean => told <= this.#booked
    const flushed = this.#flushes.filter(isBooked)
    this.#flushes = this.#flushes.filter((one) => !isBooked(one))
    for (const { done } of flushed) done()
  }

  get #booked(): number {
    return this.#told - this.#tells.length
  }

  #answer(answer: Answer): void {
    const waiting = this.#asks.get(answer.id)
    if (waiting === undefined) return
    this.#asks.delete(answer.id)
    clearTimeout(waiting.timer)
    clearTimeout(waiting.away)
    waiting.resolve(answer)
  }

  #waitForConnection(waiting: Waiting): void {
    const { message, isSent } = waiting
    if (isSent && message.type === 'admit') return
    waiting.away ??= setTimeout(() => this.#giveUp(message.id, this.#silent(AWAY_MS_MAX)), AWAY_MS_MAX)
  }

  #silent(ms: number): string {
    const { address } = this.#options
    const place = 'path' in address ? address.path : `${address.host}:${address.port}`
    if (this.#isForbidden)
      return `limits are configured for this agent, and it may not open the sidecar's socket ${place} (EACCES; this process is user ${process.getuid?.()}): the call is denied. Run agent and sidecar as the same user`
    return this.#isWelcome
      ? `the sidecar did not answer within ${ms} ms: the call is denied. It is busy or hangs; see spanwarden status, and its log`
      : `limits are configured for this agent, and no sidecar answers at ${place} (waited ${ms} ms): the call is denied. Start the sidecar (spanwarden collect), or see spanwarden status`
  }

  /** It may have been granted in a message that is lost or late. */
  #giveUp(id: string, message: string): void {
    const waiting = this.#asks.get(id)
    const asked = waiting?.isSent === true ? waiting.message : undefined
    if (asked?.type === 'hold') this.tell({ type: 'settle', id, spent: 0 })
    if (asked?.type === 'admit')
      this.tell({ type: 'outcome', id, result: 'not_called', durationMs: 0, notExecuted: true })
    this.#answer(unavailable(id, message))
  }

  /** All that is sent in one turn goes in one write. False when it is too long. */
  #send(message: object): boolean {
    let line: string
    try {
      line = lineOf(message)
    } catch {
      return false
    }
    if (this.#unsent.length === 0) queueMicrotask(() => this.#write())
    this.#unsent.push(line)
    return true
  }

  #write(): void {
    const lines = this.#unsent.splice(0).join('')
    if (lines !== '') this.#socket?.write(lines)
  }

  /** The connection is given up unless the sidecar says something in time. */
  #expectWord(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#socket?.destroy(), SILENCE_MS_MAX).unref()
  }

  #lost(reason: string, isRefused: boolean): void {
    this.#forgetConnection()
    if (this.#isClosed) return
    this.#failures++
    const longest = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures, 10))
    const waitMs = isRefused ? REFUSED_RETRY_MS : longest / 2 + (Math.random() * longest) / 2
    this.#retry = setTimeout(() => this.#connect(), waitMs).unref()
    for (const waiting of this.#asks.values()) this.#waitForConnection(waiting)
    this.#options.lost?.(reason)
  }

  #forgetConnection(): void {
    this.#socket = undefined
    this.#proof.close()
    this.#isWelcome = false
    this.#renewals = []
    this.#unsent = []
    clearTimeout(this.#silence)
    clearTimeout(this.#renewal)
  }
}
