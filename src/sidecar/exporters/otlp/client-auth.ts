import * as z from 'zod'
import { authenticators } from '../../authenticators.ts'
import type { ExporterContext } from '../../component.ts'

export const clientAuthConfig = z
  .strictObject({
    authenticator: z
      .string()
      .describe('Extension that says who the sidecar is, such as `bearertokenauth` or `basicauth` with `client_auth`.'),
  })
  .nullish()
  .describe('Credentials of the sidecar; none by default.')

/** What an authenticator adds to each request, as it is now: a token that was changed is sent from then on. */
export type RequestCredentials = () => Readonly<Record<string, string>> | undefined

/** Undefined out of it: the extension does not run, and nothing may be sent without it. */
export function requestCredentials(
  auth: z.output<typeof clientAuthConfig>,
  context: Pick<ExporterContext, 'service'>,
): RequestCredentials {
  if (auth === undefined || auth === null) return () => ({})
  const known = context.service(authenticators)
  return () => known.get(auth.authenticator)?.requestHeaders?.()
}

export const NO_CREDENTIALS = 'the extension of auth.authenticator does not run, or is for receivers only'
