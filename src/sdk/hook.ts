import module from 'node:module'
import { asyncLoaderUrl } from './hook-async.ts'
import type { Instrumentation, ModulePatch, SdkContext } from './instrumentation/instrumentation.ts'
import { LibraryTable } from './library-table.ts'
import type { Notices } from './notices.ts'

export interface HookOptions {
  readonly instrumentations: readonly Instrumentation[]
  readonly sdk: SdkContext
  readonly notices: Notices
  /** Only for tests: takes the way of an older Node. */
  readonly sync?: boolean
}

/**
 * Watches the loading of modules. To the source of the few files that instrumentations name, one statement is appended that hands the file's
 * own bindings to us when its body has run, before any importer runs. No proxy stands between the agent and its modules, no other file is
 * touched, line numbers and source maps stay right. Works for ESM, CommonJS, and both in one process.
 */
export function hookModules(options: HookOptions): LibraryTable {
  const table = new LibraryTable(options.notices)
  const targets = options.instrumentations.flatMap((instrumentation) => targetsOf(instrumentation))
  const patchOf = new Map(targets.map((target) => [target.id, target]))
  Reflect.set(globalThis, handOver, (id: string, path: string, bindings: Record<string, unknown>) => {
    const target = patchOf.get(id)
    if (target !== undefined) applyPatch(target, path, bindings, options.sdk, table)
  })
  table.noteAlreadyLoaded(options.instrumentations, loadedCommonJs())
  const find = finder(targets)
  hookCommonJs(find)
  if (options.sync ?? hasReliableSyncHooks(process.versions.node)) hookEsm(find)
  else module.register(asyncLoaderUrl(targets))
  return table
}

/** One file kind of one library, and the statement for it. */
export interface Target {
  readonly id: string
  readonly instrumentation: Instrumentation
  readonly patch: ModulePatch
}

function targetsOf(instrumentation: Instrumentation): Target[] {
  return instrumentation.modules.map((patch, index) => ({
    id: `${instrumentation.library}#${index}`,
    instrumentation,
    patch,
  }))
}

/**
 * The statement that hands bindings over. Getters in `try`, since a name may not exist or not be initialised (circular imports). The setters
 * are for functions that other functions of the file call by name: such a call cannot be reached from outside, in ESM least of all.
 */
export function handOverStatement(target: Target, path: string): string {
  const bindings = target.patch.names
    .map((name) => `get ${name}(){try{return ${name}}catch{}},set ${name}(value){${name}=value}`)
    .join(',')
  return `\n;globalThis[Symbol.for('spanwarden.module')]?.(${JSON.stringify(target.id)},${JSON.stringify(path)},{${bindings}});`
}

const handOver = Symbol.for('spanwarden.module')

function applyPatch(
  target: Target,
  path: string,
  bindings: Record<string, unknown>,
  sdk: SdkContext,
  table: LibraryTable,
): void {
  const { instrumentation, patch } = target
  try {
    patch.patch(bindings, sdk)
    table.patched(instrumentation, path)
  } catch (error) {
    table.failed(instrumentation, path)
    sdk.fault(`patching ${instrumentation.library}`, error)
  }
}

/** Finds the targets of a file by its path or URL. */
type Find = (location: string) => readonly Target[]

/** Everything up to the last `node_modules/` is ignored, then the library's name, then the path inside it. */
function finder(targets: readonly Target[]): Find {
  return (location) => {
    const start = location.lastIndexOf(folder)
    if (start === -1) return none
    const inside = location.slice(start + folder.length)
    return targets.filter(
      ({ instrumentation: { library }, patch }) =>
        inside.startsWith(`${library}/`) && patch.file.test(inside.slice(library.length + 1)),
    )
  }
}

const folder = '/node_modules/'
const none: readonly Target[] = []

function hookEsm(find: Find): void {
  module.registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context)
      // CommonJS comes by in Module.prototype._compile, whoever loads it.
      if (result.format !== 'module' || result.source === undefined || result.source === null) return result
      const targets = find(url)
      if (targets.length === 0) return result
      const source = typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source)
      return { ...result, source: source + targets.map((target) => handOverStatement(target, url)).join('') }
    },
  })
}

function hookCommonJs(find: Find): void {
  const { prototype } = module.Module
  const compile: unknown = Reflect.get(prototype, '_compile')
  if (typeof compile !== 'function') return
  const hooked = function (this: unknown, content: unknown, filename: unknown, ...rest: unknown[]): unknown {
    const targets = typeof filename === 'string' ? find(filename.replaceAll('\\', '/')) : none
    if (targets.length === 0 || typeof content !== 'string' || rest[0] === 'module')
      return Reflect.apply(compile, this, [content, filename, ...rest])
    const appended = targets.map((target) => handOverStatement(target, String(filename))).join('')
    return Reflect.apply(compile, this, [content + appended, filename, ...rest])
  }
  Reflect.set(prototype, '_compile', hooked)
}

function loadedCommonJs(): string[] {
  const cache: unknown = Reflect.get(module.Module, '_cache')
  return typeof cache === 'object' && cache !== null ? Object.keys(cache) : []
}

/**
 * Before 22.22.3 and 24.11.1, registering synchronous hooks sends the CommonJS of the whole process through another loader (other resolution
 * conditions, `_compile` passed by): measured on 22.19.0 and 22.21.1. There the older asynchronous hooks do less harm.
 */
export function hasReliableSyncHooks(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 3)
  if (major === 24) return minor > 11 || (minor === 11 && patch >= 1)
  if (major === 25) return minor >= 1
  return major > 25
}
