import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net'
import { dirname } from 'node:path'
import { readFromAgent } from './from-agent.ts'
import { CONTROL_PROTOCOL } from './guard-messages.ts'
import type { CallScopes, FromAgent, FromSidecar, Hello } from './guard-messages.ts'
import { LineReader, lineOf } from './line-framing.ts'
import { ProtocolError } from './message-fields.ts'
import { identityOf } from './process-proof.ts'
import type { ProcessIdentity } from './process-proof.ts'
import { listenOnSocketFile } from './socket-file.ts'

/** A process of an agent that has said hello. */
export interface GuardPeer {
  readonly hello: Hello
  /** Which process of this host it is, where that can be seen. */
  readonly identity: ProcessIdentity
  /** Nothing happens when the connection has ended. */
  send(message: FromSidecar): void
  /** Says why, and ends the connection. */
  refuse(message: string): void
}

export interface GuardServerOptions {
  joined(peer: GuardPeer): void
  /** A message other than hello. What it throws ends the connection. */
  received(peer: GuardPeer, message: Exclude<FromAgent, Hello>): void
  left(peer: GuardPeer): void
  /** A connection was ended by this side. No content in the problem. */
  refused(reason: 'protocol' | 'token' | 'version' | 'silent' | 'slow' | 'failed', problem: string): void
  readonly connectionsMax: number
}

export type GuardListen =
  | { readonly path: string }
  /** Each `hello` must have the token. */
  | { readonly host: string; readonly port: number; token(): string }

/** From the connection to its hello. */
export const HELLO_MS_MAX = 5000
/** Answers that a process does not read; at so many bytes its connection ends. */
export const UNREAD_BYTES_MAX = 1024 * 1024

/** The sidecar's end of the control connections: framing, checks, hello; what is asked is for others to answer. */
export class GuardServer {
  readonly #options: GuardServerOptions
  readonly #listening: { readonly server: Server; readonly remove: (() => Promise<void>) | undefined }[] = []
  readonly #sockets = new Set<Socket>()

  constructor(options: GuardServerOptions) {
    this.#options = options
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** Returns the port of a TCP listener. Throws with the address in the message when it can't listen. */
  async listen(on: GuardListen): Promise<number | undefined> {
    const server = createServer((socket) =>
      this.#accept(socket, 'path' in on ? { folder: dirname(on.path) } : { token: on.token() }),
    )
    server.maxConnections = this.#options.connectionsMax
    const start = async (options: ListenOptions): Promise<void> => {
      server.listen(options)
      await once(server, 'listening')
    }
    if ('path' in on) {
      const remove = await listenOnSocketFile(on.path, (path) => start({ path }))
      this.#listening.push({ server, remove })
      return undefined
    }
    await start({ host: on.host, port: on.port })
    this.#listening.push({ server, remove: undefined })
    return (server.address() as AddressInfo).port
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const listening = this.#listening.splice(0)
    const closed = listening.map(({ server }) => once(server, 'close'))
    for (const { remove } of listening) await remove?.()
    for (const { server } of listening) server.close()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }

  #accept(socket: Socket, way: Way): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    const connection = new Connection(socket, way, this.#options)
    socket.on('data', (chunk: Buffer) => connection.read(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      connection.closed()
    })
  }
}

/** A socket in a folder, or a TCP connection that needs the token. */
type Way = { readonly folder: string; readonly token?: never } | { readonly token: string; readonly folder?: never }

class Connection {
  readonly #socket: Socket
  readonly #way: Way
  readonly #options: GuardServerOptions
  readonly #reader = new LineReader()
  readonly #silence: NodeJS.Timeout
  #peer: GuardPeer | undefined
  #unsent: string[] = []
  #hasEnded = false

  constructor(socket: Socket, way: Way, options: GuardServerOptions) {
    this.#socket = socket
    this.#way = way
    this.#options = options
    this.#silence = setTimeout(() => this.#endSilent(), HELLO_MS_MAX).unref()
  }

  read(chunk: Buffer): void {
    if (this.#hasEnded) return
    try {
      for (const value of this.#reader.messages(chunk)) {
        this.#take(readFromAgent(value))
        if (this.#hasEnded) return
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#end('protocol', error.message)
      else this.#end('failed', 'the sidecar failed on a message')
    }
  }

  closed(): void {
    clearTimeout(this.#silence)
    this.#hasEnded = true
    if (this.#peer !== undefined) this.#options.left(this.#peer)
    this.#peer = undefined
  }

  #take(message: FromAgent): void {
    if (message.type === 'hello') return this.#greet(message)
    if (this.#peer === undefined) return this.#end('protocol', 'the first message must be hello')
    if ('scopes' in message && !isOf(this.#peer.hello, message.scopes))
      return this.#end('protocol', 'scopes name another agent or tenant than the hello')
    this.#options.received(this.#peer, message)
  }

  #greet({ token, ...hello }: Hello): void {
    if (this.#peer !== undefined) return this.#end('protocol', 'there was a hello before')
    // The token first: whoever has none learns nothing.
    const { token: expected, folder } = this.#way
    if (expected !== undefined && !isSame(token ?? '', expected))
      return this.#end('token', 'the token is missing or wrong')
    if (hello.protocol !== CONTROL_PROTOCOL)
      return this.#end(
        'version',
        `this sidecar speaks version ${CONTROL_PROTOCOL} of the control protocol, not ${hello.protocol}: use the same release on both sides`,
      )
    clearTimeout(this.#silence)
    this.#peer = {
      hello,
      identity: identityOf(hello, folder),
      send: (message) => this.#send(message),
      refuse: (message) => this.#end('failed', message),
    }
    this.#options.joined(this.#peer)
  }

  /** All that is sent in one turn goes in one write. */
  #send(message: FromSidecar): void {
    if (this.#hasEnded) return
    if (this.#unsent.length === 0) queueMicrotask(() => this.#write())
    this.#unsent.push(lineOf(message))
  }

  #write(): void {
    if (this.#unsent.length === 0 || this.#socket.destroyed) return
    this.#socket.write(this.#unsent.splice(0).join(''))
    if (this.#socket.writableLength <= UNREAD_BYTES_MAX) return
    this.#options.refused('slow', 'it does not read its answers')
    this.#hasEnded = true
    this.#socket.destroy()
  }

  /** Without a word: a process that was busy starting is no fault, and comes again at once. */
  #endSilent(): void {
    this.#options.refused('silent', `it said nothing for ${HELLO_MS_MAX} ms`)
    this.#hasEnded = true
    this.#socket.destroy()
  }

  #end(reason: Parameters<GuardServerOptions['refused']>[0], message: string): void {
    if (this.#hasEnded) return
    this.#options.refused(reason, message)
    this.#unsent.push(lineOf({ type: 'refusal', message }))
    this.#write()
    this.#hasEnded = true
    // Not kept open for one that goes on writing.
    this.#socket.end(() => this.#socket.destroy())
  }
}

/** A process speaks for its own agent only, and for its tenant where it has one. */
const isOf = ({ agent, tenant }: Hello, scopes: CallScopes): boolean =>
  scopes.agent === agent && (tenant === undefined || scopes.tenant === undefined || scopes.tenant === tenant)

/** Takes the same time wherever they differ. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
