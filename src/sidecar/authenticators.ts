import type { ServiceName } from './component.ts'

/** Headers of a request by lower-case name. */
export type AskingHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What an extension does for the receivers and exporters that name it under `auth`. */
export interface Authenticator {
  /** Whether a request with these headers may be taken; at once where that is possible. Rejects with RefusedError when it can't be told now. */
  accepts?(headers: AskingHeaders): boolean | Promise<boolean>
  /** WWW-Authenticate of a refusal. */
  readonly challenge?: string
  /** What a client adds to each request. */
  requestHeaders?(): Readonly<Record<string, string>>
}

/** Authenticators by the id of their extension, for as long as that runs. */
export const authenticators: ServiceName<Map<string, Authenticator>> = {
  name: 'authenticators',
  create: () => Object.assign(new Map<string, Authenticator>(), { close() {} }),
}
