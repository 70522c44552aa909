import module from 'node:module'
import { asyncLoaderUrl } from './hook-async.ts'
import type { Instrumentation, SdkContext } from './instrumentation/instrumentation.ts'
import { instrumentByHand } from './instrument-by-hand.ts'
import { knownLibraries } from './known-libraries.ts'
import { LibraryTable } from './library-table.ts'
import type { Notices } from './notices.ts'
import { packageFinder } from './package-of.ts'
import type { PackageOf } from './package-of.ts'
import { Patcher, targetsOf } from './patcher.ts'
import type { Target } from './patcher.ts'

export interface HookOptions {
  readonly instrumentations: readonly Instrumentation[]
  readonly sdk: SdkContext
  readonly notices: Notices
  /** Only for tests: takes the way of an older Node. */
  readonly sync?: boolean
}

export interface ModuleHook {
  readonly libraries: LibraryTable
  /** Observes what the agent itself imported, by the name of the library. Returns the libraries that are observed now. */
  instrument(imported: Readonly<Record<string, unknown>>): string[]
}

/**
 * Watches the loading of modules. To the source of the few files that instrumentations name, one statement is appended that hands the file's
 * own bindings to us when its body has run, before any importer runs. No proxy stands between the agent and its modules, no other file is
 * touched, line numbers and source maps stay right. Works for ESM, CommonJS, and both in one process.
 */
export function hookModules({ instrumentations, sdk, notices, sync }: HookOptions): ModuleHook {
  const libraries = new LibraryTable(notices)
  const patcher = new Patcher(sdk, libraries)
  const targets = targetsOf(instrumentations)
  const targetOf = new Map(targets.map((target) => [target.id, target]))
  const packageOf = packageFinder({
    names: new Set([...instrumentations.map(({ library }) => library), ...knownLibraries.keys()]),
    worthAsking: anyOf(targets.map(({ patch }) => patch.file)),
    mainScript: process.argv[1],
  })
  Reflect.set(globalThis, handOver, (id: string, path: string, bindings: Record<string, unknown>) => {
    const target = targetOf.get(id)
    const folder = packageOf(path)?.folder
    if (target !== undefined && folder !== undefined) patcher.apply(target, folder, path, bindings)
  })
  const find = finder(targets, packageOf, libraries)
  for (const [path, loaded] of loadedCommonJs()) {
    for (const target of find(path)) patcher.applyLate(target, packageOf(path)?.folder ?? '', path, loaded)
  }
  hookCommonJs(find)
  if (sync ?? hasReliableSyncHooks(process.versions.node)) hookEsm(find)
  else module.register(asyncLoaderUrl(targets))
  return { libraries, instrument: (imported) => instrumentByHand(imported, targets, patcher, notices) }
}

/**
 * The statement that hands bindings over. Getters in `try`, since a name may not exist or not be initialised (circular imports). The setters
 * are for functions that other functions of the file call by name: such a call cannot be reached from outside, in ESM least of all.
 */
export function handOverStatement({ id, patch }: Target, path: string): string {
  const bindings = patch.names
    .map((name) => [name, patch.minified === true ? `${LOCAL_NAME_OF}${name}` : name])
    .map(([name, local]) => `get ${name}(){try{return ${local}}catch{}},set ${name}(value){${local}=value}`)
    .join(',')
  return `\n;globalThis[Symbol.for('spanwarden.module')]?.(${JSON.stringify(id)},${JSON.stringify(path)},{${bindings}});`
}

/** Stands for what the file calls a name that it exports, until its source is there. */
export const LOCAL_NAME_OF = '_spanwarden_local_'

/** Puts in what the export clause says; a name that it does not have stays undeclared. */
const withLocalNames = (statement: string, source: string): string =>
  statement.replaceAll(
    LOCAL_NAME,
    (unknown, name: string) => new RegExp(`[{,]\\s*([\\w$]+) as ${name}\\s*[,}]`).exec(source)?.[1] ?? unknown,
  )

const LOCAL_NAME = new RegExp(`${LOCAL_NAME_OF}(\\w+)`, 'g')

const handOver = Symbol.for('spanwarden.module')

const anyOf = (patterns: readonly RegExp[]): RegExp =>
  new RegExp(patterns.map(({ source }) => `(?:${source})`).join('|') || '(?!)')

/** Finds the targets of a file by its path or URL. */
type Find = (location: string) => readonly Target[]

function finder(targets: readonly Target[], packageOf: PackageOf, libraries: LibraryTable): Find {
  const byLibrary = Map.groupBy(targets, ({ instrumentation }) => instrumentation.library)
  return (location) => {
    const file = packageOf(location)
    if (file === undefined) return none
    const known = knownLibraries.get(file.name)
    if (known !== undefined) libraries.known(file.name, file.folder, known)
    return byLibrary.get(file.name)?.filter(({ patch }) => patch.file.test(file.inside)) ?? none
  }
}

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
      const appended = targets.map((target) => withLocalNames(handOverStatement(target, url), source))
      return { ...result, source: source + appended.join('') }
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

/** Path and exports of what was required before us. */
function loadedCommonJs(): [path: string, exports: unknown][] {
  const cache: unknown = Reflect.get(module.Module, '_cache')
  if (typeof cache !== 'object' || cache === null) return []
  return Object.entries(cache).map(([path, loaded]: [string, unknown]) => [
    path.replaceAll('\\', '/'),
    typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, 'exports') : undefined,
  ])
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
