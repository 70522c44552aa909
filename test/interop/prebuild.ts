import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildGoProgram, goCommand } from '../support/go-program.ts'

/* The Go programs that tests talk to, one after the other: with an empty cache they take longer than a test may. npm run interop:build */
const folders = readdirSync(import.meta.dirname)
  .filter((name) => existsSync(join(import.meta.dirname, name, 'go.mod')))
  // Helm, kustomize and the types of Kubernetes: minutes, by build.sh only.
  .filter((name) => name !== 'deployment')
for (const name of goCommand === undefined ? [] : folders) {
  const startMs = performance.now()
  await buildGoProgram(join(import.meta.dirname, name))
  console.log(`${name}: ${((performance.now() - startMs) / 1000).toFixed(0)} s`)
}
