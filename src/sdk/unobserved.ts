import { subscribe } from 'node:diagnostics_channel'
import type { Instrumentation } from './instrumentation/instrumentation.ts'
import type { LibraryTable } from './library-table.ts'
import type { Notices } from './notices.ts'

/**
 * A client library that sends requests but was never seen loading is not observed: it is part of a bundle, or was loaded before us. Silence
 * would be taken for "no calls", so its first request is told. It is recognised by its user agent, on the channel that `fetch` reports to.
 */
export function warnOfUnobserved(
  instrumentations: readonly Instrumentation[],
  table: LibraryTable,
  notices: Notices,
): void {
  const unseen = new Map(
    instrumentations.flatMap(({ library, userAgent }) =>
      userAgent === undefined ? [] : [[library, userAgent] as const],
    ),
  )
  subscribe('undici:request:create', (message) => {
    if (unseen.size === 0) return
    for (const { library } of table.found.values()) unseen.delete(library)
    const agent = unseen.size === 0 ? undefined : userAgentOf(message)
    if (agent === undefined) return
    for (const [library, pattern] of unseen) {
      if (!pattern.test(agent)) continue
      unseen.delete(library)
      notices.warn(
        `unobserved ${library}`,
        `${library} is NOT observed: it makes requests but was not loaded as a package of its own (bundled?); they are seen as plain HTTP at most; ${remedy(instrumentations, library)}`,
      )
    }
  })
}

/** What is exchanged inside a file cannot be reached from outside: such a library has to stay a package of its own. */
function remedy(instrumentations: readonly Instrumentation[], library: string): string {
  const byHand = instrumentations.some(
    (one) => one.library === library && one.modules.some(({ exported }) => exported !== undefined),
  )
  return byHand
    ? 'instrument() of spanwarden observes them'
    : 'leave it out of the bundle (external) to have it observed'
}

/** undici keeps the headers of a request as a flat list of names and values. */
function userAgentOf(message: unknown): string | undefined {
  const request = typeof message === 'object' && message !== null ? Reflect.get(message, 'request') : undefined
  const headers: unknown = typeof request === 'object' && request !== null ? Reflect.get(request, 'headers') : undefined
  if (!Array.isArray(headers)) return undefined
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (String(headers[index]).toLowerCase() === 'user-agent') return String(headers[index + 1])
  }
  return undefined
}
