import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { guardMarkerText, parseGuardMarker } from './guard-marker.ts'

test.each(['enforce', 'shadow'] as const)('%s is read as it was written', (mode) => {
  expect(parseGuardMarker(guardMarkerText({ mode }))).toEqual({ mode })
})

test('whatever else stands in it: limits hold', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseGuardMarker(text).mode).toBe('enforce')
    }),
  )
  expect(parseGuardMarker('{"mode":"off"}').mode).toBe('enforce')
})
