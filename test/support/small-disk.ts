import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk extends Disposable {
  readonly path: string
  /** `ro`, `rw`, `size=1m`. */
  remount(options: string): void
}

/** A real file system of so many bytes, in memory. Throws where this process may not mount one: it can as root on Linux (`canMount`). */
export function smallDisk(bytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'spanwarden-disk-'))
  const mount = (...args: string[]): void => {
    const { status, stderr } = spawnSync('mount', [...args, path], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`mount: ${stderr}`)
  }
  mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs')
  return {
    path,
    remount: (options) => mount('-o', `remount,${options}`),
    [Symbol.dispose]: () => void spawnSync('umount', ['-l', path]),
  }
}

export function canMount(): boolean {
  try {
    smallDisk(4096)[Symbol.dispose]()
    return true
  } catch {
    return false
  }
}
