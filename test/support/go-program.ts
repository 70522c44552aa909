import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'

/** The go command of this machine, or undefined. */
export const goCommand: string | undefined = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin']
  .map((folder) => join(folder, 'go'))
  .find((file) => existsSync(file))

/** Builds the Go program in `folder` once for each state of its sources, outside of the project, and returns the path of the binary. */
export async function buildGoProgram(folder: string): Promise<string> {
  if (goCommand === undefined) throw new Error('there is no go command')
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(folder, file)))
  const binary = join(tmpdir(), 'spanwarden-interop', hash.digest('hex').slice(0, 16))
  if (existsSync(binary)) return binary
  await promisify(execFile)(goCommand, ['build', '-o', `${binary}.new`, '.'], {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-p=1 -mod=readonly' },
  })
  await rename(`${binary}.new`, binary)
  return binary
}
