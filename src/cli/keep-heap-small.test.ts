import { expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { runNode } from '../../test/support/run-node.ts'

test('the memory for young objects does not grow, whatever is made', async () => {
  const program = (before: string): string => `
    import { getHeapSpaceStatistics } from 'node:v8'
    ${before}
    let kept = []
    let most = 0
    for (let i = 0; i < 3e6; i++) {
      kept.push({ i })
      if (kept.length > 2e4) kept = []
      if (i % 1e4 === 0) most = Math.max(most, getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)
    }
    console.log(most / 2 ** 20)`
  const mostMib = async (before: string): Promise<number> => {
    const run = await runNode(['--input-type=module', '--eval', program(before)], { cwd: projectFolder, env: {} })
    return Number(run.stdout)
  }
  expect(await mostMib('')).toBeGreaterThan(4)
  expect(await mostMib(`import { keepHeapSmall } from './src/cli/keep-heap-small.ts'; keepHeapSmall()`)).toBeLessThan(4)
})

test('what the start left is gone a second later', async () => {
  const program = `
    import { collectAfterStart } from './src/cli/keep-heap-small.ts'
    const left = new WeakRef({})
    collectAfterStart()
    while (left.deref() !== undefined && performance.now() < 8000) await new Promise((resolve) => setTimeout(resolve, 50))
    console.log(left.deref() === undefined ? 'gone' : 'there')
    process.exit()`
  const run = await runNode(['--input-type=module', '--eval', program], { cwd: projectFolder, env: {} })
  expect(run.stdout.trim()).toBe('gone')
})
