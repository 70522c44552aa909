import { defineConfig } from 'vitest/config'
import { skippedReporter } from './test/support/skipped-reporter.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    reporters: [skippedReporter, 'default'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
