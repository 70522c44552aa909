import { defineConfig } from 'vitest/config'
import { flakyReporter } from './test/support/flaky-reporter.ts'
import { skippedReporter } from './test/support/skipped-reporter.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['test/support/property-seed.ts'],
    // Loaded by Node itself: what it imports is then found beside it, not from the root.
    server: { deps: { external: [/\/test\/previous\/[\w-]+\.ts$/] } },
    reporters: [skippedReporter, flakyReporter, 'default'],
    // Tests with real time-outs meet a machine that does something else; which ones did is printed. What must never happen once is not tried again (test/judge).
    retry: process.env['CI'] === 'true' ? 1 : 0,
    // Tests wait for processes much of the time: two at once, where there are two processors as well.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
