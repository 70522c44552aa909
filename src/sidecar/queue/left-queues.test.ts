import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { queueFolder } from './open-queue-storage.ts'
import { heldBatches, leftQueues, samplingFolder, workerFolder } from './left-queues.ts'
import { segmentPath } from './wal/read-segment.ts'

test('what is held for a decision is told apart from what waits for a backend', () => {
  const state = mkdtempSync(join(tmpdir(), 'spanwarden-left-'))
  const place = (folder: string, id: string): void => {
    const queue = queueFolder(join(folder, 'queue'), id, 'traces')
    mkdirSync(queue, { recursive: true })
    writeFileSync(segmentPath(queue, 1), '')
  }
  place(state, 'otlp_http/a@b')
  place(samplingFolder(state), 'tail_sampling/x@y@traces/z')
  expect(heldBatches(state)).toEqual([{ processor: 'tail_sampling/x@y', pipeline: 'traces/z' }])
  expect(leftQueues(state)).toMatchObject([{ exporterId: 'otlp_http/a@b', signal: 'traces' }])
})

test('queues in directories of file_storage are found, those of workers with the folder of the worker', () => {
  const [state, directory] = [
    mkdtempSync(join(tmpdir(), 'spanwarden-left-')),
    mkdtempSync(join(tmpdir(), 'spanwarden-left-')),
  ]
  for (const folder of [directory, workerFolder(directory, 2)]) {
    const queue = queueFolder(folder, 'otlp_http/a', 'logs')
    mkdirSync(queue, { recursive: true })
    writeFileSync(segmentPath(queue, 1), '')
  }
  expect(leftQueues(state)).toEqual([])
  const left = { exporterId: 'otlp_http/a', signal: 'logs', directory }
  expect(leftQueues(state, [directory, directory])).toEqual([
    { ...left, stateFolder: state, worker: undefined },
    { ...left, stateFolder: workerFolder(state, 2), worker: '2' },
  ])
})
