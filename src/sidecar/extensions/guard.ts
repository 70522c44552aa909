import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { budgetView } from '../../alerts/budget-view.ts'
import { CONTROL_SOCKET } from '../../control/guard-marker.ts'
import type { GuardListen } from '../../control/guard-server.ts'
import { defineExtension } from '../component.ts'
import { hostAndPort } from '../config-types.ts'
import { addApprovalMetrics } from './guard/approval-metrics.ts'
import { addApprovalRoutes } from './guard/approval-routes.ts'
import { dailyBudgets } from './guard/daily-budgets.ts'
import { addFleetMetrics } from './guard/fleet/fleet-metrics.ts'
import { fleetNotices } from './guard/fleet/fleet-notices.ts'
import { fleetProblem } from './guard/fleet/fleet-problem.ts'
import { addFleetRoutes } from './guard/fleet/fleet-routes.ts'
import { guardConfig, guardSettings } from './guard/guard-config.ts'
import type { GuardConfig } from './guard/guard-config.ts'
import { guardHost } from './guard/guard-host.ts'
import { addGuardMetrics } from './guard/guard-metrics.ts'
import { addGuardRoutes } from './guard/guard-routes.ts'
import { addRollbackRoutes } from './guard/rollback-routes.ts'

const TOKEN_CHARS_MIN = 16

/**
 * The sidecar's half of the guard: agents ask it over `<state>/control.sock` before they call a model or a tool. Without a limit nothing is denied; without the ledger
 * (`<state>/ledger.db`) everything is.
 */
export const guard = defineExtension({
  type: 'guard',
  isSingle: true,
  summary: 'Keeps agents inside their limits: budgets, rates of tool calls, loops, and the kill switch.',
  config: guardConfig,
  notices: fleetNotices,
  create(config, context) {
    const host = context.service(guardHost)
    const settings = guardSettings(config)
    const owner = {}
    const shown = context.service(budgetView)
    const readBudgets = () => dailyBudgets(host, settings)
    let endMetrics = (): void => {}
    const token = (): string | undefined => (config.token_file === '' ? undefined : readToken(config.token_file))
    addGuardRoutes(context.http, host, token)
    addRollbackRoutes(context.http, host, token)
    addApprovalRoutes(context.http, host, token)
    addFleetRoutes(context.http, host, token)
    return {
      async start() {
        await host.use(owner, settings, listensOn(config, context.stateFolder))
        endMetrics = addGuardMetrics(host, settings, context)
        addApprovalMetrics(host, context.metrics)
        addFleetMetrics(host, settings, context)
        shown.read = readBudgets
      },
      async stop() {
        endMetrics()
        if (shown.read === readBudgets) shown.read = undefined
        await host.leave(owner)
      },
      problem: () => host.deniesBecause ?? fleetProblem(host.books?.fleet),
      get problemCode() {
        return host.deniesBecause === undefined ? 'fleet_unavailable' : 'guard_closed'
      },
    }
  },
})

function listensOn(config: GuardConfig, stateFolder: string): GuardListen[] {
  const path = config.socket === '' ? join(stateFolder, CONTROL_SOCKET) : config.socket
  if (config.listen === undefined) return [{ path }]
  // Read at once, so that a start without it fails, and with each connection, so that it may change.
  readToken(config.token_file)
  return [{ path }, { ...hostAndPort(config.listen), token: () => readToken(config.token_file) }]
}

/** Throws when there is none that is long enough to keep others out. */
function readToken(path: string): string {
  const token = readFileSync(path, 'utf8').trim()
  if (token.length < TOKEN_CHARS_MIN)
    throw new Error(`${path} holds no token of at least ${TOKEN_CHARS_MIN} characters`)
  return token
}
