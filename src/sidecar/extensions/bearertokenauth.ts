import { createHash, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { authenticators } from '../authenticators.ts'
import type { AskingHeaders, Authenticator } from '../authenticators.ts'
import { defineExtension } from '../component.ts'
import { duration } from '../config-types.ts'
import { WatchedFile } from './auth/watched-file.ts'

const TOKENS_MAX = 1000
/** RFC 9110, 5.6.2. */
const headerName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'it is no name of a header')

const config = z
  .strictObject({
    header: headerName.default('Authorization').describe('Header that has the token.'),
    scheme: z.string().default('Bearer').describe('Word before the token; empty for none.'),
    token: z.string().optional().describe('The token: to be taken by a receiver, to be sent by an exporter.'),
    tokens: z
      .array(z.string().min(1))
      .max(TOKENS_MAX)
      .default([])
      .describe('Several tokens in place of `token`, to change them one after the other; an exporter sends the first.'),
    filename: z
      .string()
      .optional()
      .describe(
        'File of tokens, the first word of each line; read again when it changes. It counts instead of `token`.',
      ),
    retry_on_failure: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Starts without the file, and waits for it.'),
        initial_interval: duration
          .optional()
          .describe('For configurations of the stock collector: the file is looked for every 5 s.'),
        max_interval: duration.optional().describe('As `initial_interval`.'),
        max_elapsed_time: duration.optional().describe('As `initial_interval`; it is waited for without end.'),
        multiplier: z.number().optional().describe('As `initial_interval`.'),
        randomization_factor: z.number().optional().describe('As `initial_interval`.'),
      })
      .prefault({})
      .describe('What to do when the file is not there at the start.'),
    wait_for_token_file: z
      .boolean()
      .default(false)
      .describe('Does not start without the file, whatever `retry_on_failure` says.'),
  })
  .refine((c) => (c.token ?? '') !== '' || c.tokens.length > 0 || c.filename !== undefined, {
    error: 'give token, tokens or filename',
    path: ['token'],
  })
  .refine((c) => c.token === undefined || c.tokens.length === 0, {
    error: 'give either token or tokens',
    path: ['tokens'],
  })

/** Tokens (RFC 6750): of those who may send to a receiver, or to send with an exporter. Both name it under `auth.authenticator`. */
export const bearertokenauth = defineExtension({
  type: 'bearertokenauth',
  summary: 'Tokens of those who may send to a receiver, or for an exporter to send.',
  config,
  create({ header, scheme, token, tokens, filename, retry_on_failure, wait_for_token_file }, context) {
    const known = context.service(authenticators)
    const authenticator = new TokenAuthenticator(header.toLowerCase(), scheme)
    if (filename === undefined) authenticator.use(token === undefined ? tokens : [token])
    else if (token !== undefined || tokens.length > 0) {
      context.logger.warn({}, 'filename counts: the tokens beside it are not used')
    }
    const file =
      filename === undefined
        ? undefined
        : new WatchedFile(filename, context, (text) => authenticator.use(tokensIn(text)))
    return {
      async start() {
        file?.start(retry_on_failure.enabled && !wait_for_token_file)
        known.set(context.id, authenticator)
      },
      async stop() {
        file?.stop()
        if (known.get(context.id) === authenticator) known.delete(context.id)
      },
    }
  },
})

/** The first word of each line; the rest is a comment. */
function tokensIn(text: string): readonly string[] {
  const tokens = text.split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || [])
  if (tokens.length === 0) throw new Error('there is no token in the file')
  if (tokens.length > TOKENS_MAX) throw new Error(`there are more than ${TOKENS_MAX} tokens in the file`)
  return tokens
}

class TokenAuthenticator implements Authenticator {
  readonly #header: string
  readonly #scheme: string
  #digests: readonly Buffer[] = []
  #first = ''

  constructor(header: string, scheme: string) {
    this.#header = header
    this.#scheme = scheme
  }

  use(tokens: readonly string[]): void {
    this.#digests = tokens.map(digestOf)
    this.#first = tokens[0] ?? ''
  }

  get challenge(): string {
    return `${this.#scheme === '' ? 'Bearer' : this.#scheme} realm="otlp"`
  }

  /** All tokens are compared, each in the same time, so that the time tells nothing. */
  accepts(headers: AskingHeaders): boolean {
    const value = headers[this.#header]
    const token = typeof value === 'string' ? this.#tokenIn(value) : undefined
    if (token === undefined) return false
    const digest = digestOf(token)
    let isKnown = false
    for (const expected of this.#digests) isKnown = timingSafeEqual(expected, digest) || isKnown
    return isKnown
  }

  requestHeaders(): Readonly<Record<string, string>> {
    return { [this.#header]: this.#scheme === '' ? this.#first : `${this.#scheme} ${this.#first}` }
  }

  /** The scheme counts in any case (RFC 9110, 11.1). */
  #tokenIn(value: string): string | undefined {
    if (this.#scheme === '') return value
    const start = value.slice(0, this.#scheme.length + 1)
    return start.toLowerCase() === `${this.#scheme.toLowerCase()} ` ? value.slice(start.length).trim() : undefined
  }
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()
