import type { KillScope } from '../ledger/kill-book.ts'
import { UsageError } from './command.ts'

export interface NamedScope {
  readonly scope: KillScope
  readonly value: string
}

const SCOPES: readonly KillScope[] = ['fleet', 'agent', 'tenant', 'run', 'tool', 'model']

/** `agent=support`, `run=<trace id>`, `fleet`; nothing is the fleet. Throws UsageError. */
export function killScopeOf(words: readonly string[]): NamedScope {
  const [text = 'fleet', ...more] = words
  if (more.length > 0) throw new UsageError('one scope at a time; a value with spaces is quoted: agent="my agent"')
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const value = equals < 0 ? '' : text.slice(equals + 1)
  const scope = SCOPES.find((one) => one === name)
  if (scope === undefined) throw new UsageError(`${text}: the scope is ${SCOPES.join(', ')}, as in agent=support`)
  if (scope === 'fleet' && value !== '') throw new UsageError('the fleet has no name: write fleet, or nothing')
  if (scope !== 'fleet' && value === '') throw new UsageError(`which ${scope}? Write ${scope}=<name>`)
  return { scope, value }
}

/** As it is written on the command line. */
export const scopeText = ({ scope, value }: { readonly scope: string; readonly value: string }): string =>
  scope === 'fleet' ? 'fleet' : `${scope}=${value}`
