import { fastify } from 'fastify'
import { authenticators } from '../../src/sidecar/authenticators.ts'
import type { Authenticator } from '../../src/sidecar/authenticators.ts'
import type { Extension, ExtensionDefinition } from '../../src/sidecar/component.ts'
import { Services } from '../../src/sidecar/services.ts'
import { testContext } from './component-context.ts'
import type { TestContext } from './component-context.ts'

export interface RunningExtension {
  readonly extension: Extension
  readonly context: TestContext
  /** What the sidecar says of itself; ready from the start. */
  readySinceMs: number | undefined
  /** What the extension is for others, while it runs. */
  authenticator(): Authenticator | undefined
}

/** An extension that was created of its configuration, not started. */
export function createExtension(definition: ExtensionDefinition, config: object): RunningExtension {
  const context = testContext(definition.type)
  const services = new Services(() => context)
  const service = services.get.bind(services)
  const extension = definition.create(definition.config.parse(config), {
    ...context,
    http: fastify(),
    readySinceMs: () => running.readySinceMs,
    service,
  })
  const running: RunningExtension = {
    extension,
    context,
    readySinceMs: context.clock.now(),
    authenticator: () => service(authenticators).get(definition.type),
  }
  return running
}
