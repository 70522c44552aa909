import { execFile, spawnSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '1.45.2'
const PACKAGES = [
  'opentelemetry-sdk',
  'opentelemetry-exporter-otlp-proto-http',
  'opentelemetry-exporter-otlp-proto-grpc',
]

/** Whether this machine has a Python that can make virtual environments. */
export const hasPython: boolean = spawnSync('python3', ['-c', 'import venv']).status === 0

/** Installs OpenTelemetry's SDK for Python once, outside of the project, and returns the path of the interpreter that has it. */
export async function pythonWithOpenTelemetry(): Promise<string> {
  const folder = join(tmpdir(), 'spanwarden-interop', `python-${VERSION}`)
  const python = join(folder, 'bin', 'python3')
  const done = join(folder, 'pyvenv.cfg')
  if (existsSync(`${done}.done`)) return python
  rmSync(folder, { recursive: true, force: true })
  const run = promisify(execFile)
  await run('python3', ['-m', 'venv', folder])
  await run(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...PACKAGES.map((name) => `${name}==${VERSION}`),
  ])
  await run('cp', [done, `${done}.new`])
  renameSync(`${done}.new`, `${done}.done`)
  return python
}
