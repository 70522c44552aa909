import { authenticators } from '../../authenticators.ts'
import type { AskingHeaders, Authenticator } from '../../authenticators.ts'
import type { ReceiverContext } from '../../component.ts'
import { CODE_UNAUTHENTICATED } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

type AuthConfig = { readonly authenticator: string; readonly request_params: readonly string[] } | null | undefined

/** Asks the extension that `auth` names. It is looked up for each request, so a reload may replace it. */
export class Gate {
  readonly #auth: AuthConfig
  readonly #known: ReadonlyMap<string, Authenticator>

  constructor(auth: AuthConfig, context: Pick<ReceiverContext, 'service'>) {
    this.#auth = auth
    this.#known = context.service(authenticators)
  }

  /** Extensions are there when receivers start. Throws when the named one is not, or can't do this. */
  check(): void {
    const id = this.#auth?.authenticator
    if (id === undefined) return
    const authenticator = this.#known.get(id)
    if (authenticator?.accepts !== undefined) return
    throw new Error(
      authenticator === undefined
        ? `auth.authenticator: no extension ${id} says who may send; define it under extensions and list it in service.extensions`
        : `auth.authenticator: ${id} is for exporters only; for a receiver give it htpasswd, token, tokens or filename`,
    )
  }

  /** True for everybody without `auth`. Rejects with RefusedError when it can't be told now. */
  accepts(headers: AskingHeaders, url = ''): boolean | Promise<boolean> {
    if (this.#auth === null || this.#auth === undefined) return true
    const { authenticator: id, request_params } = this.#auth
    const authenticator = this.#known.get(id)
    if (authenticator?.accepts === undefined) return false
    return authenticator.accepts(request_params.length === 0 ? headers : withQuery(headers, url, request_params))
  }

  get refusal(): Refusal {
    return { code: CODE_UNAUTHENTICATED, httpStatus: 401, message: 'the credentials are missing or not valid' }
  }

  /** WWW-Authenticate of the refusal. */
  get challenge(): string {
    return this.#known.get(this.#auth?.authenticator ?? '')?.challenge ?? 'Bearer'
  }
}

function withQuery(headers: AskingHeaders, url: string, names: readonly string[]): AskingHeaders {
  const parameters = new URLSearchParams(url.split('?', 2)[1] ?? '')
  const merged: Record<string, string | string[] | undefined> = { ...headers }
  for (const name of names) {
    const value = parameters.get(name)
    if (value !== null) merged[name.toLowerCase()] = value
  }
  return merged
}
