import { expect, it } from 'vitest'
import { startTestSdk } from '../../../test/support/instrumented.ts'
import { rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { observedCall } from './observe-call.ts'
import type { ModelResponse } from '../model-call.ts'
import type { CallShape } from './observe-call.ts'

const test = startTestSdk()

const response: ModelResponse = {
  id: undefined,
  model: undefined,
  finishReasons: ['stop'],
  usage: undefined,
  errorType: undefined,
  attributes: {},
  content: () => ({}),
}
const shape: CallShape = {
  describe: () => ({
    request: {
      operation: 'chat',
      provider: 'test',
      model: 'm',
      serverAddress: undefined,
      serverPort: undefined,
      stream: false,
      conversationId: undefined,
      attributes: {},
      content: () => ({}),
      unmetered: true,
    },
    reader: {
      whole: () => response,
      event: () => undefined,
      soFar: () => ({ ...response, finishReasons: [] }),
    },
  }),
  answer: (value) => ({ value }),
}

const lines = (): string[] => test.takeSpans().map(spanLine)

it('keeps name, length, this, arguments and the very value', async () => {
  const value = { answer: 42 }
  const seen: unknown[] = []
  const original = async function ask(this: unknown, a: unknown, b: unknown): Promise<unknown> {
    seen.push(this, a, b)
    return value
  }
  const ask = observedCall(original, shape, test.sdk)
  expect([ask.name, ask.length]).toEqual(['ask', 2])
  expect(observedCall(ask, shape, test.sdk)).toBe(ask)
  const self = {}
  expect(await Reflect.apply(ask, self, [1, 2])).toBe(value)
  expect(seen).toEqual([self, 1, 2])
  expect(lines()).toEqual(['chat m [stop]'])
})

it('reports a rejection that nobody handles exactly once, and passes the very error', async () => {
  const failure = new RangeError('no')
  const ask = observedCall(() => Promise.reject(failure), shape, test.sdk)
  await expect(ask()).rejects.toBe(failure)
  const listeners = process.rawListeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const reasons: unknown[] = []
  try {
    const reported = new Promise<void>((resolve) => {
      process.on('unhandledRejection', (reason) => {
        reasons.push(reason)
        resolve()
      })
    })
    void ask()
    await reported
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners)
      process.on('unhandledRejection', (...args) => Reflect.apply(listener, process, args))
  }
  expect(reasons).toEqual([failure])
  expect(lines()).toEqual(['chat m [] RangeError', 'chat m [] RangeError'])
})

it('passes on what is thrown at once, and what is no promise', () => {
  const failure = new RangeError('no')
  const throwing = observedCall(
    () => {
      throw failure
    },
    shape,
    test.sdk,
  )
  expect(() => throwing()).toThrow(failure)
  expect(observedCall(() => 7, shape, test.sdk)()).toBe(7)
  expect(lines()).toEqual(['chat m [] RangeError', 'chat m []'])
  expect(test.faults.splice(0)[0]).toBe('model call: unknown shape')
})

it('a fault of ours is counted and costs the call nothing', async () => {
  const broken = (): never => {
    throw new TypeError('ours')
  }
  const value = {}
  const original = async (): Promise<unknown> => value
  expect(await observedCall(original, { ...shape, describe: broken }, test.sdk)()).toBe(value)
  expect(await observedCall(original, { ...shape, answer: broken }, test.sdk)()).toBe(value)
  expect(await observedCall(original, { ...shape, describe: () => undefined }, test.sdk)()).toBe(value)
  const failing = observedCall(() => Promise.reject(new RangeError('no')), shape, test.sdk)
  expect(await rejection(Promise.resolve(failing()))).toMatchObject({ class: 'RangeError' })
  expect(test.faults.splice(0).filter((fault) => typeof fault === 'string')).toEqual([
    'model call: begin',
    'model answer',
  ])
  expect(lines()).toEqual(['chat m []', 'chat m [] RangeError'])
})
