import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where test/interop/build.sh puts what takes long to build: a real Jaeger, and a Prometheus that takes OTLP (Debian's is too old). Undefined when it was not built. */
export function interopProgram(name: 'jaeger' | 'prometheus'): string | undefined {
  const path = process.env[`SPANWARDEN_INTEROP_${name.toUpperCase()}`] ?? join(tmpdir(), 'spanwarden-interop', name)
  return existsSync(path) ? path : undefined
}
