import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { until } from '../../test/support/until.ts'
import { isProcessThere, processMark } from './process-mark.ts'

describe('the mark of a process', () => {
  test('is the same from inside and outside, and of no other process', async () => {
    const source = `import { processMark } from ${JSON.stringify(new URL('process-mark.ts', import.meta.url).href)}
      console.log(processMark('self'))
      process.stdin.resume()`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line]: unknown[] = await once(child.stdout, 'data')
    const pid = child.pid ?? 0
    expect(processMark(pid)).toBe(String(line).trim())
    expect(processMark(pid)).not.toBe(processMark('self'))
    expect(processMark('self')).toBe(processMark(process.pid))
    const mark = processMark(pid) ?? ''
    expect(isProcessThere(pid, mark)).toBe(true)
    expect(isProcessThere(process.pid, mark)).toBe(false)
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await until(() => isProcessThere(pid, mark) === false)
    await closed
    expect(processMark(pid)).toBeUndefined()
  })

  test('of a process that has ended, and that its parent has not noticed', async () => {
    // The shell becomes a process that never waits for its child, before that ends.
    const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: unknown[] = await once(parent.stdout, 'data')
    const mark = processMark(Number(line)) ?? ''
    await until(() => isProcessThere(Number(line), mark) === false)
    // It still has its place in the table.
    expect(processMark(Number(line))).toBe(mark)
    parent.kill('SIGKILL')
    await once(parent, 'close')
  })
})
