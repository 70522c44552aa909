import type { Instrumentation, ModulePatch, SdkContext } from './instrumentation/instrumentation.ts'
import type { LibraryTable } from './library-table.ts'

/** One file kind of one library. */
export interface Target {
  readonly id: string
  readonly instrumentation: Instrumentation
  readonly patch: ModulePatch
}

export const targetsOf = (instrumentations: readonly Instrumentation[]): Target[] =>
  instrumentations.flatMap((instrumentation) =>
    instrumentation.modules.map((patch, index) => ({
      id: `${instrumentation.library}#${index}`,
      instrumentation,
      patch,
    })),
  )

type Bindings = Record<string, unknown>

/** Applies patches, each to the same classes once, and enters the outcome in the table. Never throws. */
export class Patcher {
  readonly #sdk: SdkContext
  readonly #table: LibraryTable
  /** What was patched, by target: a class may come by its file and by hand. */
  readonly #done = new Map<string, WeakSet<object>>()

  constructor(sdk: SdkContext, table: LibraryTable) {
    this.#sdk = sdk
    this.#table = table
  }

  /** A file was loaded. */
  apply(target: Target, folder: string, file: string, bindings: Bindings): void {
    const { instrumentation } = target
    const failure = this.#patch(target, bindings)
    if (instrumentation.isPlumbing === true) return
    if (failure === 'none') this.#table.patched(instrumentation, folder, file)
    else this.#table.failed(instrumentation, folder)
  }

  /**
   * A CommonJS file was loaded before us. Its exports are still the classes that everyone uses, so that what is done to them counts; a function
   * that would have to be exchanged is out of reach.
   */
  applyLate(target: Target, folder: string, file: string, exports: unknown): void {
    const { instrumentation, patch } = target
    let isOutOfReach = false
    const bindings: Bindings = {}
    for (const name of patch.names) {
      const get = (): unknown => fieldOf(exports, name)
      const set = (): void => void (isOutOfReach = true)
      Object.defineProperty(bindings, name, { get, set, enumerable: true })
    }
    const isThere = patch.names.some((name) => fieldOf(exports, name) !== undefined)
    const isDone = isThere && this.#patch(target, bindings) === 'none' && !isOutOfReach
    if (instrumentation.isPlumbing === true) return
    if (isDone) this.#table.patched(instrumentation, folder, file)
    else this.#table.tooEarly(instrumentation, folder)
  }

  /** What the agent imported of a library, by the places that the patches name. True when something was, or is already, observed. */
  applyByHand(targets: readonly Target[], imported: unknown): boolean {
    let isObserved = false
    for (const target of targets) {
      const { exported } = target.patch
      if (exported === undefined) continue
      const bindings = Object.fromEntries(
        target.patch.names.map((name) => [name, found(imported, target.instrumentation.main, exported[name] ?? [])]),
      )
      if (Object.values(bindings).every((value) => value === undefined)) continue
      if (this.#patch(target, bindings) === 'none') isObserved = true
    }
    const [first] = targets
    if (isObserved && first !== undefined) this.#table.byHand(first.instrumentation)
    return isObserved
  }

  #patch({ id, instrumentation, patch }: Target, bindings: Bindings): 'none' | 'failure' {
    try {
      const values = patch.names.map((name) => bindings[name]).filter((value) => typeof value === 'function')
      const done = this.#done.get(id) ?? new WeakSet()
      this.#done.set(id, done)
      if (values.length > 0 && values.every((value) => done.has(value))) return 'none'
      patch.patch(bindings, this.#sdk)
      for (const value of values) done.add(value)
      return 'none'
    } catch (error) {
      this.#sdk.fault(`patching ${instrumentation.library}`, error)
      return 'failure'
    }
  }
}

/**
 * The first of the places, `Class.Inner.Inner`, that there is. A class, or an object made by it, may stand in the place of the namespace: it is
 * taken for the library's main export.
 */
function found(imported: unknown, main: string | undefined, places: string | readonly string[]): unknown {
  for (const place of typeof places === 'string' ? [places] : places) {
    const [first = '', ...rest] = place.split('.')
    const start = fieldOf(imported, first) ?? (first === main ? mainOf(imported) : undefined)
    const value = rest.reduce(fieldOf, start)
    if (value !== undefined) return value
  }
  return undefined
}

function mainOf(imported: unknown): unknown {
  if (typeof imported === 'function') return imported
  const itself = fieldOf(imported, 'default')
  if (typeof itself === 'function') return itself
  const made: unknown = fieldOf(imported, 'constructor')
  return made === Object ? undefined : made
}

const fieldOf = (holder: unknown, name: string): unknown =>
  (typeof holder === 'object' && holder !== null) || typeof holder === 'function'
    ? Reflect.get(holder, name)
    : undefined
