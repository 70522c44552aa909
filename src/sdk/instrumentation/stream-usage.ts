import { context, createContextKey } from '@opentelemetry/api'
import { HIDDEN } from '../stream.ts'
import { endpointOf } from './endpoint.ts'
import { fieldsOf, isFields, nameOf } from './fields.ts'
import { isResponse, override } from './raw-response.ts'
import type { Hiding } from './api-promise.ts'
import type { Fields } from './fields.ts'
import type { SdkContext } from './instrumentation.ts'

/**
 * A streaming call in OpenAI's format that does not say whether it wants its usage. Where the provider only counts tokens when asked,
 * `stream_options.include_usage` is added to the JSON that is sent, not to the caller's object, and what the provider sends because of it
 * (`usage` in the chunks, a last chunk without choices) is taken out of the answer again, however it is read.
 *
 * Asked are OpenAI, Azure from API version 2024-09-01 on, and the hosts of `SPANWARDEN_STREAM_USAGE_HOSTS`. Not asked are providers that
 * count without being asked (Groq, DeepSeek, Together, OpenRouter, xAI, Perplexity, Cerebras, Mistral, Fireworks: recordings and documentation of
 * 2026-11), since what they send is what the caller expects, and hosts that are not known, since they may refuse a field they do not know.
 */
export class StreamUsage implements Hiding {
  readonly #client: object
  readonly #baseUrl: string
  #asked = false
  #unasked: string | undefined

  constructor(client: object, baseUrl: string) {
    this.#client = client
    this.#baseUrl = baseUrl
  }

  /** Runs the library's call, in which `askForStreamUsage` finds this. */
  run<T>(work: () => T): T {
    return context.with(context.active().setValue(key, this), work)
  }

  get asked(): boolean {
    return this.#asked
  }

  isOf(client: unknown): boolean {
    return client === this.#client
  }

  /** The JSON of a request, with the wish added when it can be. `body` is the object that was made JSON. */
  ask(json: string, body: Fields): string {
    this.#asked = false
    if (refused.has(this.#baseUrl) || !isSilent(body)) return json
    const asking = withWish(json, body['stream_options'])
    if (asking === undefined) return json
    this.#asked = true
    this.#unasked = json
    return asking
  }

  /** The provider does not know the field: it is not asked again. Returns the request as the caller meant it. */
  refuse(): string | undefined {
    this.askNoMore()
    this.#asked = false
    return this.#unasked
  }

  /** It is answered. A connection that was opened for it keeps this, so the request is let go. */
  sent(): void {
    this.#unasked = undefined
  }

  askNoMore(): void {
    if (refused.size >= REFUSED_MAX) refused.clear()
    refused.add(this.#baseUrl)
  }

  shown(event: unknown): unknown {
    if (!this.#asked || !isFields(event) || !Object.hasOwn(event, 'usage')) return event
    // A copy, since deleting the field makes V8 treat the object as a dictionary, at ten times the cost.
    const { usage, ...rest } = event
    const { choices } = rest
    return isFields(usage) && Array.isArray(choices) && choices.length === 0 ? HIDDEN : rest
  }
}

/** Undefined when the call needs no wish: it does not stream, says itself what it wants, or goes where nobody is asked. */
export function streamUsageOf(client: Fields, body: Fields, sdk: SdkContext): StreamUsage | undefined {
  if (!isSilent(body)) return undefined
  const baseUrl = nameOf(client['baseURL'])
  if (baseUrl === undefined || !countsWhenAsked(client, baseUrl, sdk.streamUsageHosts ?? [])) return undefined
  return new StreamUsage(client, baseUrl)
}

/** A stream whose request says nothing about usage. One that makes its own JSON may say anything. */
const isSilent = (body: Fields): boolean =>
  body['stream'] === true &&
  fieldsOf(body['stream_options'])['include_usage'] === undefined &&
  typeof body['toJSON'] !== 'function'

/**
 * Lets the client write the wish: `buildBody` makes the JSON of a request, `fetchWithTimeout` sends it (openai >= 5, and what is generated
 * alike). A request that is refused because of the wish is sent once more without it. Clients without these methods are not asked, which is told as a fault.
 */
export function askForStreamUsage(client: unknown, sdk: SdkContext): void {
  const prototype: unknown = typeof client === 'function' ? client.prototype : undefined
  const { buildBody, fetchWithTimeout } = fieldsOf(prototype)
  if (!isFields(prototype) || typeof buildBody !== 'function' || typeof fetchWithTimeout !== 'function') {
    return sdk.fault('stream usage: unknown client', new TypeError('no buildBody or no fetchWithTimeout'))
  }
  const build = {
    buildBody(this: unknown, ...args: unknown[]): unknown {
      const built: unknown = Reflect.apply(buildBody, this, args)
      const usage = usageOf(this)
      return usage === undefined ? built : asking(usage, args[0], built, sdk)
    },
  }.buildBody
  const send = {
    fetchWithTimeout(this: unknown, ...args: unknown[]): unknown {
      const usage = usageOf(this)
      const make = (...changed: unknown[]): unknown => Reflect.apply(fetchWithTimeout, this, changed)
      return usage?.asked === true ? sendAgain(usage, make, args) : make(...args)
    },
  }.fetchWithTimeout
  for (const [replacement, original] of [[build, buildBody] as const, [send, fetchWithTimeout] as const]) {
    Object.defineProperty(replacement, 'length', { value: original.length, configurable: true })
    override(prototype, replacement.name, replacement)
  }
}

const key = createContextKey('spanwarden.stream usage')

/** Base URLs that refused the wish; one more starts the set anew. */
const REFUSED_MAX = 100
const refused = new Set<string>()

function usageOf(client: unknown): StreamUsage | undefined {
  const value = context.active().getValue(key)
  return value instanceof StreamUsage && value.isOf(client) ? value : undefined
}

function asking(usage: StreamUsage, request: unknown, built: unknown, sdk: SdkContext): unknown {
  try {
    const body = fieldsOf(built)['body']
    if (typeof body !== 'string') return built
    const json = usage.ask(body, fieldsOf(fieldsOf(fieldsOf(request)['options'])['body']))
    return json === body ? built : { ...fieldsOf(built), body: json }
  } catch (error) {
    sdk.fault('stream usage: ask', error)
    return built
  }
}

async function sendAgain(usage: StreamUsage, make: (...args: unknown[]) => unknown, args: unknown[]): Promise<unknown> {
  const response: unknown = await make(...args)
  const body = (await isRefusal(response, usage)) ? usage.refuse() : undefined
  usage.sent()
  if (body === undefined) return response
  const [url, init, ...rest] = args
  return make(url, { ...fieldsOf(init), body }, ...rest)
}

/** Whether the provider refuses the wish. A response of the application's own making may refuse to be copied. */
async function isRefusal(response: unknown, usage: StreamUsage): Promise<boolean> {
  // A `fetch` of another making (node-fetch): nothing can be hidden in the body that a caller of it reads himself.
  if (!isResponse(response)) usage.askNoMore()
  if (!isResponse(response) || (response.status !== 400 && response.status !== 422)) return false
  try {
    if (!/stream_options|include_usage/.test(await response.clone().text())) return false
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

/**
 * The text is added to, not the object, whose serialisation (the client's observers of it) stays as it was. In JSON, a quoted name without
 * a backslash is a key or a whole string: where options that are there could be confused with one of those, nothing is asked.
 */
function withWish(json: string, options: unknown): string | undefined {
  if (!json.startsWith('{"')) return undefined
  if (options === undefined) return `{${OPTIONS}:{${WISH}},${json.slice(1)}`
  const start = json.indexOf(`${OPTIONS}:{`) + OPTIONS.length + 2
  if (!isFields(options) || json.indexOf(OPTIONS) !== json.lastIndexOf(OPTIONS) || json[start - 1] !== '{')
    return undefined
  return `${json.slice(0, start)}${WISH}${json[start] === '}' ? '' : ','}${json.slice(start)}`
}

const OPTIONS = '"stream_options"'
const WISH = '"include_usage":true'

function countsWhenAsked(client: Fields, baseUrl: string, hosts: readonly string[]): boolean {
  if (hosts.includes('none')) return false
  const { address = '', provider } = endpointOf(baseUrl)
  if (address === 'api.openai.com' || address.endsWith('.api.openai.com')) return true
  if (AZURE.test(address)) return azureCounts(client, baseUrl)
  return hosts.includes(address) || (hosts.includes('*') && (provider === undefined || !COUNTS_UNASKED.has(provider)))
}

const AZURE = /\.(openai|services\.ai|cognitiveservices)\.azure\.com$/
const COUNTS_UNASKED = new Set([
  'groq',
  'deepseek',
  'together',
  'openrouter',
  'x_ai',
  'perplexity',
  'cerebras',
  'mistral_ai',
])

/** Versions before 2024-09-01 refuse the field; the path of the API without dated versions is `/openai/v1`. */
function azureCounts(client: Fields, baseUrl: string): boolean {
  const query = fieldsOf(fieldsOf(client['_options'])['defaultQuery'])
  const version = nameOf(client['apiVersion']) ?? nameOf(query['api-version'])
  return version === undefined ? baseUrl.includes('/openai/v1') : version.slice(0, 10) >= '2024-09-01'
}
