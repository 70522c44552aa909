import { beforeAll, describe, expect, it } from 'vitest'
import type { Instrumentation } from '../../src/sdk/instrumentation/instrumentation.ts'
import { loadBuild } from './hooked.ts'
import type { Build } from './hooked.ts'
import { instrument } from './instrumented.ts'
import type { TestSdk } from './instrumented.ts'
import type { ModelServer } from './model-server.ts'
import type { Shape } from './openai-shapes.ts'
import { spanLine } from './span-line.ts'

/** The ways of using one build of a client, told by `shapes`. */
export interface ShapeSuite<Client> {
  /** Library, major and module format, as the table of libraries shows them. */
  readonly title: string
  readonly build: Build
  readonly instrumentation: Instrumentation
  /** Files that must have been patched, without extension. */
  readonly files: readonly string[]
  readonly shapes: Readonly<Record<string, Shape<Client>>>
  readonly test: TestSdk
  readonly server: () => ModelServer
  /** A client for `server`, made of the module's exports. */
  readonly client: (library: Record<string, unknown>, server: ModelServer) => Client
}

/** Uses the client in every way, first without its instrumentation, then with it: the same must come out, and the spans beside it. */
export function describeShapes<Client>(suite: ShapeSuite<Client>): void {
  const { title, build, instrumentation, files, shapes, test, server, client } = suite
  describe(title, () => {
    const bare = new Map<string, unknown>()
    let library: Record<string, unknown>
    let bareSpans: number
    let patched: readonly string[]

    const use = async ({ answers, use: run }: Shape<Client>): Promise<unknown> => {
      server().answer(...answers)
      const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await run(client(library, server()), server()) }))
      return outcome
    }

    beforeAll(async () => {
      library = await loadBuild(instrumentation.library, build)
      for (const [name, shape] of Object.entries(shapes)) bare.set(name, await use(shape))
      bareSpans = test.takeSpans().length
      patched = await instrument(instrumentation, test.sdk, build)
    })

    it('has no span without the patches, which all find their file', () => {
      expect(bareSpans).toBe(0)
      expect(patched.map((file) => file.replace(/\.m?js$/, ''))).toEqual(expect.arrayContaining([...files]))
    })

    for (const [feature, group] of Map.groupBy(Object.entries(shapes), ([, shape]) => shape.feature)) {
      describe(`${feature}`, () => {
        it.each(group)('leaves the client as it is: %s', async (name, shape) => {
          const outcome = await use(shape)
          expect(outcome).toEqual(bare.get(name))
          const previous = build.major === 'previous' ? shape.previousSpans : undefined
          expect(test.takeSpans().map(spanLine)).toEqual(previous ?? shape.spans)
          expect(test.faults.splice(0)).toEqual([])
        })
      })
    }
  })
}
