import type { Instrumentation } from './instrumentation/instrumentation.ts'
import type { KnownLibrary } from './known-libraries.ts'
import type { Notices } from './notices.ts'
import { packageJsonOf } from './package-of.ts'

export interface FoundLibrary {
  readonly library: string
  /** Folder of the package: a process may hold several copies. Empty for one that is part of a bundle. */
  readonly folder: string
  readonly version: string | undefined
  /**
   * patched: observed. untested: observed, but its major is not one that the tests cover. by hand: observed through `instrument()`.
   * failed, too early: not observed. through: seen by way of another library. unsupported: not observed, nobody has taught us.
   */
  state: 'patched' | 'untested' | 'by hand' | 'failed' | 'too early' | 'through' | 'unsupported'
  /** Files that were patched; empty for a library without an instrumentation. */
  readonly files: Set<string>
  /** For the last two states: what to know or to do. */
  readonly remark?: string
}

/** The client libraries that this process has loaded, and whether they are observed. A library that is not is told, once. */
export class LibraryTable {
  readonly found = new Map<string, FoundLibrary>()
  /** Called for every further library; the start-up line waits for it. */
  onFound: (found: FoundLibrary) => void = () => undefined
  readonly #notices: Notices

  constructor(notices: Notices) {
    this.#notices = notices
  }

  patched(instrumentation: Instrumentation, folder: string, file: string): void {
    const entry = this.#entry(instrumentation.library, folder, 'patched')
    entry?.files.add(file)
    if (entry === undefined || entry.state !== 'patched') return
    const major = Number(entry.version?.split('.')[0])
    if (instrumentation.majors.includes(major)) return
    entry.state = 'untested'
    const { library } = instrumentation
    const majors = instrumentation.majors.join(', ')
    this.#notices.warn(
      `untested ${library}`,
      `${library} ${entry.version ?? 'of unknown version'} is observed, but only major ${majors} is tested`,
    )
  }

  /** The agent has handed over what its bundle holds of the library. */
  byHand(instrumentation: Instrumentation): void {
    this.#entry(instrumentation.library, '', 'by hand')
  }

  failed(instrumentation: Instrumentation, folder: string): void {
    const entry = this.#entry(instrumentation.library, folder, 'failed')
    if (entry !== undefined) entry.state = 'failed'
    this.#notices.warn(
      `failed ${instrumentation.library}`,
      `${instrumentation.library} ${entry?.version ?? ''} is NOT observed: its shape is not the expected one`,
    )
  }

  /** Another preload has loaded the library before us, and it can't be patched any more. */
  tooEarly({ library }: Instrumentation, folder: string): void {
    const entry = this.#entry(library, folder, 'too early')
    if (entry !== undefined) entry.state = 'too early'
    this.#notices.warn(
      `too early ${library}`,
      `${library} is NOT observed: it was loaded before spanwarden; put --import spanwarden/register first`,
    )
  }

  /** A library without an instrumentation. */
  known(library: string, folder: string, { through, advice }: KnownLibrary): void {
    const remark = [through === undefined ? undefined : `seen through ${through}`, advice].filter(Boolean).join('; ')
    this.#entry(library, folder, through === undefined ? 'unsupported' : 'through', remark)
  }

  #entry(library: string, folder: string, state: FoundLibrary['state'], remark?: string): FoundLibrary | undefined {
    const key = folder === '' ? library : folder
    const known = this.found.get(key)
    if (known !== undefined) return known
    if (this.found.size >= foundMax) return undefined
    const version = folder === '' ? undefined : packageJsonOf(folder).version
    const entry = {
      library,
      folder,
      version,
      state,
      files: new Set<string>(),
      ...(remark === undefined ? {} : { remark }),
    }
    this.found.set(key, entry)
    this.onFound(entry)
    return entry
  }
}

/** Copies of libraries in one process. */
const foundMax = 1_000
