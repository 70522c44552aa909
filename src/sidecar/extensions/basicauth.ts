import * as z from 'zod'
import { authenticators } from '../authenticators.ts'
import type { AskingHeaders, Authenticator } from '../authenticators.ts'
import { defineExtension } from '../component.ts'
import type { ExtensionContext } from '../component.ts'
import { parseHtpasswd } from './auth/htpasswd.ts'
import { PasswordChecker } from './auth/password-checker.ts'
import { WatchedFile } from './auth/watched-file.ts'

const htpasswd = z
  .strictObject({
    file: z.string().default('').describe('File of names and passwords; read again when it changes.'),
    inline: z.string().default('').describe('The same as text; its lines count before those of the file.'),
  })
  .refine(({ file, inline }) => file !== '' || inline !== '', 'give file or inline')
  .optional()
  .describe(
    'For receivers: who may send. Lines of `user:hash` as `htpasswd -B` writes them (bcrypt; also apr1, $1$, {SHA}, {SSHA} and plain text).',
  )

const clientAuth = z
  .strictObject({
    username: z.string().default('').describe('Name to send.'),
    username_file: z
      .string()
      .default('')
      .describe('File with the name, in place of `username`; read again when it changes.'),
    password: z.string().default('').describe('Password to send.'),
    password_file: z
      .string()
      .default('')
      .describe('File with the password, in place of `password`; read again when it changes.'),
  })
  .optional()
  .describe('For exporters: what to send.')

const config = z
  .strictObject({ htpasswd, client_auth: clientAuth })
  .refine((c) => (c.htpasswd === undefined) !== (c.client_auth === undefined), {
    error: 'give either htpasswd, for receivers, or client_auth, for exporters',
    path: ['htpasswd'],
  })

const CREDENTIALS_BYTES_MAX = 2048

/**
 * Names and passwords (RFC 7617): of those who may send to a receiver, or to send with an exporter. Both name it under `auth.authenticator`.
 */
export const basicauth = defineExtension({
  type: 'basicauth',
  summary: 'Names and passwords of those who may send to a receiver, or for an exporter to send.',
  config,
  create({ htpasswd: server, client_auth }, context) {
    const known = context.service(authenticators)
    const { authenticator, files } =
      server !== undefined ? forReceivers(server, context) : forExporters(client_auth ?? emptyClient, context)
    return {
      async start() {
        for (const file of files) file.start()
        known.set(context.id, authenticator)
      },
      async stop() {
        for (const file of files) file.stop()
        if (known.get(context.id) === authenticator) known.delete(context.id)
      },
    }
  },
})

type ClientAuth = NonNullable<z.output<typeof clientAuth>>
const emptyClient: ClientAuth = { username: '', username_file: '', password: '', password_file: '' }

interface Parts {
  readonly authenticator: Authenticator
  readonly files: readonly WatchedFile[]
}

function forReceivers({ file, inline }: NonNullable<z.output<typeof htpasswd>>, context: ExtensionContext): Parts {
  const checker = new PasswordChecker()
  const use = (text: string): void => checker.use(parseHtpasswd(text === '' ? inline : `${text}\n${inline}`))
  if (file === '') use('')
  return {
    authenticator: {
      challenge: 'Basic realm="otlp", charset="UTF-8"',
      accepts: (headers) => {
        const credentials = credentialsIn(headers)
        return credentials === undefined ? false : checker.accepts(...credentials)
      },
    },
    files: file === '' ? [] : [new WatchedFile(file, context, use)],
  }
}

function credentialsIn({ authorization }: AskingHeaders): [user: string, password: string] | undefined {
  if (typeof authorization !== 'string' || authorization.length > CREDENTIALS_BYTES_MAX) return undefined
  const [, base64 = ''] = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization) ?? []
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

function forExporters(client: ClientAuth, context: ExtensionContext): Parts {
  const now = { user: client.username, password: client.password }
  const files: WatchedFile[] = []
  if (client.username_file !== '') {
    files.push(new WatchedFile(client.username_file, context, (text) => void (now.user = text.trim())))
  }
  if (client.password_file !== '') {
    files.push(new WatchedFile(client.password_file, context, (text) => void (now.password = text.trim())))
  }
  const encoded = (): string => Buffer.from(`${now.user}:${now.password}`, 'utf8').toString('base64')
  return { authenticator: { requestHeaders: () => ({ authorization: `Basic ${encoded()}` }) }, files }
}
