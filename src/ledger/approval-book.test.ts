import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApprovalBook } from './approval-book.ts'
import type { ApprovalState } from './approval-book.ts'
import { Ledger } from './ledger.ts'

const call = { tool: 'post', class: 'post', agent: 'a', summary: '{}', argumentsHmac: '' }
const decisions = ['approved', 'denied', 'timeout', 'withdrawn', 'stopped', 'released'] as const

test('whatever comes in between, restarts too: a question is there once, and its first decision stands', () => {
  const id = fc.constantFrom('x', 'y', 'z')
  const step = fc.oneof(
    fc.record({ do: fc.constant('ask'), id }),
    fc.record({ do: fc.constant('decide'), id, state: fc.constantFrom(...decisions) }),
    fc.record({ do: fc.constant('restart') }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const path = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'ledger.db')
      let ledger = new Ledger({ path, now: () => 1000 })
      let book = new ApprovalBook(ledger)
      const wrong: unknown[] = []
      const known = new Map<string, { at: number; state: ApprovalState; person: string }>()
      steps.forEach((one, at) => {
        if (one.do === 'restart') {
          ledger.close()
          ledger = new Ledger({ path, now: () => 1000 })
          book = new ApprovalBook(ledger)
        } else if ('state' in one) {
          const before = known.get(one.id)
          const isFirst = before?.state === 'pending'
          if (book.decide(one.id, one.state, at, `p${at}`) !== isFirst) wrong.push(one)
          if (isFirst) known.set(one.id, { at: before.at, state: one.state, person: `p${at}` })
        } else if ('id' in one) {
          book.ask({ id: one.id, process: 'p', call, askedAt: at, deadline: at + 5 })
          if (!known.has(one.id)) known.set(one.id, { at, state: 'pending', person: '' })
        }
      })
      expect(wrong).toEqual([])
      for (const [name, { at, state, person }] of known)
        expect(book.find(name)).toMatchObject({ askedAt: at, deadline: at + 5, state, person, call })
      const waiting = [...known.values()].filter(({ state }) => state === 'pending').length
      expect([book.pendingCount, book.pending().length]).toEqual([waiting, waiting])
      expect(book.decided(10)).toHaveLength(known.size - waiting)
      book.prune(Number.MAX_SAFE_INTEGER)
      expect([book.pendingCount, book.decided(10)]).toEqual([waiting, []])
      ledger.close()
    }),
    { numRuns: 25 },
  )
})
