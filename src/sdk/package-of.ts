import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A file of a package, as the module hook sees it. */
export interface PackageFile {
  /** The package's own name; the folder's, where it need not be asked. */
  readonly name: string
  readonly folder: string
  /** Path inside the folder, with `/` separators. */
  readonly inside: string
}

export interface PackageOfOptions {
  /** Names of folders that are taken at their word. */
  readonly names: ReadonlySet<string>
  /** Tested on the path inside the package before a package.json is read: few files are worth it. */
  readonly worthAsking: RegExp
  /** The agent's main script: the package around it is the agent itself, whatever its name. */
  readonly mainScript?: string | undefined
}

/**
 * Tells which package a file belongs to. In `node_modules` the folder says it: plain, scoped, nested, pnpm's and Yarn's. A folder with another
 * name than its package (`"openai-v6": "npm:openai@6"`) and a linked workspace outside of `node_modules` are asked for the name in their package.json.
 */
export function packageFinder({ names, worthAsking, mainScript }: PackageOfOptions) {
  const nameOfFolder = new Map<string, string | undefined>()
  const rootOfFolder = new Map<string, string | undefined>()
  const main = mainScript === undefined ? undefined : slashed(mainScript)

  const nameIn = (folder: string): string | undefined => {
    if (nameOfFolder.has(folder)) return nameOfFolder.get(folder)
    const name = packageJsonOf(folder).name
    if (nameOfFolder.size < foldersMax) nameOfFolder.set(folder, name)
    return name
  }

  /** The nearest folder above whose package.json has a name. */
  const rootOf = (folder: string, level = 0): string | undefined => {
    if (rootOfFolder.has(folder)) return rootOfFolder.get(folder)
    const above = folder.slice(0, folder.lastIndexOf('/'))
    const isTop = above === '' || above === folder || above.endsWith(':') || level >= levelsMax
    const root = nameIn(folder) !== undefined ? folder : isTop ? undefined : rootOf(above, level + 1)
    if (rootOfFolder.size < foldersMax) rootOfFolder.set(folder, root)
    return root
  }

  const linked = (path: string): PackageFile | undefined => {
    const folder = rootOf(path.slice(0, path.lastIndexOf('/')))
    const name = folder === undefined ? undefined : nameIn(folder)
    if (folder === undefined || name === undefined || !names.has(name)) return undefined
    if (main?.startsWith(`${folder}/`) === true) return undefined
    return { name, folder, inside: path.slice(folder.length + 1) }
  }

  return (location: string): PackageFile | undefined => {
    const start = location.lastIndexOf(modulesFolder)
    if (start === -1) {
      const path = pathOf(location)
      return path === undefined ? undefined : linked(path)
    }
    const rest = location.slice(start + modulesFolder.length)
    const end = rest.indexOf('/', rest.startsWith('@') ? rest.indexOf('/') + 1 : 0)
    if (end === -1) return undefined
    const name = rest.slice(0, end)
    const query = rest.search(/[?#]/)
    const inside = rest.slice(end + 1, query === -1 ? undefined : query)
    const isKnown = names.has(name)
    if (!isKnown && !worthAsking.test(inside)) return undefined
    const folder = pathOf(location.slice(0, start + modulesFolder.length + end))
    if (folder === undefined) return undefined
    return { name: isKnown ? name : (nameIn(folder) ?? name), folder, inside }
  }
}

export type PackageOf = ReturnType<typeof packageFinder>

const modulesFolder = '/node_modules/'
/** Folders whose package is remembered; further ones are asked each time. */
const foldersMax = 10_000
const levelsMax = 16

const slashed = (path: string): string => path.replaceAll('\\', '/')

/** Path of a file URL or of a path, without the query that loaders of TypeScript add; nothing for other URLs. */
function pathOf(location: string): string | undefined {
  if (!location.startsWith('file:')) return /^[a-z][a-z+-]+:/.test(location) ? undefined : slashed(location)
  try {
    return slashed(fileURLToPath(location.replace(/[?#].*$/, '')))
  } catch {
    return undefined
  }
}

/** Name and version in a folder's package.json, where it has some. */
export function packageJsonOf(folder: string): { readonly name?: string; readonly version?: string } {
  try {
    const parsed: unknown = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    const field = (key: string): unknown =>
      typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, key) : undefined
    const [name, version] = [field('name'), field('version')]
    return {
      ...(typeof name === 'string' && name !== '' ? { name } : {}),
      ...(typeof version === 'string' && version !== '' ? { version } : {}),
    }
  } catch {
    return {}
  }
}
