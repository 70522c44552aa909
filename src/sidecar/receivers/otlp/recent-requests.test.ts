import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentRequests } from './recent-requests.ts'

test('every id is taken once within the newest, again after a failure, and again when it is forgotten', async () => {
  const step = fc.record({ id: fc.integer({ min: 0, max: 6 }), fails: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step), fc.integer({ min: 1, max: 4 }), async (steps, idsMax) => {
      let duplicates = 0
      const requests = new RecentRequests({ add: (n) => void (duplicates += n) }, idsMax)
      /** Ids in order of their taking: what must be remembered. */
      let known: number[] = []
      let taken = 0
      let expectedTaken = 0
      for (const { id, fails } of steps) {
        const isKnown = known.includes(id)
        const take = async (): Promise<void> => {
          taken += 1
          if (fails) throw new Error('refused')
        }
        const outcome = await requests.once(String(id), take).then(
          () => 'taken',
          () => 'refused',
        )
        expect(outcome).toBe(isKnown || !fails ? 'taken' : 'refused')
        if (isKnown) continue
        expectedTaken += 1
        known = [...known, id].slice(-idsMax).filter((each) => each !== id || !fails)
      }
      expect(taken).toBe(expectedTaken)
      expect(duplicates).toBe(steps.length - expectedTaken)
    }),
  )
})

test('those that come while the first is under way get its outcome', async () => {
  const requests = new RecentRequests({ add: () => undefined })
  const gate = Promise.withResolvers<void>()
  let taken = 0
  const take = (): Promise<void> => {
    taken += 1
    return gate.promise
  }
  const all = Promise.allSettled([requests.once('a', take), requests.once('a', take), requests.once('b', take)])
  gate.reject(new Error('refused'))
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(taken).toBe(2)
})
