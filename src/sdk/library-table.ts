import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Instrumentation } from './instrumentation/instrumentation.ts'
import type { Notices } from './notices.ts'

export interface FoundLibrary {
  readonly library: string
  /** Folder of the package: a process may hold several copies. */
  readonly folder: string
  readonly version: string | undefined
  /** patched: observed. untested: observed, but its major is not one that the tests cover. failed, too early: not observed. */
  state: 'patched' | 'untested' | 'failed' | 'too early'
  readonly files: Set<string>
}

/** The client libraries that this process has loaded, and whether they are observed. A library that is not is told, once. */
export class LibraryTable {
  readonly found = new Map<string, FoundLibrary>()
  readonly #notices: Notices

  constructor(notices: Notices) {
    this.#notices = notices
  }

  patched(instrumentation: Instrumentation, location: string): void {
    const entry = this.#entry(instrumentation, location)
    entry?.files.add(location)
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

  failed(instrumentation: Instrumentation, location: string): void {
    const entry = this.#entry(instrumentation, location)
    if (entry !== undefined) entry.state = 'failed'
    this.#notices.warn(
      `failed ${instrumentation.library}`,
      `${instrumentation.library} ${entry?.version ?? ''} is NOT observed: its shape is not the expected one`,
    )
  }

  /** CommonJS files that another preload has loaded before us cannot be patched any more. */
  noteAlreadyLoaded(instrumentations: readonly Instrumentation[], loadedFiles: readonly string[]): void {
    for (const file of loadedFiles.map((path) => path.replaceAll('\\', '/'))) {
      for (const instrumentation of instrumentations) {
        const { library, modules } = instrumentation
        const start = file.lastIndexOf(`/node_modules/${library}/`)
        const inside = file.slice(start + `/node_modules/${library}/`.length)
        if (start === -1 || !modules.some((patch) => patch.file.test(inside))) continue
        const entry = this.#entry(instrumentation, file)
        if (entry !== undefined) entry.state = 'too early'
        this.#notices.warn(
          `too early ${library}`,
          `${library} is NOT observed: it was loaded before spanwarden; put --import spanwarden/register first`,
        )
      }
    }
  }

  #entry(instrumentation: Instrumentation, location: string): FoundLibrary | undefined {
    const { library } = instrumentation
    const path = pathOf(location)
    const folder = path.slice(0, path.lastIndexOf(`/node_modules/${library}/`) + `/node_modules/${library}`.length)
    const known = this.found.get(folder)
    if (known !== undefined) return known
    if (this.found.size >= foundMax) return undefined
    const entry: FoundLibrary = { library, folder, version: versionIn(folder), state: 'patched', files: new Set() }
    this.found.set(folder, entry)
    return entry
  }
}

/** Copies of libraries in one process. */
const foundMax = 1_000

const pathOf = (location: string): string =>
  (location.startsWith('file:') ? fileURLToPath(location) : location).replaceAll('\\', '/')

function versionIn(folder: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    const version: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : undefined
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
