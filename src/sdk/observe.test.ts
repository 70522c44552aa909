import { ROOT_CONTEXT } from '@opentelemetry/api'
import { asyncProperty, assert, constantFrom, array, boolean, nat, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { observe } from './observe.ts'
import type { Outcome } from './observe.ts'

/** What is told, as words. */
function told(signal?: AbortSignal): { readonly words: string[]; readonly outcome: Outcome } {
  const words: string[] = []
  const outcome: Outcome = {
    returned: (value) => words.push(`returned ${String(value)}`),
    failed: (error) => words.push(`failed ${String(error)}`),
    item: (value) => words.push(String(value)),
    stopped: () => words.push('stopped'),
    signal,
  }
  return { words, outcome }
}

async function* counting(items: number, failing = false): AsyncGenerator<number, string, undefined> {
  for (let item = 0; item < items; item += 1) yield item
  if (failing) throw new Error('broken')
  return 'end'
}

const isGenerator = (value: unknown): value is AsyncGenerator<number, string, undefined> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

function observed(made: AsyncGenerator<number>, outcome: Outcome): AsyncGenerator<number, string, undefined> {
  const result = observe(() => made, ROOT_CONTEXT, outcome)
  if (!isGenerator(result)) throw new TypeError('not a generator')
  expect(result).toBe(made)
  return result
}

describe('observe: a generator', () => {
  it('tells its items and how it ended, whatever is done with it', async () => {
    const use = constantFrom(...(['next', 'return', 'throw'] as const))
    await assert(
      asyncProperty(record({ items: nat(4), failing: boolean(), uses: array(use, { maxLength: 7 }) }), async (run) => {
        const play = async (generator: AsyncGenerator<number, string, undefined>): Promise<unknown[]> => {
          const seen: unknown[] = []
          for (const method of run.uses) {
            const step =
              method === 'next'
                ? generator.next()
                : method === 'return'
                  ? generator.return('closed')
                  : generator.throw(new Error('mine'))
            seen.push(await step.catch((error: unknown) => String(error)))
          }
          return seen
        }
        const { words, outcome } = told()
        const bare = await play(counting(run.items, run.failing))
        expect(await play(observed(counting(run.items, run.failing), outcome))).toEqual(bare)
        const items = bare.flatMap((step) =>
          typeof step === 'object' && step !== null && Reflect.get(step, 'done') === false
            ? [String(Reflect.get(step, 'value'))]
            : [],
        )
        const ends = words.filter((word) => !items.includes(word))
        expect(words.slice(0, items.length)).toEqual(items)
        expect(ends).toHaveLength(bare.length > items.length ? 1 : 0)
      }),
    )
  })

  it('is stopped, not failed, when a read under way breaks because of the closing', async () => {
    const { words, outcome } = told()
    let fail: (error: Error) => void = () => undefined
    const waiting = new Promise<never>((_, reject) => (fail = reject))
    const generator = observed(
      (async function* () {
        yield await waiting
      })(),
      outcome,
    )
    const read = generator.next()
    const closed = generator.return('closed')
    fail(new Error('aborted'))
    await expect(read).rejects.toThrow('aborted')
    await closed
    expect(words).toEqual(['stopped'])
  })

  it('is stopped by its signal while nobody reads, and after the read that is under way', async () => {
    const between = new AbortController()
    const first = told(between.signal)
    const generator = observed(counting(3), first.outcome)
    await generator.next()
    between.abort()
    expect(first.words).toEqual(['0', 'stopped'])

    const during = new AbortController()
    const second = told(during.signal)
    const read = observed(counting(3), second.outcome).next()
    during.abort()
    expect(second.words).toEqual([])
    await read
    expect(second.words).toEqual(['0', 'stopped'])
  })

  it('leaves no listener on a signal that lives on', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args))
    const generator = observed(counting(1), told(signal).outcome)
    expect(listeners).toBe(1)
    for await (const _ of generator) continue
    expect(listeners).toBe(0)
  })
})
