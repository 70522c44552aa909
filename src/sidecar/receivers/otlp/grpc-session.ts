import { constants } from 'node:http2'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../component.ts'
import type { ClosedConnections, CloseReason } from './closed-connections.ts'
import type { GrpcConfig } from './grpc-config.ts'

export interface GrpcSessionOptions {
  readonly config: Pick<GrpcConfig, 'keepalive' | 'handshake_timeout'>
  readonly clock: Clock
  readonly closed: ClosedConnections
  /** Uniform in [0, 1). */
  random(): number
}

/** As grpc-go: so many pings too early, and the client is sent away. */
const PING_STRIKES_MAX = 2
/** Without a request under way, unless that is permitted. */
const PING_WITHOUT_STREAM_MS_MIN = 2 * 3_600_000
/** A good client changes its settings hardly ever. */
const SETTINGS_MAX = 20
const AGE_JITTER = 0.1
const NEVER = (): void => {}

/** How long one connection lasts, and how often its client may ask whether we are there: gRPC's keepalive. */
export class GrpcSession {
  readonly #session: ServerHttp2Session
  readonly #options: GrpcSessionOptions
  #streams = 0
  #settings = 0
  #strikes = 0
  #lastPingMs = -Infinity
  /** Something was sent since the last ping: pings that measure the bandwidth come then, and are fine. */
  #hasSent = false
  #cancelHandshake = NEVER
  #cancelIdle = NEVER
  #cancelAge = NEVER
  #cancelPing = NEVER

  constructor(session: ServerHttp2Session, options: GrpcSessionOptions) {
    this.#session = session
    this.#options = options
    const { config, random } = options
    const { max_connection_age, time } = config.keepalive.server_parameters
    this.#cancelHandshake = this.#after(config.handshake_timeout, () =>
      this.#end('handshake', constants.NGHTTP2_NO_ERROR),
    )
    const ageMs = max_connection_age * (1 + AGE_JITTER * (2 * random() - 1))
    this.#cancelAge = this.#after(ageMs, () => this.#grow('age'))
    this.#waitForIdle()
    this.#askAfter(time)
    session.on('ping', () => this.#pinged())
    session.on('remoteSettings', () => this.#settled())
    session.on('close', () => this.#forget())
  }

  /** A request begins. */
  began(stream: ServerHttp2Stream): void {
    this.#streams++
    this.#cancelIdle()
    stream.once('close', () => {
      this.#hasSent = true
      if (--this.#streams === 0) this.#waitForIdle()
    })
  }

  #settled(): void {
    this.#cancelHandshake()
    if (++this.#settings > SETTINGS_MAX) this.#sendAway('too many settings', 'too_many_settings')
  }

  #waitForIdle(): void {
    const { max_connection_idle } = this.#options.config.keepalive.server_parameters
    this.#cancelIdle = this.#after(max_connection_idle, () => this.#grow('idle'))
  }

  /** Says goodbye; what is under way is answered, in `max_connection_age_grace`. */
  #grow(reason: CloseReason): void {
    const { max_connection_age_grace } = this.#options.config.keepalive.server_parameters
    this.#options.closed.add(reason)
    this.#session.close()
    this.#cancelAge = this.#after(max_connection_age_grace, () => this.#session.destroy())
  }

  #askAfter(ms: number): void {
    const { time, timeout } = this.#options.config.keepalive.server_parameters
    this.#cancelPing = this.#after(ms, () => {
      const cancelTimeout = this.#after(timeout, () => this.#end('no answer to a ping', constants.NGHTTP2_NO_ERROR))
      this.#cancelPing = cancelTimeout
      const isSent = this.#session.ping((error) => {
        cancelTimeout()
        if (error === null && !this.#session.closed) this.#askAfter(time)
      })
      if (!isSent) cancelTimeout()
    })
  }

  #pinged(): void {
    const { clock, config } = this.#options
    const { min_time, permit_without_stream } = config.keepalive.enforcement_policy
    const now = clock.monotonic()
    const sinceMs = now - this.#lastPingMs
    this.#lastPingMs = now
    if (this.#hasSent) {
      this.#hasSent = false
      this.#strikes = 0
      return
    }
    const leastMs = this.#streams === 0 && !permit_without_stream ? PING_WITHOUT_STREAM_MS_MIN : min_time
    if (sinceMs >= leastMs) return
    if (++this.#strikes > PING_STRIKES_MAX) this.#sendAway('too many pings', 'too_many_pings')
  }

  #sendAway(reason: CloseReason, why: string): void {
    if (this.#session.destroyed) return
    this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from(why))
    this.#end(reason, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  #end(reason: CloseReason, code: number): void {
    if (this.#session.destroyed) return
    this.#options.closed.add(reason)
    this.#session.destroy(undefined, code)
  }

  /** 0: never. */
  #after(ms: number, callback: () => void): () => void {
    return ms === 0 ? NEVER : this.#options.clock.after(ms, callback)
  }

  #forget(): void {
    this.#cancelHandshake()
    this.#cancelIdle()
    this.#cancelAge()
    this.#cancelPing()
  }
}
