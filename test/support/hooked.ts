import { createRequire } from 'node:module'
import { hookModules } from '../../src/sdk/hook.ts'
import type { Instrumentation } from '../../src/sdk/instrumentation/instrumentation.ts'
import type { LibraryTable } from '../../src/sdk/library-table.ts'
import { Notices } from '../../src/sdk/notices.ts'
import { loadPrevious } from '../previous/load-previous.ts'
import { startTestSdk } from './instrumented.ts'
import type { TestSdk } from './instrumented.ts'

/** A build of a client library as a test plays with it. `previous`: the major before the current one. */
export interface Build {
  readonly major: 'current' | 'previous'
  readonly format: 'esm' | 'cjs'
}

/** Every build; a library whose previous major is not installed is played with the first two. */
export const BUILDS: readonly Build[] = [
  { major: 'current', format: 'esm' },
  { major: 'current', format: 'cjs' },
  { major: 'previous', format: 'esm' },
  { major: 'previous', format: 'cjs' },
]

export interface HookedSdk extends TestSdk {
  readonly libraries: LibraryTable
  /** Loads a library, and with it its patches: the very hook of the preload is at work. Import nothing of the library before. */
  load(specifier: string, build?: Build): Promise<Record<string, unknown>>
}

/** An SDK in this process, whose module hook watches what is loaded from here on. Once in a test file: hooks cannot be taken out. */
export function startHookedSdk(instrumentations: readonly Instrumentation[]): HookedSdk {
  const test = startTestSdk()
  const { libraries } = hookModules({ instrumentations, sdk: test.sdk, notices: new Notices() })
  return {
    ...test,
    libraries,
    load: (specifier, build = { major: 'current', format: 'esm' }) => loadBuild(specifier, build),
  }
}

/** Loads one build of a library. */
export async function loadBuild(specifier: string, { major, format }: Build): Promise<Record<string, unknown>> {
  if (major === 'previous') return moduleOf(await loadPrevious(specifier, format))
  return moduleOf(format === 'esm' ? await import(specifier) : createRequire(import.meta.url)(specifier))
}

/** A CommonJS build can be a class that carries the other exports. */
function moduleOf(loaded: unknown): Record<string, unknown> {
  if ((typeof loaded !== 'object' && typeof loaded !== 'function') || loaded === null)
    throw new TypeError('not a module')
  return Object.fromEntries([
    ...Object.getOwnPropertyNames(loaded).map((name) => [name, Reflect.get(loaded, name)] as const),
    ...('default' in loaded ? [] : [['default', loaded] as const]),
  ])
}
