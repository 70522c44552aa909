import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { storeService } from '../../store/embedded-store.ts'
import type { Payload, ServiceName } from '../component.ts'
import { Services } from '../services.ts'
import { store } from './store.ts'

const payload = (bytes: Buffer): Payload => ({
  signal: 'traces',
  bytes,
  items: 1,
  retain: () => payload(bytes),
  release: () => undefined,
})

function start(config: object) {
  const context = testContext('store')
  const services = new Services(() => context)
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const exporter = store.create(store.config.parse(config), { ...context, service })
  return { context, exporter, embedded: service(storeService) }
}

describe('exporter store', () => {
  test('writes into the store that the page reads, with the limits of its configuration', async () => {
    const { exporter, embedded } = start({ max_size_mib: 16, max_age: '2h', max_run_spans: 10 })
    const sent = await exporter.send(
      payload(spanBatch({ spans: [{ spanId: '00000000000000aa' }] })),
      new AbortController().signal,
    )
    expect(sent).toEqual({ outcome: 'sent' })
    expect(embedded.runs({ limit: 1 }).runs).toMatchObject([{ agent: 'span', spans: 1 }])
    expect(embedded.limits).toMatchObject({ bytesMax: 16 * 1024 * 1024, ageMsMax: 7_200_000, spansPerRunMax: 10 })
    embedded.close()
  })

  test('a batch that cannot be written is rejected; the log hears of the first, without content', async () => {
    const { exporter, embedded, context } = start({})
    embedded.close()
    for (let i = 0; i < 3; i++) {
      const bytes = spanBatch({ spans: [{ spanId: '00000000000000aa', name: 'private' }] })
      const { outcome } = await exporter.send(payload(bytes), new AbortController().signal)
      expect(outcome).toBe('rejected')
    }
    expect(context.logged).toHaveLength(1)
    expect(JSON.stringify(context.logged)).not.toContain('private')
  })

  test('by default a week and 512 MiB', () => {
    expect(store.config.parse({})).toEqual({ max_size_mib: 512, max_age: 604_800_000, max_run_spans: 20_000 })
  })
})
