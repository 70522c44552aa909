import { beforeAll, describe, expect, it } from 'vitest'
import type { Build, HookedSdk } from './hooked.ts'
import type { ModelServer } from './model-server.ts'
import type { Shape } from './openai-shapes.ts'
import { spanLine } from './span-line.ts'

/** The ways of using one build of a client that is patched where it is loaded, told by `shapes`. */
export interface HookedShapeSuite<Client> {
  /** Library, major and module format, as the table of libraries shows them. */
  readonly title: string
  readonly build: Build
  readonly library: string
  readonly shapes: Readonly<Record<string, Shape<Client>>>
  readonly test: HookedSdk
  readonly server: () => ModelServer
  /** A client for `server`, made of the module's exports. */
  readonly client: (library: Record<string, unknown>, server: ModelServer) => Client
}

/**
 * Uses the client in every way, first unobserved, then observed: the same must come out, and the spans beside it. Such a library has no form
 * without its patches in the process of its hook; without a tracer they lead straight to the library's own code.
 */
export function describeHookedShapes<Client>(suite: HookedShapeSuite<Client>): void {
  const { title, build, library, shapes, test, server, client } = suite
  describe(title, () => {
    const bare = new Map<string, unknown>()
    let loaded: Record<string, unknown>

    const use = async ({ answers, use: run }: Shape<Client>): Promise<unknown> => {
      server().answer(...answers)
      const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await run(client(loaded, server()), server()) }))
      return outcome
    }

    beforeAll(async () => {
      loaded = await test.load(library, build)
      const { tracer } = test.sdk
      Reflect.set(test.sdk, 'tracer', undefined)
      for (const [name, shape] of Object.entries(shapes)) bare.set(name, await use(shape))
      Reflect.set(test.sdk, 'tracer', tracer)
    })

    it('works on without a span when ours cannot be made', () => {
      expect(test.takeSpans()).toEqual([])
      expect(test.faults.splice(0)).toContain('model call: begin')
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
