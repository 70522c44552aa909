import cluster from 'node:cluster'
import { once } from 'node:events'
import type { Stats } from 'node:fs'
import { chmod, link, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'

const MODE = 0o600
/** What sockaddr_un has room for on Linux and macOS, without the zero at the end. */
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103

/**
 * Listens on a socket file that only its owner can open at any moment: `listen` is given a path in a private folder beside it, from where the socket
 * is put in its place. Replaces a file that is left of a process that ended. Returns what takes the file away again. Throws when something answers there.
 */
export async function listenOnSocketFile(
  path: string,
  listen: (path: string) => Promise<unknown>,
): Promise<() => Promise<void>> {
  // Each worker would bind a file of its own, and only one can be in the place.
  if (cluster.isWorker)
    throw new Error(`${path}: a socket file is for one process; set service.workers to 1, or listen on a port`)
  await removeStale(path)
  // Not `join`, which takes the dot away: the folder would stand outside.
  const folder = await mkdtemp(`${dirname(path)}/.`)
  const own = join(folder, 's')
  try {
    if (Math.max(Buffer.byteLength(own), Buffer.byteLength(path)) > PATH_BYTES_MAX) {
      throw new Error(`${path} is too long for a socket; ${PATH_BYTES_MAX - 9} bytes are possible`)
    }
    await listen(own)
    await chmod(own, MODE)
    await putInPlace(own, path)
    const { ino, dev } = await lstat(path)
    return async () => {
      const now = await statusOf(path)
      if (now?.ino === ino && now.dev === dev) await unlink(path)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A link never replaces what another process has put there meanwhile; not every file system has links to sockets. */
async function putInPlace(own: string, path: string): Promise<void> {
  try {
    await link(own, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new Error(`${path} is in use by another process`, { cause: error })
    await rename(own, path)
  }
}

async function removeStale(path: string): Promise<void> {
  const status = await statusOf(path)
  if (status === undefined) return
  if (!status.isSocket()) throw new Error(`${path} is there and is no socket; remove it or choose another path`)
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    if (codeOf(error) !== 'ECONNREFUSED') throw error
    return await unlink(path)
  } finally {
    socket.destroy()
  }
  throw new Error(`${path} is in use by another process, which answers`)
}

async function statusOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
