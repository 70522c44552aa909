import type { Reporter } from 'vitest/node'

let isFiltered = false

/** One line for each test that was skipped, with its reason in its name; the default reporter prints their number only. Silent with `-t`. */
export const skippedReporter: Reporter = {
  onInit(vitest) {
    isFiltered = vitest.config.testNamePattern !== undefined
  },
  onTestRunEnd(modules) {
    if (isFiltered) return
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        console.log(`skipped: ${module.relativeModuleId}: ${test.fullName}`)
      }
    }
  },
}
