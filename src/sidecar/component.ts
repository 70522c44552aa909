import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Edits } from '../otlp/edits.ts'
import type { Signal } from '../otlp/schema.ts'
import type { OtlpView } from '../otlp/view.ts'

/*
 * The contract of every component. A component is one value made by `defineReceiver`, `defineProcessor`, `defineConnector`,
 * `defineExporter` or `defineExtension`: its schema, its documentation and its code in one place. components.ts lists them.
 */

export type { Signal }

/** What all components are handed; nothing in a component reads a clock, the environment or a random number by itself. */
export interface ComponentContext {
  /** `type` or `type/name`, as in the configuration. */
  readonly id: string
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: OwnMetrics
  /** Uniform in [0, 1). */
  random(): number
  /** Folder for files of this sidecar, 0700. */
  readonly stateFolder: string
  /** The environment that the sidecar was started with: the agent's as well, where one command starts both. */
  readonly env: Environment
  /** Name and version of this program, for User-Agent and scope names. */
  readonly program: { readonly name: string; readonly version: string }
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds that never run backwards. */
  monotonic(): number
  /** Calls back after `ms`; the function it returns cancels. The timer does not keep the process alive. */
  after(ms: number, callback: () => void): () => void
}

/** pino's shape: fields first. No payload in either, ever. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  /** Nothing was lost. */
  warn(fields: object, message: string): void
  /** Data was lost or a person must act. */
  error(fields: object, message: string): void
}

/** The sidecar's own metrics (`otelcol_*`), served in the Prometheus format. Instruments are made once and kept. */
export interface OwnMetrics {
  counter(name: string, description: string, labels?: Labels): Counter
  /** `read` is called at each scrape. */
  gauge(name: string, description: string, labels: Labels, read: () => number): void
}
export type Labels = Readonly<Record<string, string>>
export interface Counter {
  add(n: number): void
}

/**
 * A batch that is on its way to exporters: protobuf bytes of an Export<Signal>ServiceRequest, shared by all that hold it and given back to a pool
 * when the last one lets go. Nobody writes to the bytes.
 */
export interface Payload {
  readonly signal: Signal
  readonly bytes: Buffer
  /** Spans, data points or log records in it. */
  readonly items: number
  retain(): Payload
  release(): void
}

/** What happens to a request that is not taken. A receiver translates it to its protocol; the message holds no payload. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  /**
   * `invalid`: 400 / INVALID_ARGUMENT. `too_large`: 413 / RESOURCE_EXHAUSTED without RetryInfo. `busy`: 503 with Retry-After / UNAVAILABLE with RetryInfo.
   * `failed`: 500 / INTERNAL, a fault of ours on exactly this batch, so a retry does not help.
   */
  readonly reason: 'invalid' | 'too_large' | 'busy' | 'failed'
  readonly retryAfterMs: number | undefined

  constructor(
    reason: RefusedError['reason'],
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
  }
}

interface Definition<Config extends z.ZodType> {
  /** As in the configuration, e.g. `otlp_http`. */
  readonly type: string
  /** Names that the stock collector used before; accepted with a warning. */
  readonly aliases?: readonly string[]
  /** One sentence for the reference page. */
  readonly summary: string
  /** With several workers there is one of it, in the first process: it reads or writes what is there once, or has to see everything. Of connectors and local exporters that goes without saying. */
  readonly isSingle?: boolean
  /** Object schema in which every field has a description, and a default wherever there can be one. */
  readonly config: Config
  /** What is valid, and not what one may expect of it. */
  notices?(config: z.output<Config>): readonly Notice[]
}
export interface Notice {
  /** Keys below the component. */
  readonly path: readonly string[]
  readonly message: string
}

// Receivers

export interface ReceiverContext extends ComponentContext {
  /**
   * Hands on the protobuf bytes of one request. They are read before the promise settles and not kept: the receiver may then use the memory again.
   * Resolves when every pipeline has the batch; rejects with RefusedError.
   */
  consume(signal: Signal, bytes: Buffer, transport: Transport): Promise<void>
  /** Throws RefusedError when a pipeline of the signal takes nothing now: to be asked before a body is read. Cheap. */
  checkAdmission(signal: Signal): void
  /** Signals of the pipelines that list this receiver: the others are answered 404 / UNIMPLEMENTED. */
  readonly signals: ReadonlySet<Signal>
  /** Memory for request bodies, to be given back. */
  readonly buffers: BufferPool
  /** What the receivers of one sidecar share. */
  service<T>(name: ServiceName<T>): T
}
/** How a request came. */
export type Transport = 'http' | 'grpc' | 'file'
/** Memory that is used again: fresh pages cost more than the work on them. */
export interface BufferPool {
  /** At least `size` bytes with anything in them. */
  take(size: number): Buffer
  /** Gives back exactly what `take` returned; nobody reads or writes it afterwards. */
  give(buffer: Buffer): void
}
/** What listens says where, once started: with port 0 only it knows. Name of the protocol (`otlp_http`, `prometheus`) to URL. */
export interface Listens {
  listening?(): Readonly<Record<string, string>>
}
export interface Receiver extends Listens {
  /** Listens; throws with the address in the message when it can't. */
  start(): Promise<void>
  /** Takes nothing new and resolves when everything under way is answered. */
  stop(): Promise<void>
}
export interface ReceiverDefinition<Config extends z.ZodType = z.ZodType> extends Definition<Config> {
  readonly kind: 'receiver'
  readonly signals: readonly Signal[]
  create(config: z.output<Config>, context: ReceiverContext): Receiver
}

// Processors

export interface Processor {
  /**
   * Whether a batch may come now: throws RefusedError `busy` when not. Asked by receivers before they read a body, and for every batch before it is
   * walked; so it must be cheap.
   */
  admit?(): void
  /**
   * It reads through the view and never edits what is edited, so the edits of those before it may stand beside it. Without this they are applied first,
   * and it sees bytes as if they had come so.
   */
  readonly readsEdits?: boolean
  /**
   * All that its edits change is seen through the view: text, nodes that are removed, attributes appended with `appendAttribute`. Without this the edits
   * are applied before anything else reads the batch, `readsEdits` or not.
   */
  readonly showsEdits?: boolean
  /**
   * Work for `process` that the event loop must not wait for, such as that of a thread: awaited before it. The bytes of the view stay as they are meanwhile;
   * other batches may pass. A batch for which it rejects is not forwarded.
   */
  prepare?(view: OtlpView): Promise<void>
  /** Says what to change. No I/O, no state across batches. A batch whose processor throws is not forwarded; a RefusedError says to the sender why. */
  process(view: OtlpView, edits: Edits): void
  /**
   * Stands between the processors of its pipeline and the exporters: batches go to what this returns, which hands on what it wants, when it wants. Connectors
   * get each batch as it comes. Called again, with the same meaning, when a reload makes the pipeline anew around the processor.
   */
  hold?(next: Next): Holder
  /** Hands on what it holds, with no more to come: the sidecar stops, or the pipeline goes. `stop` follows. */
  drain?(): Promise<void>
  /** Called when no batch is with it any more and none will come. */
  stop?(): void | Promise<void>
}
/** What comes behind a processor that holds batches. */
export interface Next {
  /** Id of the pipeline. */
  readonly pipeline: string
  /**
   * Retains the payload as long as it is needed. Resolves when every exporter has it as safely as its queue promises, however long one of them has no room; what
   * one refuses for good is counted and lost to it.
   */
  forward(payload: Payload): Promise<void>
}
/** Takes batches in place of exporters. */
export interface Holder {
  /** Throws the RefusedError of `deliver` at this moment. */
  checkRoom(payload: Payload): void
  /** Retains the payload as long as it is needed. Resolves when the batch is kept. Rejects with RefusedError. */
  deliver(payload: Payload): Promise<void>
}
export interface ProcessorDefinition<Config extends z.ZodType = z.ZodType> extends Definition<Config> {
  readonly kind: 'processor'
  readonly signals: readonly Signal[]
  create(config: z.output<Config>, context: ComponentContext): Processor
}

// Connectors: the end of one pipeline and the beginning of another

export interface ConnectorContext extends ComponentContext {
  /** Sends protobuf bytes of an Export<Signal>ServiceRequest into the pipelines that list this connector as a receiver. */
  emit(signal: Signal, bytes: Buffer): void
  service<T>(name: ServiceName<T>): T
}
export interface Connector {
  start(): void
  /** Reads the view after all processors, together with the edits; it keeps neither and changes nothing. */
  consume(view: OtlpView): void
  /** Emits what it still holds. */
  stop(): void
}
export interface ConnectorDefinition<Config extends z.ZodType = z.ZodType> extends Definition<Config> {
  readonly kind: 'connector'
  readonly from: readonly Signal[]
  readonly to: readonly Signal[]
  create(config: z.output<Config>, context: ConnectorContext): Connector
}

// Exporters

/** What became of one request to a backend. */
export type Sent =
  | { readonly outcome: 'sent'; readonly rejectedItems?: number; readonly message?: string }
  /** Temporary: try the same bytes again, not before `afterMs` when the backend said so. */
  | { readonly outcome: 'retry'; readonly afterMs?: number; readonly reason: string }
  /** Too large for the backend: try it in two halves, a single item without the ends of its values. `bytesMax` is what the backend takes, if it said so. */
  | { readonly outcome: 'split'; readonly reason: string; readonly bytesMax?: number }
  /** Permanent: counted and dropped. `isAboutContent`: something in this request is to blame, and another may be taken. */
  | { readonly outcome: 'rejected'; readonly reason: string; readonly isAboutContent?: boolean }

export interface Exporter extends Listens {
  start?(): Promise<void>
  /** Sends one batch. Does not throw for what a backend or a network does; aborts when the signal says so. */
  send(payload: Payload, abort: AbortSignal): Promise<Sent>
  /** Called after the last `send` has settled. */
  stop?(): Promise<void>
}
export interface ExporterDefinition<Config extends z.ZodType = z.ZodType> extends Definition<Config> {
  readonly kind: 'exporter'
  readonly signals: readonly Signal[]
  /**
   * `remote`: behind a sending queue; the keys `sending_queue` and `retry_on_failure` are added to its configuration.
   * `local`: `send` is called at once, in order, and its result never refuses the batch.
   */
  readonly delivery: 'remote' | 'local'
  create(config: z.output<Config>, context: ExporterContext): Exporter
}
export interface ExporterContext extends ComponentContext {
  /** The embedded store; opened when something asks for it. */
  service<T>(name: ServiceName<T>): T
}

// Extensions

export interface ExtensionContext extends ComponentContext {
  /** The control server (default 127.0.0.1:8080): routes may be added in `create`. */
  readonly http: FastifyInstance
  /** Since when everything has started, in milliseconds since 1970; undefined before, and when the sidecar stops. */
  readySinceMs(): number | undefined
  service<T>(name: ServiceName<T>): T
}
export interface Extension extends Listens {
  start?(): Promise<void>
  /** Why it does not do what it is there for, for /health and /readyz. */
  problem?(): string | undefined
  /** What such a problem is for machines. */
  readonly problemCode?: 'guard_closed' | 'fleet_unavailable'
  stop?(): Promise<void>
}
export interface ExtensionDefinition<Config extends z.ZodType = z.ZodType> extends Definition<Config> {
  readonly kind: 'extension'
  create(config: z.output<Config>, context: ExtensionContext): Extension
}

/** A part that several components of one sidecar share, made by the first that asks: the embedded store between exporter `store` and extension `page`. */
export interface ServiceName<T> {
  readonly name: string
  create(context: ComponentContext): T & { close(): void }
}

export type ComponentDefinition =
  | ReceiverDefinition
  | ProcessorDefinition
  | ConnectorDefinition
  | ExporterDefinition
  | ExtensionDefinition

type Without<D> = Omit<D, 'kind'>
export const defineReceiver = <C extends z.ZodType>(
  definition: Without<ReceiverDefinition<C>>,
): ReceiverDefinition<C> => ({
  kind: 'receiver',
  ...definition,
})
export const defineProcessor = <C extends z.ZodType>(
  definition: Without<ProcessorDefinition<C>>,
): ProcessorDefinition<C> => ({ kind: 'processor', ...definition })
export const defineConnector = <C extends z.ZodType>(
  definition: Without<ConnectorDefinition<C>>,
): ConnectorDefinition<C> => ({ kind: 'connector', ...definition })
export const defineExporter = <C extends z.ZodType>(
  definition: Without<ExporterDefinition<C>>,
): ExporterDefinition<C> => ({
  kind: 'exporter',
  ...definition,
})
export const defineExtension = <C extends z.ZodType>(
  definition: Without<ExtensionDefinition<C>>,
): ExtensionDefinition<C> => ({ kind: 'extension', ...definition })
