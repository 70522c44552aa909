import { expect, test } from 'vitest'
import type { HtpasswdEntry } from './htpasswd.ts'
import { PasswordChecker } from './password-checker.ts'

/** An entry whose checks end when a test says so. */
class SlowEntry implements HtpasswdEntry {
  readonly encoded: string
  readonly #right: string
  readonly checks: PromiseWithResolvers<void>[] = []

  constructor(encoded: string, right: string) {
    this.encoded = encoded
    this.#right = right
  }

  async matches(password: string): Promise<boolean> {
    const gate = Promise.withResolvers<void>()
    this.checks.push(gate)
    await gate.promise
    return password === this.#right
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('each password is checked once, one at a time; then the answer is known', async () => {
  const entry = new SlowEntry('x', 'right')
  const checker = new PasswordChecker()
  checker.use(new Map([['ann', entry]]))
  const results = ['right', 'wrong', 'right'].map((password) => checker.accepts('ann', password))
  await turn()
  expect(entry.checks).toHaveLength(1)
  entry.checks[0]?.resolve()
  await turn()
  expect(entry.checks).toHaveLength(2)
  entry.checks[1]?.resolve()
  expect(await Promise.all(results)).toEqual([true, false, true])
  expect(entry.checks).toHaveLength(2)
  expect(['right', 'wrong'].map((password) => checker.accepts('ann', password))).toEqual([true, false])
})

test('an unknown name is checked like a known one, and refused', async () => {
  const entry = new SlowEntry('x', 'right')
  const checker = new PasswordChecker()
  checker.use(new Map([['ann', entry]]))
  const result = checker.accepts('bob', 'right')
  await turn()
  expect(entry.checks).toHaveLength(1)
  entry.checks[0]?.resolve()
  expect(await result).toBe(false)
})

test('who guesses waits; who is known does not; beyond that it is busy', async () => {
  const entry = new SlowEntry('x', 'right')
  const checker = new PasswordChecker()
  checker.use(new Map([['ann', entry]]))
  const first = checker.accepts('ann', 'right')
  await turn()
  entry.checks[0]?.resolve()
  expect(await first).toBe(true)
  for (let i = 0; i < 16; i++) void checker.accepts('ann', `guess ${i}`)
  expect(() => checker.accepts('ann', 'one more')).toThrow('too many passwords are being checked')
  expect(checker.accepts('ann', 'right')).toBe(true)
})

test('a new hash makes what was known worthless', async () => {
  const checker = new PasswordChecker()
  const [before, after] = [new SlowEntry('before', 'a'), new SlowEntry('after', 'b')]
  checker.use(new Map([['ann', before]]))
  const first = checker.accepts('ann', 'a')
  await turn()
  before.checks[0]?.resolve()
  expect(await first).toBe(true)
  checker.use(new Map([['ann', after]]))
  const second = checker.accepts('ann', 'a')
  await turn()
  after.checks[0]?.resolve()
  expect(await second).toBe(false)
  checker.use(new Map())
  expect(checker.accepts('ann', 'a')).toBe(false)
})
