import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stricterSettings } from './thread-settings.ts'

const text = fc.option(fc.string(), { nil: undefined })
const settings = fc.record({
  mode: fc.constantFrom('auto', 'enforce', 'shadow', 'off'),
  stateFolder: text,
  endpoint: text,
  token: text,
  tenant: text,
})

test('a thread of a process with limits asks where its parent asks, and is limited as much at least', () => {
  fc.assert(
    fc.property(settings, settings, (own, parents) => {
      const mode = own.mode === 'enforce' ? 'enforce' : parents.mode
      const expected = { ...parents, mode, tenant: own.tenant ?? parents.tenant }
      expect(stricterSettings(own, parents)).toEqual(parents.mode === 'off' ? own : expected)
    }),
  )
})
