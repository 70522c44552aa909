import { existsSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { components } from '../../../test/support/all-components.ts'
import { loadConfig } from '../config.ts'
import { unpooledPayload } from '../payload.ts'
import { openQueueStorage } from '../queue/open-queue-storage.ts'

const load = (text: string) => loadConfig([{ name: 'config.yaml', text }], components, { env: {}, readFile: () => '' })

const config = (extension: string, storage = 'file_storage/fs'): string => `
receivers: { otlp: { protocols: { http: } } }
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:1
    sending_queue: { storage: ${storage}, queue_size: 5000, batch: }
extensions: { file_storage/fs: ${extension} }
service:
  extensions: [file_storage/fs]
  pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } }
`

test('a block of the stock collector loads, and batches wait in its directory', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'made')
  const { exporters, warnings } = load(
    config(`{ directory: ${directory}, directory_permissions: "0750", timeout: 10s, compaction: { on_start: true } }`),
  )
  expect(warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    expect.stringContaining('timeout: it has no effect: a folder that another process uses is said at once'),
    expect.stringContaining('compaction: it has no effect: a file goes when all in it is sent'),
  ])
  const queue = exporters.get('otlp_http')?.sending?.queue
  expect(queue).toMatchObject({
    batch: { min_size: 8192, flush_timeout: 200, max_size: 0 },
    fileStorage: { directory },
  })
  if (queue === undefined) return
  const storage = openQueueStorage(queue, 'traces', testContext('otlp_http'))
  await storage.put(unpooledPayload('traces', spanBatch({ spans: [{ spanId: '0102030405060708' }] }), 1), 0)
  expect(existsSync(join(directory, 'otlp_http', 'traces', '0000000001.wal'))).toBe(true)
  expect(statSync(directory).mode & 0o777).toBe(0o750)
  await storage.close()
})

test('create_directory: false does not make it, and does not hinder the start', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'missing')
  const queue = load(config(`{ directory: ${directory}, create_directory: false }`)).exporters.get('otlp_http')?.sending
    ?.queue
  if (queue === undefined) throw new Error('no queue')
  const context = testContext('otlp_http')
  const storage = openQueueStorage(queue, 'traces', context)
  await expect(storage.put(unpooledPayload('traces', Buffer.alloc(0), 1), 0)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(context.logged).toMatchObject([{ level: 'error', fields: { kind: 'unwritable', code: 'ENOENT' } }])
  await storage.close()
})

test('workers have folders of their own in it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanwarden-'))
  const queue = load(config(`{ directory: ${directory} }`)).exporters.get('otlp_http')?.sending?.queue
  if (queue === undefined) throw new Error('no queue')
  const context = testContext('otlp_http')
  const storages = ['1', '2'].map((worker) =>
    openQueueStorage(queue, 'traces', { ...context, stateFolder: join(context.stateFolder, 'workers', worker) }),
  )
  expect(existsSync(join(directory, 'workers', '2', 'otlp_http', 'traces', 'lock'))).toBe(true)
  await Promise.all(storages.map((storage) => storage.close()))
})

test.each([
  [config('{}', 'file_storage/f'), 'it is disk, memory or the id of a file_storage extension that is defined'],
  [config('{}', 'dsk'), 'did you mean disk?'],
  [config('{ directory: "" }'), 'extensions.file_storage/fs.directory'],
])('a mistake is told where it stands', (text, message) => {
  expect(() => load(text)).toThrow(message)
})
