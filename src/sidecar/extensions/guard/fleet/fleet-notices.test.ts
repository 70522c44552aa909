import { describe, expect, test } from 'vitest'
import { guard } from '../../guard.ts'

const noticesOf = (config: object) => guard.notices?.(guard.config.parse(config)) ?? []
const RATES = {
  writes: { class: 'write', scope: 'fleet', concurrent: 2 },
  nights: { class: 'post', scope: 'agent', quiet: '22:00-06:00' },
  posts: { class: 'post', scope: 'fleet', limit: 10, window: '1h' },
  own: { class: 'exec', scope: 'run', concurrent: 1 },
}
const fleet = { url: 'redis://127.0.0.1:6379' }

describe('what a fleet does not share', () => {
  test('is told with the place in the configuration', () => {
    expect(noticesOf({ rates: RATES, fleet, mode: 'shadow' }).map(({ path }) => path.join('.'))).toEqual([
      'rates.writes.concurrent',
      'rates.nights.quiet',
      'mode',
    ])
    expect(noticesOf({ rates: RATES, fleet })[0]?.message).toContain('up to 6, not 2')
  })

  test('is nothing without a fleet', () => {
    expect(noticesOf({ rates: RATES, mode: 'shadow' })).toEqual([])
  })
})
