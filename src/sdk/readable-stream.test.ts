import { describe, expect, it } from 'vitest'
import { observeReadable } from './readable-stream.ts'

/** A stream of 1, 2, 3 (and then `failure`), and what its observer is told. */
function observed(failure?: Error): { stream: ReadableStream<unknown>; told: unknown[]; pulls: () => number } {
  const told: unknown[] = []
  let next = 0
  const stream = new ReadableStream<unknown>(
    {
      pull(controller) {
        next += 1
        if (next <= 3) return controller.enqueue(next)
        return failure === undefined ? controller.close() : controller.error(failure)
      },
    },
    { highWaterMark: 0 },
  )
  observeReadable(stream, {
    item: (value) => told.push(value),
    completed: () => told.push('completed'),
    stopped: () => told.push('stopped'),
    failed: (error) => told.push(error),
  })
  return { stream, told, pulls: () => next }
}

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = []
  for await (const item of stream) items.push(item)
  return items
}

describe('every way of reading is told once, and gives what it gave', () => {
  it.each([
    ['for await', (stream: ReadableStream<unknown>) => all(stream)],
    ['values()', (stream: ReadableStream<unknown>) => all(stream.values())],
    ['pipeThrough()', (stream: ReadableStream<unknown>) => all(stream.pipeThrough(new TransformStream()))],
    [
      'tee()',
      async (stream: ReadableStream<unknown>) => {
        const [left, right] = stream.tee()
        const [items, same] = await Promise.all([all(left), all(right)])
        expect(same).toEqual(items)
        return items
      },
    ],
    [
      'pipeTo()',
      async (stream: ReadableStream<unknown>) => {
        const items: unknown[] = []
        await stream.pipeTo(new WritableStream({ write: (item) => void items.push(item) }))
        return items
      },
    ],
    [
      'a reader',
      async (stream: ReadableStream<unknown>) => {
        const reader = stream.getReader()
        const items: unknown[] = []
        for (let step = await reader.read(); !step.done; step = await reader.read()) items.push(step.value)
        reader.releaseLock()
        return items
      },
    ],
  ])('%s', async (_, read) => {
    const { stream, told } = observed()
    expect(await read(stream)).toEqual([1, 2, 3])
    expect(told).toEqual([1, 2, 3, 'completed'])
    expect(stream).toBeInstanceOf(ReadableStream)

    const failure = new Error('cut')
    const cut = observed(failure)
    await expect(read(cut.stream)).rejects.toBe(failure)
    expect(cut.told).toEqual([1, 2, 3, failure])
  })
})

describe('breaking off', () => {
  it('is told when a loop is left, and reads nothing ahead', async () => {
    const { stream, told, pulls } = observed()
    for await (const _ of stream) break
    expect(told).toEqual([1, 'stopped'])
    expect(pulls()).toBe(1)
  })

  it('is told when the stream or its reader is cancelled', async () => {
    const unread = observed()
    await unread.stream.cancel()
    expect(unread.told).toEqual(['stopped'])
    const { stream, told } = observed()
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
    expect(told).toEqual([1, 'stopped'])
  })
})

it('a locked stream refuses with the errors of the platform', async () => {
  const { stream, told } = observed()
  const reader = stream.getReader()
  expect(stream.locked).toBe(true)
  expect(() => stream.tee()).toThrow(TypeError)
  expect(() => stream.getReader()).toThrow(TypeError)
  await expect(stream.cancel()).rejects.toThrow(TypeError)
  expect(told).toEqual([])
  expect(await reader.read()).toEqual({ done: false, value: 1 })
})
