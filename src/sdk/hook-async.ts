import { LOCAL_NAME_OF, handOverStatement } from './hook.ts'
import type { Target } from './patcher.ts'

/**
 * The loader for Node versions whose synchronous hooks are not reliable: the same appended statement, from Node's loader thread. It is a
 * `data:` URL because the preload is one file. CommonJS is left to `Module.prototype._compile` there as well.
 */
export function asyncLoaderUrl(targets: readonly Target[]): string {
  const table = targets.map((target) => ({
    library: target.instrumentation.library,
    file: target.patch.file.source,
    flags: target.patch.file.flags,
    statement: handOverStatement(target, placeholder),
  }))
  const source = `
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
const targets = ${JSON.stringify(table)}.map((target) => ({ ...target, file: new RegExp(target.file, target.flags) }))
const libraries = new Set(targets.map(({ library }) => library))
const names = new Map()
function nameOf(folder) {
  if (!names.has(folder)) {
    let name
    try { name = JSON.parse(readFileSync(folder + '/package.json', 'utf8')).name } catch {}
    names.set(folder, name)
  }
  return names.get(folder)
}
function placeOf(path) {
  const start = path.lastIndexOf('/node_modules/')
  if (start === -1) {
    for (let folder = path; folder.includes('/'); ) {
      folder = folder.slice(0, folder.lastIndexOf('/'))
      const name = nameOf(folder)
      if (name !== undefined) return main.startsWith(folder + '/') ? undefined : { name, inside: path.slice(folder.length + 1) }
    }
    return undefined
  }
  const rest = path.slice(start + 14)
  const end = rest.indexOf('/', rest[0] === '@' ? rest.indexOf('/') + 1 : 0)
  const [name, inside] = [rest.slice(0, end), rest.slice(end + 1)]
  if (end === -1 || (!libraries.has(name) && !targets.some(({ file }) => file.test(inside)))) return undefined
  return { name: libraries.has(name) ? name : nameOf(path.slice(0, start + 14 + end)), inside }
}
const main = ${JSON.stringify((process.argv[1] ?? '/').replaceAll('\\', '/'))}
export async function load(url, context, nextLoad) {
  const result = await nextLoad(url, context)
  if (result.format !== 'module' || result.source == null || !url.startsWith('file:')) return result
  let place
  try { place = placeOf(fileURLToPath(url.replace(/[?#].*$/, '')).replaceAll('\\\\', '/')) } catch {}
  const found = place === undefined ? [] : targets.filter(({ library, file }) => library === place.name && file.test(place.inside))
  if (found.length === 0) return result
  const text = typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source)
  const named = (statement) => statement.replace(/${LOCAL_NAME_OF}(\\w+)/g, (unknown, name) => new RegExp('[{,]\\\\s*([\\\\w$]+) as ' + name + '\\\\s*[,}]').exec(text)?.[1] ?? unknown)
  return { ...result, source: text + found.map(({ statement }) => named(statement).replace(${JSON.stringify(JSON.stringify(placeholder))}, () => JSON.stringify(url))).join('') }
}`
  return `data:text/javascript,${encodeURIComponent(source)}`
}

const placeholder = 'spanwarden:path'
