import { getEventListeners } from 'node:events'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { observeReadable } from './readable-stream.ts'
import { observeIterable, observeStream } from './stream.ts'
import type { ClientStream } from './stream.ts'

/** What a reader does next, and what the source does: a random reading, done with and without the observer, must be the same. */
const steps = fc.array(fc.constantFrom('next', 'next', 'next', 'return', 'throw', 'abort'), { maxLength: 12 })
const sources = fc.record({ items: fc.array(fc.integer(), { maxLength: 6 }), failsAtEnd: fc.boolean() })

interface Source {
  readonly items: readonly number[]
  readonly failsAtEnd: boolean
}

interface TestStream extends ClientStream {
  readonly controller: AbortController
}

function makeStream({ items, failsAtEnd }: Source): TestStream {
  const controller = new AbortController()
  async function* iterator(): AsyncGenerator<number> {
    let done = false
    try {
      for (const item of items) {
        if (controller.signal.aborted) return
        yield item
      }
      if (failsAtEnd) throw new Error('source')
      done = true
    } finally {
      if (!done) controller.abort()
    }
  }
  return { iterator, controller }
}

async function read(stream: TestStream, plan: readonly string[]): Promise<unknown[]> {
  const iterator = stream.iterator()
  const seen: unknown[] = []
  const note = async (step: Promise<unknown> | undefined): Promise<void> => {
    seen.push(await step?.catch((error: unknown) => String(error)))
  }
  for (const step of plan) {
    if (step === 'next') await note(iterator.next())
    else if (step === 'return') await note(iterator.return?.('returned'))
    else if (step === 'throw') await note(iterator.throw?.(new Error('thrown')))
    else stream.controller.abort()
  }
  return seen
}

it('changes nothing for the reader and tells one end at most, after which it tells nothing', async () => {
  await fc.assert(
    fc.asyncProperty(sources, steps, async (source, plan) => {
      const bare = await read(makeStream(source), plan)
      const stream = makeStream(source)
      const told: unknown[] = []
      observeStream(stream, {
        item: (value) => told.push(value),
        completed: () => told.push('completed'),
        stopped: () => told.push('stopped'),
        failed: (error) => told.push(String(error)),
      })
      expect(await read(stream, plan)).toEqual(bare)

      const items = bare.flatMap((result) => (isItem(result) ? [result.value] : []))
      const end = told.findIndex((value) => typeof value === 'string')
      // An abort between two reads ends the observation while the source may still hand out an item that it had.
      expect(items.slice(0, told.filter((value) => typeof value === 'number').length)).toEqual(
        told.filter((value) => typeof value === 'number'),
      )
      expect(end === -1 || end === told.length - 1).toBe(true)
      const ended = plan.includes('abort') || bare.some((result) => !isItem(result))
      expect(end !== -1).toBe(ended)
    }),
  )
})

it('tells how it ended', async () => {
  const ends = async (source: Source, plan: readonly string[]): Promise<unknown[]> => {
    const stream = makeStream(source)
    const told: unknown[] = []
    observeStream(stream, {
      item: () => {},
      completed: () => told.push('completed'),
      stopped: () => told.push('stopped'),
      failed: (error) => told.push(String(error)),
    })
    await read(stream, plan)
    return told
  }
  const items = [1, 2]
  expect(await ends({ items, failsAtEnd: false }, ['next', 'next', 'next'])).toEqual(['completed'])
  expect(await ends({ items, failsAtEnd: true }, ['next', 'next', 'next'])).toEqual(['Error: source'])
  expect(await ends({ items, failsAtEnd: false }, ['next', 'return'])).toEqual(['stopped'])
  expect(await ends({ items, failsAtEnd: false }, ['next', 'throw'])).toEqual(['Error: thrown'])
  expect(await ends({ items, failsAtEnd: false }, ['abort'])).toEqual(['stopped'])
  expect(await ends({ items, failsAtEnd: false }, ['next'])).toEqual([])
})

it('observes the first reading only', async () => {
  const stream = makeStream({ items: [1], failsAtEnd: false })
  const told: unknown[] = []
  observeStream(stream, { item: (value) => told.push(value), completed: () => {}, stopped: () => {}, failed: () => {} })
  await read(stream, ['next', 'next'])
  await read(stream, ['next', 'next'])
  expect(told).toEqual([1])
})

const isItem = (result: unknown): result is { value: unknown } =>
  typeof result === 'object' && result !== null && 'done' in result && result.done !== true

it('leaves nothing at a signal that outlives the stream', async () => {
  const { signal } = new AbortController()
  const observer = { item: () => {}, completed: () => {}, stopped: () => {}, failed: () => {} }
  async function* items(): AsyncGenerator<number> {
    yield 1
  }
  const generator = items()
  observeIterable(generator, observer, signal)
  const readable = new ReadableStream({ start: (controller) => controller.close() })
  observeReadable(readable, observer, signal)
  expect(getEventListeners(signal, 'abort')).toHaveLength(2)
  for await (const item of generator) expect(item).toBe(1)
  for await (const item of readable) expect(item).toBeUndefined()
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
