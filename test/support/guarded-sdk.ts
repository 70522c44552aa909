import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { startGuard } from '../../src/sdk/guard/start-guard.ts'
import { FAKE_RULES, startFakeSidecar } from './fake-sidecar.ts'
import { startHookedSdk } from './hooked.ts'
import { until } from './until.ts'
import type { GuardRules, StopState } from '../../src/control/guard-messages.ts'
import type { StartedGuard } from '../../src/sdk/guard/start-guard.ts'
import type { Instrumentation } from '../../src/sdk/instrumentation/instrumentation.ts'
import type { FakeSidecar } from './fake-sidecar.ts'
import type { HookedSdk } from './hooked.ts'

/** An agent's process with limits: the hooked SDK, the guard, and a sidecar whose answers a test gives. Once in a test file. */
export interface GuardedSdk extends AsyncDisposable {
  readonly hooked: HookedSdk
  readonly started: StartedGuard
  readonly sidecar: FakeSidecar
  /** Resolves when the guard goes by these rules. */
  rules(changed: Partial<GuardRules>): Promise<void>
  /** A stop of the whole agent, under this id. */
  stop(id: string): void
  /** Resolves when the process has told that nothing of the stop is under way: how many were cut. */
  stopped(id: string): Promise<number>
  resume(): Promise<void>
  /** Decision and rule of each span since the last time. */
  decisions(): unknown[]
  /** Everything is granted again, and what was said is forgotten. Throws when `secret` was told to the sidecar, or the instrumentation has failed. */
  reset(secret: string): Promise<void>
}

export const GUARDED_AGENT = 'tester'

/** `hosts`: those of models. */
export async function startGuardedSdk(
  instrumentations: readonly Instrumentation[],
  hosts: readonly string[] = ['127.0.0.1'],
): Promise<GuardedSdk> {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-guard-'))
  const sidecar = await startFakeSidecar(join(folder, 'control.sock'))
  const hooked = startHookedSdk(instrumentations)
  const nativeFetch = globalThis.fetch
  const settings = {
    mode: 'enforce',
    stateFolder: folder,
    endpoint: undefined,
    token: undefined,
    tenant: undefined,
  } as const
  const started = startGuard(settings, GUARDED_AGENT, hosts, hooked.sdk.fault)
  if (started === undefined) throw new Error('no guard was started')
  Reflect.set(hooked.sdk, 'guard', started)
  await until(() => started.guard.hasLease)

  const told = async (): Promise<void> => {
    sidecar.welcome()
    const { rules, mode } = sidecar.state
    await until(() => isDeepStrictEqual(started.guard.rules, rules) && started.guard.mode === mode)
  }
  const scope: Pick<StopState, 'scope' | 'value'> = { scope: 'agent', value: GUARDED_AGENT }
  return {
    hooked,
    started,
    sidecar,
    async rules(changed) {
      sidecar.state.rules = { ...FAKE_RULES, ...changed }
      await told()
    },
    stop: (id) => sidecar.say({ type: 'stop', id, ...scope, reason: 'a person said so' }),
    async stopped(id) {
      const find = () => sidecar.saidOf('stopped').find((one) => one.id === id)
      await until(() => find() !== undefined)
      return find()?.aborted ?? 0
    },
    async resume() {
      sidecar.say({ type: 'resume', ...scope })
      await until(() => started.guard.underWay.stopOf({ scopes: { agent: GUARDED_AGENT } }) === undefined)
    },
    decisions: () =>
      hooked
        .takeSpans()
        .map(({ attributes }) => [attributes['spanwarden.guard.decision'], attributes['spanwarden.guard.rule']]),
    async reset(secret) {
      Object.assign(sidecar.state, { mode: 'enforce', rules: FAKE_RULES, answer: () => ({}) })
      await told()
      await started.guard.flush(5_000)
      if (JSON.stringify(sidecar.said).includes(secret)) throw new Error('content was told to the sidecar')
      sidecar.said.length = 0
      hooked.takeSpans()
      const [, cause] = hooked.faults.splice(0)
      if (cause !== undefined) throw new Error('the instrumentation has failed', { cause })
    },
    async [Symbol.asyncDispose]() {
      globalThis.fetch = nativeFetch
      started.guard.close()
      await sidecar[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

/** How a call was rejected. Throws when it was not. */
export async function rejectionOf(call: () => unknown): Promise<unknown> {
  let value: unknown
  try {
    value = await call()
  } catch (error) {
    return error
  }
  throw new Error(`the call was not denied: ${JSON.stringify(value)?.slice(0, 200)}`)
}
