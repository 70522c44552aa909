import type { Reporter } from 'vitest/node'

/** One line for each test that was skipped, with its reason in its name; the default reporter prints their number only. */
export const skippedReporter: Reporter = {
  onTestRunEnd(modules) {
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        console.log(`skipped: ${module.relativeModuleId}: ${test.fullName}`)
      }
    }
  },
}
