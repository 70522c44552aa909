import { endpointOf } from '../endpoint.ts'
import { fieldsOf, isFields, nameOf } from '../fields.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Fields } from '../fields.ts'

/**
 * What only the exchange itself tells: where a client's calls go (the client resolves its endpoint asynchronously, from the region, a
 * profile or a rule set), and the token counts in the headers of InvokeModel, which its output leaves out.
 */
export function watchExchanges(client: unknown): void {
  if (!isFields(client) || watched.has(client)) return
  watched.add(client)
  const stack = fieldsOf(client['middlewareStack'])
  const { add } = stack
  if (typeof add !== 'function') return
  const found = new WeakRef(client)
  const middleware =
    (next: (args: unknown) => Promise<unknown>) =>
    async (args: unknown): Promise<unknown> => {
      noteEndpoint(found.deref(), fieldsOf(fieldsOf(args)['request']))
      const result = await next(args)
      const { output, response } = fieldsOf(result)
      if (isFields(output)) headers.set(output, fieldsOf(fieldsOf(response)['headers']))
      return result
    }
  // Outermost of its step, so that the output is made when it gets the response.
  Reflect.apply(add, stack, [middleware, { step: 'deserialize', priority: 'high', name: 'spanwardenMiddleware' }])
}

/** Where the last call of this client went; undefined before its first one. */
export const endpointOfClient = (client: unknown): Endpoint | undefined =>
  isFields(client) ? endpoints.get(client) : undefined

/** HTTP headers of the answer that an output was made of. */
export const headersOf = (output: unknown): Fields => (isFields(output) ? (headers.get(output) ?? {}) : {})

const watched = new WeakSet<object>()
const endpoints = new WeakMap<object, Endpoint>()
const headers = new WeakMap<object, Fields>()

function noteEndpoint(client: object | undefined, { protocol, hostname, port }: Fields): void {
  const host = nameOf(hostname)
  if (client === undefined || host === undefined) return
  const url = `${nameOf(protocol) ?? 'https:'}//${host}${typeof port === 'number' ? `:${port}` : ''}`
  endpoints.set(client, endpointOf(url))
}
