import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { createClient, RedisClientOptions } from 'redis'
import type { Clock } from '../../../component.ts'
import type { FleetConfig } from './fleet-config.ts'

type Client = ReturnType<typeof createClient>

/** Redis can't be asked, or did not answer in time: whether it has done what was asked is not known. No password in the message. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError'
}

/** It would lose what it holds, or the client is not installed: nothing gets better by itself. */
export class RedisUnfitError extends Error {
  override readonly name = 'RedisUnfitError'
}

export interface Script {
  readonly text: string
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
}

export interface RedisLinkOptions {
  readonly config: FleetConfig
  readonly channel: string
  readonly clock: Clock
  random(): number
  /** Connected, and fit; after each loss again. */
  connected(): void
  /** Why there is no connection now; told once for each. */
  lost(error: Error): void
  /** Told by another sidecar. */
  news(message: string): void
}

const BACKOFF_MS_MIN = 50
const BACKOFF_MS_MAX = 2000
/** Commands that wait for an answer; further ones fail at once. */
const COMMANDS_MAX = 10_000

/** One connection to ask and one to listen, made again whenever they end. A command that takes too long ends both. */
export class RedisLink {
  readonly #options: RedisLinkOptions
  #clients: { readonly ask: Client; readonly listen: Client } | undefined
  #isReady = false
  #isClosed = false
  #failures = 0
  /** Replicas that the server has; one of them must have what is granted. */
  replicas = 0
  #unfit: RedisUnfitError | undefined
  #cancelRetry = (): void => {}

  constructor(options: RedisLinkOptions) {
    this.#options = options
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** Goes on trying until `close`. Resolves after the first try; throws RedisUnfitError when that says that no other will do. */
  async open(): Promise<void> {
    await this.#connect()
    if (this.#unfit !== undefined) throw this.#unfit
  }

  /** Runs a script. `isDurable`: replicas have to have what it changed. Throws RedisAwayError. */
  async run({ text, keys, args }: Script, isDurable = false): Promise<unknown> {
    const client = this.#clients?.ask
    if (client === undefined || !this.#isReady) throw new RedisAwayError('there is no connection to Redis')
    const replicas = isDurable ? (this.#options.config.wait_replicas ?? Math.min(1, this.replicas)) : 0
    return await this.#inTime(client, async () => {
      const reply = await evaluate(client, text, keys, args.map(String))
      if (replicas > 0 && Number(await client.sendCommand(['WAIT', String(replicas), String(this.#waitMs)])) < replicas)
        throw new RedisAwayError(
          `fewer than ${replicas} replicas of Redis have what was granted, so it is not used: a failover would lose it. Where there are no replicas any more, set wait_replicas to 0`,
        )
      return reply
    })
  }

  close(): void {
    this.#isClosed = true
    this.#cancelRetry()
    this.#drop()
  }

  get #waitMs(): number {
    return Math.max(1, Math.floor(this.#options.config.command_timeout / 2))
  }

  async #connect(): Promise<void> {
    const { config, clock } = this.#options
    let ask: Client | undefined
    try {
      const { createClient } = await loadRedis()
      const options = await clientOptions(config)
      if (this.#isClosed) return
      ask = createClient(options)
      const clients = { ask, listen: createClient(options) }
      this.#clients = clients
      const isCurrent = (): boolean => this.#clients === clients
      for (const client of [clients.ask, clients.listen]) {
        client.on('error', (error: unknown) => void (isCurrent() && this.#lost(error)))
        client.on('end', () => void (isCurrent() && this.#lost(new Error('the connection has ended'))))
      }
      const { promise: tooLate, reject } = Promise.withResolvers<never>()
      const cancel = clock.after(config.command_timeout * 3, () => reject(new Error('it takes too long to connect')))
      try {
        await Promise.race([this.#prepare(clients), tooLate])
      } finally {
        cancel()
      }
      if (!isCurrent() || this.#isClosed) return
      this.#isReady = true
      this.#failures = 0
      this.#unfit = undefined
      this.#options.connected()
    } catch (error) {
      if (error instanceof RedisUnfitError) this.#unfit = error
      if (!this.#isClosed && (ask === undefined || this.#clients?.ask === ask)) this.#lost(error)
    }
  }

  async #prepare({ ask, listen }: { ask: Client; listen: Client }): Promise<void> {
    await ask.connect()
    await checkRole(ask)
    await checkEviction(ask, this.#options.config.trust_noeviction)
    await listen.connect()
    await listen.subscribe(this.#options.channel, (message) => this.#options.news(message))
  }

  #lost(error: unknown): void {
    this.#drop()
    const known = error instanceof RedisUnfitError || error instanceof RedisAwayError
    this.#options.lost(known ? error : new RedisAwayError(reasonOf(error)))
    const { clock, random } = this.#options
    const waitMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#failures++) * (0.5 + random() / 2)
    this.#cancelRetry()
    if (!this.#isClosed) this.#cancelRetry = clock.after(waitMs, () => void this.#connect())
  }

  #drop(): void {
    this.#isReady = false
    const clients = this.#clients
    this.#clients = undefined
    for (const client of [clients?.ask, clients?.listen]) if (client?.isOpen === true) client.destroy()
  }

  async #inTime<T>(client: Client, work: () => Promise<T>): Promise<T> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>()
    const { command_timeout: timeoutMs } = this.#options.config
    const cancel = this.#options.clock.after(timeoutMs, () => {
      const error = new RedisAwayError(`Redis did not answer within ${timeoutMs} ms`)
      reject(error)
      // What comes behind it would wait as well, and an answer that comes late must not be taken for another one's.
      if (this.#clients?.ask === client) this.#lost(error)
    })
    const working = work()
    working.catch(() => {})
    try {
      return await Promise.race([working, tooLate])
    } catch (error) {
      const away = error instanceof RedisAwayError ? error : new RedisAwayError(reasonOf(error))
      // The address may lead to another server by now.
      if (isNotPrimary(error) && this.#clients?.ask === client) this.#lost(away)
      throw away
    } finally {
      cancel()
    }
  }
}

async function loadRedis(): Promise<{ createClient: typeof createClient }> {
  try {
    return await import('redis')
  } catch (cause) {
    throw new RedisUnfitError(
      'extensions.guard.fleet needs the package `redis`, which is not installed: run `npm install redis@6` where spanwarden is installed, or leave fleet out',
      { cause },
    )
  }
}

async function evaluate(client: Client, text: string, keys: readonly string[], args: string[]): Promise<unknown> {
  try {
    return await client.evalSha(hashOf(text), { keys: [...keys], arguments: args })
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return await client.eval(text, { keys: [...keys], arguments: args })
  }
}

const hashes = new Map<string, string>()
function hashOf(text: string): string {
  const known = hashes.get(text)
  if (known !== undefined) return known
  const hash = createHash('sha1').update(text).digest('hex')
  hashes.set(text, hash)
  return hash
}

/** Of a server that was the primary, or is not yet. */
const isNotPrimary = (error: unknown): boolean =>
  error instanceof Error && /^(?:READONLY|LOADING|MASTERDOWN)\b/.test(error.message)

async function checkRole(client: Client): Promise<void> {
  const told = String(await client.sendCommand(['INFO']).catch(() => ''))
  if (/redis_mode:sentinel/.test(told))
    throw new RedisUnfitError(
      'extensions.guard.fleet.url is a Sentinel, which is not spoken: name an address that leads to the primary (a proxy such as HAProxy that asks for role:master, a virtual address, a managed endpoint)',
    )
  if (/role:slave/.test(told))
    throw new RedisAwayError('it is a replica, nothing can be written there: url has to lead to the primary')
}

/** A server that evicts keys forgets what was spent. */
async function checkEviction(client: Client, isTrusted: boolean): Promise<void> {
  const told = await client.configGet('maxmemory-policy').catch(() => undefined)
  const text = told === undefined ? String(await client.sendCommand(['INFO', 'memory']).catch(() => '')) : ''
  const policy = told?.['maxmemory-policy'] ?? /maxmemory_policy:([\w-]+)/.exec(text)?.[1]
  if (policy === 'noeviction' || (policy === undefined && isTrusted)) return
  throw new RedisUnfitError(
    policy === undefined
      ? 'Redis does not tell its maxmemory-policy (CONFIG GET and INFO are forbidden): see that it is noeviction, then set trust_noeviction of extensions.guard.fleet'
      : `Redis has maxmemory-policy ${policy} and would forget what was spent: set it to noeviction`,
  )
}

async function clientOptions({
  url,
  username,
  password,
  tls,
  command_timeout: timeoutMs,
}: FleetConfig): Promise<RedisClientOptions> {
  const common = { connectTimeout: timeoutMs, reconnectStrategy: false } as const
  const base = {
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: COMMANDS_MAX,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  } as const
  if (!url.startsWith('rediss:')) return { ...base, socket: common }
  const [ca, cert, key] = await Promise.all([tls?.ca_file, tls?.cert_file, tls?.key_file].map(readPem))
  return {
    ...base,
    socket: {
      ...common,
      tls: true,
      rejectUnauthorized: tls?.insecure_skip_verify !== true,
      ...(tls?.server_name_override === undefined ? {} : { servername: tls.server_name_override }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  }
}

async function readPem(path: string | undefined): Promise<Buffer | undefined> {
  try {
    return path === undefined ? undefined : await readFile(path)
  } catch (cause) {
    throw new RedisUnfitError(`extensions.guard.fleet.tls: cannot read ${path}`, { cause })
  }
}

/** What Redis says may hold what it was given: its first word is enough. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Redis failed'
  if ('code' in error && typeof error.code === 'string') return `Redis can't be reached (${error.code})`
  const [word = ''] = /^[A-Z]{3,}/.exec(error.message) ?? []
  if (word === 'MOVED')
    return 'Redis refuses (MOVED): it is a cluster, and another node of it has the slot of key_prefix. Name that node, or a proxy'
  if (word === 'NOAUTH' || word === 'WRONGPASS' || word === 'NOPERM')
    return `Redis refuses (${word}): look at the user and the password in url, and at what the user may do`
  return word === '' ? `Redis failed (${error.name}: ${error.message.slice(0, 100)})` : `Redis refuses (${word})`
}
