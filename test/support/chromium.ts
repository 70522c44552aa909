import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { describe, test } from 'vitest'

const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** A suite that needs Chromium: skipped with one clear line on a machine without it. With CI=true its absence fails. */
export function describeWithChromium(name: string, suite: () => void): void {
  if (existsSync(path)) {
    describe(name, suite)
    return
  }
  if (process.env['CI'] === 'true') throw new Error(`CI=true, but there is no Chromium at ${path}; set CHROMIUM_PATH`)
  test.skip(`${name}: needs Chromium, nothing at ${path}; set CHROMIUM_PATH`, () => undefined)
}

export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    // Chromium's own sandbox does not work for root, as which containers run tests.
    args: process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [],
  })
