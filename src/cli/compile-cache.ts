import { lstatSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { stateFolderOf } from '../sdk/state-folder.ts'

/**
 * Keeps what V8 compiles in a folder of the user's, so that the next start need not compile it again (a third of its CPU time). Whoever can write there can run
 * code in the sidecar, so the folder has to be ours alone; without such a folder, or on a read-only disk, there is no cache. To be called before the code is imported.
 */
export function cacheCompiledCode(env: Readonly<Record<string, string | undefined>>): void {
  const state = stateFolderOf(env)
  if (state === undefined || env['NODE_COMPILE_CACHE'] !== undefined) return
  const folder = join(state, 'compile-cache')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    return // no state folder can be made: the sidecar says so where it matters
  }
  if (isOursAlone(state) && isOursAlone(folder)) enableCompileCache(folder)
}

/** Windows has no such rights: what is below a profile is its user's. */
function isOursAlone(folder: string): boolean {
  const { getuid } = process
  if (getuid === undefined) return true
  const found = lstatSync(folder)
  return found.isDirectory() && found.uid === getuid() && (found.mode & 0o022) === 0
}
