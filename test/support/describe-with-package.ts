import { existsSync } from 'node:fs'
import { describe, test } from 'vitest'

/** A suite that needs a package which is not installed with the project: skipped with one clear line where `file` of it is not there. */
export function describeWithPackage(title: string, file: string, where: string, suite: () => void): void {
  if (existsSync(file)) describe(title, suite)
  else test.skip(`${title}: nothing at ${file} (${where})`, () => undefined)
}
