import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { SHOWN, shapes } from '../../../test/support/ai-shapes.ts'
import { startModelServer } from '../../../test/support/model-server.ts'
import { spanTree } from '../../../test/support/span-tree.ts'
import { ai } from './ai.ts'
import type * as AiModule from 'ai'
import type * as OpenAiProviderModule from '@ai-sdk/openai'
import type { AiBuild, AiShape } from '../../../test/support/ai-shapes.ts'
import type { Build } from '../../../test/support/hooked.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'

const test = startHookedSdk([ai])
let server: ModelServer

/** The edge: modules that are loaded by name. */
async function builtOf(sdk: unknown, build: Build): Promise<AiBuild> {
  const { createOpenAI } = await test.load('@ai-sdk/openai', build)
  // oxlint-disable-next-line typescript/consistent-type-assertions
  const create = createOpenAI as (typeof OpenAiProviderModule)['createOpenAI']
  // oxlint-disable-next-line typescript/consistent-type-assertions
  return { sdk: sdk as typeof AiModule, provider: create({ apiKey: 'key', baseURL: `${server.url}/v1` }) }
}

/** The same file under another address: the hook leaves it alone. */
async function bareSdk({ major }: Build): Promise<unknown> {
  const from = major === 'current' ? import.meta.url : new URL('../../../test/previous/', import.meta.url)
  const file = createRequire(from)
    .resolve('ai')
    .replace(/\.js$/, major === 'current' ? '.js' : '.mjs')
  return import(`${pathToFileURL(file).href}?bare`)
}

async function use({ answers, use: run }: AiShape, build: AiBuild): Promise<unknown> {
  server.answer(...answers)
  const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await run(build, server) }))
  return outcome
}

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

for (const build of BUILDS) {
  describe(`ai ${build.major === 'current' ? 7 : 6} ${build.format}`, () => {
    const bare = new Map<string, unknown>()
    let observed: AiBuild

    beforeAll(async () => {
      const unobserved = await builtOf(await bareSdk(build), build)
      for (const [name, shape] of Object.entries(shapes)) bare.set(name, await use(shape, unobserved))
      test.takeSpans()
      observed = await builtOf(await test.load('ai', build), build)
    })

    for (const [feature, group] of Map.groupBy(Object.entries(shapes), ([, shape]) => shape.feature)) {
      describe(feature, () => {
        it.each(group)('%s', async (name, shape) => {
          const outcome = await use(shape, observed)
          expect(outcome).toEqual(bare.get(name))
          expect(spanTree(test.takeSpans(), SHOWN)).toBe(shape.spans)
          expect(test.faults).toEqual([])
        })
      })
    }
  })
}
