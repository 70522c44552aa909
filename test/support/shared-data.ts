import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

/**
 * The corpus of recorded payloads lives beside the checkout and is never copied into it (licences and size).
 * `SPANWARDEN_TEST_DATA` points elsewhere when it has moved.
 */
const folder = process.env['SPANWARDEN_TEST_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))

export const sharedData = (...parts: string[]): string => [folder, ...parts].join('/')

/**
 * A suite that needs the corpus: skipped with one clear line on a machine without it. With CI=true its absence fails.
 */
export function describeWithData(part: string, suite: () => void): void {
  const path = sharedData(part)
  if (existsSync(path)) {
    describe(`with data/${part}`, suite)
    return
  }
  if (process.env['CI'] === 'true') throw new Error(`CI=true, but the test corpus is missing: ${path}`)
  // The suite itself is not run: it lists the files of the corpus while tests are collected.
  test.skip(`needs the test corpus: nothing at ${path}`, () => undefined)
}
