import { expect, test } from 'vitest'
import { FAKE_RULES } from '../../../test/support/fake-sidecar.ts'
import { Purse } from './purse.ts'
import type { Answer } from '../../control/guard-messages.ts'
import type { Ask, Tell } from '../../control/guard-messages.ts'
import type { SliceRecord } from '../../control/slice-journal.ts'

const RULES = { ...FAKE_RULES, sliceMin: 100 }
const PAYMENT = { amount: 10, scopes: { agent: 'a' }, model: 'm', trace: undefined, span: undefined }

/** A sidecar that grants everything, and a journal that knows what is open. */
function open() {
  const told: Tell[] = []
  const asked: Ask[] = []
  const lines = new Map<string, number>()
  const put = ({ id, reserved }: SliceRecord): void => {
    if (!lines.has(id)) throw new TypeError('the slice has no place in the journal')
    lines.set(id, reserved)
  }
  const sidecar = { isConnected: true }
  const purse = new Purse({
    client: {
      get isConnected() {
        return sidecar.isConnected
      },
      ask: (message): Promise<Answer> => {
        asked.push(message)
        const { id } = message
        if (sidecar.isConnected) return Promise.resolve({ type: 'answer', id, isGranted: true })
        return Promise.resolve({ type: 'answer', id, isGranted: false, code: 'GUARD_UNAVAILABLE', message: 'away' })
      },
      tell: (message) => void told.push(message),
    },
    journal: () => ({
      open: ({ id, reserved }) => {
        lines.set(id, reserved)
        return true
      },
      write: put,
      close: (id) => void lines.delete(id),
    }),
  })
  purse.epoch = 'e1'
  return { purse, told, asked, lines, sidecar }
}

async function pay(purse: Purse, amount = 10) {
  const held = purse.take({ ...PAYMENT, amount }, RULES) ?? (await purse.draw({ ...PAYMENT, amount }, RULES))
  if (!('settle' in held)) throw new Error(held.message)
  return held
}

test('a welcome ends what was drawn before it: the next call draws again, and a call under way settles in the old one', async () => {
  const { purse, told, asked, lines } = open()
  const first = await pay(purse)
  purse.epoch = 'e1'
  await pay(purse)
  expect(asked).toHaveLength(2)
  expect(told).toEqual([])
  first.settle(4)
  expect(told).toEqual([{ type: 'settle', id: asked[0]?.id, spent: 4 }])
  expect([...lines.keys()]).toEqual([asked[1]?.id])
})

test('of another epoch nothing is spent, and nothing told', async () => {
  const { purse, told, asked, lines } = open()
  const first = await pay(purse)
  purse.epoch = 'e2'
  expect(lines.size).toBe(0)
  first.settle(4)
  expect(purse.take(PAYMENT, RULES)).toBeUndefined()
  await pay(purse)
  expect(asked).toHaveLength(2)
  expect(told).toEqual([])
})

test('many calls that draw at the same time, as slices end under them, are all paid', async () => {
  const { purse, lines } = open()
  const helds = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      if (i % 10 === 9) purse.tell()
      const held = await pay(purse, 30 + i)
      if (i % 7 === 0) purse.epoch = 'e1'
      return held
    }),
  )
  for (const held of helds) held.settle(1)
  purse.close()
  expect(lines.size).toBe(0)
})

test('a slice outlives the seconds in which an agent thinks, and goes back when it is idle for longer', async () => {
  const { purse, told, asked, lines } = open()
  for (let call = 0; call < 3; call++) {
    const held = await pay(purse)
    held.settle(1)
    for (let second = 0; second < 4; second++) purse.tell()
  }
  expect(asked).toHaveLength(1)
  expect(told.filter(({ type }) => type === 'settle')).toEqual([])
  for (let second = 0; second < 4; second++) purse.tell()
  expect(told.filter(({ type }) => type === 'settle')).toEqual([{ type: 'settle', id: asked[0]?.id, spent: 0 }])
  expect(lines.size).toBe(0)
})

test('while the sidecar is away what is held is kept, and paid from; what is not is asked for once', async () => {
  const { purse, told, asked, sidecar } = open()
  const first = await pay(purse)
  first.settle(1)
  sidecar.isConnected = false
  for (let second = 0; second < 14; second++) purse.tell()
  const held = await pay(purse)
  held.settle(1)
  expect(asked).toHaveLength(1)
  expect(told.filter(({ type }) => type === 'settle')).toEqual([])
  const denials = await Promise.all([1, 2, 3].map(() => purse.draw({ ...PAYMENT, amount: 1000 }, RULES)))
  for (const denial of denials) expect(denial).toMatchObject({ code: 'GUARD_UNAVAILABLE', message: 'away' })
  expect(asked).toHaveLength(2)
  const rest = await purse.draw({ ...PAYMENT, amount: 1000, least: 5 }, RULES)
  expect(rest).toMatchObject({ amount: 98 })
})
