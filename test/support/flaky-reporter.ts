import type { Reporter } from 'vitest/node'

/** One line for each test that passed at a second try only: real processes and real time-outs miss one on a machine that is busy with something else. */
export const flakyReporter: Reporter = {
  onTestRunEnd(modules) {
    for (const module of modules) {
      for (const test of module.children.allTests('passed')) {
        if (test.diagnostic()?.flaky === true) console.log(`second try: ${module.relativeModuleId}: ${test.fullName}`)
      }
    }
  },
}
