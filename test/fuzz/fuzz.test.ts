import { expect, test } from 'vitest'
import { runRange } from './fuzz-run.ts'
import type { Finding } from './fuzz-run.ts'
import { loadSeeds } from './seeds.ts'
import { shares, targets } from './targets.ts'
import { WorkerProcess } from './worker-process.ts'

/*
 * A little of it in every run of the tests, always the same inputs. By hand: node test/fuzz/run.ts --inputs 10000000
 */
const SEED = 1
const INPUTS = {
  protobuf: 1500,
  json: 2000,
  compressed: 1000,
  wal: 1500,
  pipeline: 600,
  http: 250,
  grpc: 250,
  yaml: 100,
}
const seeds = loadSeeds(false)

test('every target has its share', () => {
  const real = Object.keys(targets).filter((name) => !name.startsWith('canary'))
  expect(Object.keys(INPUTS)).toEqual(real)
  expect(Object.keys(shares)).toEqual(real)
})

test.each(Object.entries(INPUTS))('%s: nothing is found in %i inputs', { timeout: 120_000 }, async (name, inputs) => {
  expect(await find(name, inputs)).toBeUndefined()
})

test.each([
  ['canary-crash', 'error'],
  ['canary-fault', 'error'],
  ['canary-memory', 'memory'],
])('%s: the planted bug is found', { timeout: 120_000 }, async (name, kind) => {
  expect(await find(name, 40_000)).toMatchObject({ target: name, kind })
})

test('canary-hang: an input that does not end is found and named', { timeout: 120_000 }, async () => {
  const worker = new WorkerProcess(3000)
  const { finding } = await worker.run({ name: 'canary-hang', seed: SEED, from: 0, to: 40_000, withShared: false })
  worker.stop()
  expect(finding).toMatchObject({ target: 'canary-hang', kind: 'hang' })
  expect(finding?.at).toBeGreaterThan(0)
})

async function find(name: string, inputs: number): Promise<Finding | undefined> {
  const target = await targets[name]?.(seeds)
  if (target === undefined) throw new Error(`there is no target ${name}`)
  const finding = await runRange(target, { name, seed: SEED, from: 0, to: inputs })
  await target.close?.()
  return finding
}
