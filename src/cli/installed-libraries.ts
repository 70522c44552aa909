import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Instrumentation } from '../sdk/instrumentation/instrumentation.ts'
import type { KnownLibrary } from '../sdk/known-libraries.ts'
import { packageJsonOf } from '../sdk/package-of.ts'

/** A client library as it is installed: a project may have several copies. */
export interface InstalledLibrary {
  readonly library: string
  readonly version: string | undefined
  /** Of the package, as it is on the disk. */
  readonly folder: string
  /** untested: observed, but its major is not one that the tests cover. through: by way of another library. off: switched off by a variable. */
  readonly state: 'observed' | 'untested' | 'through' | 'not observed' | 'off'
  /** Module formats in which its patched files come. */
  readonly formats: readonly ('esm' | 'cjs')[]
  readonly remark: string
}

export interface InstalledOptions {
  readonly from: string
  readonly instrumentations: readonly Instrumentation[]
  readonly known: ReadonlyMap<string, KnownLibrary>
  readonly isEnabled: (library: string) => boolean
}

/** Every copy of a known library that code in the folder `from` may load: nested ones, aliases, links, pnpm's store. */
export function installedLibraries({ from, instrumentations, known, isEnabled }: InstalledOptions): InstalledLibrary[] {
  const byName = new Map(instrumentations.map((instrumentation) => [instrumentation.library, instrumentation]))
  const found: InstalledLibrary[] = []
  for (const folder of packageFolders(from)) {
    const { name = '', version } = packageJsonOf(folder)
    const instrumentation = byName.get(name)
    const other = known.get(name)
    if (instrumentation !== undefined) found.push(judged(instrumentation, folder, version, isEnabled(name)))
    else if (other !== undefined) found.push(withoutInstrumentation(name, folder, version, other))
  }
  return found.toSorted((a, b) => a.library.localeCompare(b.library) || a.folder.localeCompare(b.folder))
}

function judged(
  { library, majors, modules }: Instrumentation,
  folder: string,
  version: string | undefined,
  isEnabled: boolean,
): InstalledLibrary {
  const files = filesIn(folder)
  const patched = files.filter((file) => modules.some((patch) => patch.file.test(file)))
  const formats = [...new Set(patched.map((file) => formatOf(folder, file)))].toSorted()
  const entry = { library, version, folder, formats }
  if (!isEnabled) return { ...entry, state: 'off', remark: 'switched off by OTEL_NODE_{EN,DIS}ABLED_INSTRUMENTATIONS' }
  const isTested = majors.includes(Number(version?.split('.')[0]))
  if (patched.length === 0 && isTested)
    return {
      ...entry,
      state: 'through',
      remark: 'nothing of its own needs a patch in this major; what it calls is seen',
    }
  if (patched.length === 0)
    return {
      ...entry,
      state: 'not observed',
      remark: `its files are not where those of major ${majors.join(' and ')} are`,
    }
  if (isTested) return { ...entry, state: 'observed', remark: '' }
  const direction = Number(version?.split('.')[0]) > Math.max(...majors) ? 'newer' : 'older'
  return {
    ...entry,
    state: 'untested',
    remark: `${direction} than major ${majors.join(' and ')}, which are tested; observed if its shape is theirs`,
  }
}

const withoutInstrumentation = (
  library: string,
  folder: string,
  version: string | undefined,
  { through, advice }: KnownLibrary,
): InstalledLibrary => ({
  library,
  version,
  folder,
  formats: [],
  state: through === undefined ? 'not observed' : 'through',
  remark: [through === undefined ? undefined : `seen through ${through}`, advice].filter(Boolean).join('; '),
})

/** Packages in the `node_modules` of this folder and of those above it, at any depth. */
function packageFolders(from: string): Set<string> {
  const found = new Set<string>()
  const look = (modules: string): void => {
    for (const name of namesIn(modules)) {
      if (found.size >= packagesMax) return
      if (name === '.pnpm')
        for (const store of namesIn(join(modules, name))) look(join(modules, name, store, 'node_modules'))
      if (name.startsWith('.')) continue
      const folders = name.startsWith('@')
        ? namesIn(join(modules, name)).map((inner) => join(modules, name, inner))
        : [join(modules, name)]
      for (const folder of folders) visit(folder)
    }
  }
  const visit = (folder: string): void => {
    const real = existsSync(folder) ? realpathSync(folder) : undefined
    if (real === undefined || found.has(real)) return
    found.add(real)
    look(join(real, 'node_modules'))
  }
  for (let folder = realpathSync(from); ; folder = dirname(folder)) {
    look(join(folder, 'node_modules'))
    if (dirname(folder) === folder) return found
  }
}

/** Of one project. */
const packagesMax = 100_000
const filesMax = 20_000

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Paths inside a package, with `/` separators; its own `node_modules` left out. */
function filesIn(folder: string): string[] {
  const files: string[] = []
  const pending = [folder]
  for (let at = pending.pop(); at !== undefined && files.length < filesMax; at = pending.pop()) {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      if (entry.isDirectory() && entry.name !== 'node_modules') pending.push(path)
      else if (/\.[cm]?js$/.test(entry.name)) files.push(relative(folder, path).replaceAll('\\', '/'))
    }
  }
  return files
}

function formatOf(root: string, file: string): 'esm' | 'cjs' {
  if (file.endsWith('.mjs')) return 'esm'
  if (file.endsWith('.cjs')) return 'cjs'
  for (let folder = dirname(join(root, file)); folder.length >= root.length; folder = dirname(folder)) {
    const text = existsSync(join(folder, 'package.json'))
      ? readFileSync(join(folder, 'package.json'), 'utf8')
      : undefined
    if (text !== undefined) return /"type"\s*:\s*"module"/.test(text) ? 'esm' : 'cjs'
  }
  return 'cjs'
}
