import { handOverStatement } from './hook.ts'
import type { Target } from './hook.ts'

/**
 * The loader for Node versions whose synchronous hooks are not reliable: the same appended statement, from Node's loader thread. It is a
 * `data:` URL because the preload is one file. CommonJS is left to `Module.prototype._compile` there as well.
 */
export function asyncLoaderUrl(targets: readonly Target[]): string {
  const table = targets.map((target) => ({
    library: `${target.instrumentation.library}/`,
    file: target.patch.file.source,
    flags: target.patch.file.flags,
    statement: handOverStatement(target, placeholder),
  }))
  const source = `
const targets = ${JSON.stringify(table)}.map((target) => ({ ...target, file: new RegExp(target.file, target.flags) }))
export async function load(url, context, nextLoad) {
  const result = await nextLoad(url, context)
  if (result.format !== 'module' || result.source == null) return result
  const start = url.lastIndexOf('/node_modules/')
  if (start === -1) return result
  const inside = url.slice(start + 14)
  const found = targets.filter(({ library, file }) => inside.startsWith(library) && file.test(inside.slice(library.length)))
  if (found.length === 0) return result
  const text = typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source)
  return { ...result, source: text + found.map(({ statement }) => statement.replace(${JSON.stringify(JSON.stringify(placeholder))}, () => JSON.stringify(url))).join('') }
}`
  return `data:text/javascript,${encodeURIComponent(source)}`
}

const placeholder = 'spanwarden:path'
