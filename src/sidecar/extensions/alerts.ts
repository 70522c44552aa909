import { agentPulse } from '../../alerts/agent-pulse.ts'
import { alertDesk } from '../../alerts/alert-desk.ts'
import { budgetView } from '../../alerts/budget-view.ts'
import { defineExtension } from '../component.ts'
import { addAlertRoutes } from './alerts/alert-routes.ts'
import { alertsConfig, alertSettings } from './alerts/alerts-config.ts'

/**
 * The three alerts of a small deployment, without Prometheus: an agent is not running, it fails too often, it spends too much. They are told by HTTP in Alertmanager's
 * format, or by a program. What they stand on comes from the connector `agent_metrics`.
 *
 *     extensions:
 *       alerts:
 *         webhooks: [{ url: '${env:ALERTS_WEBHOOK_URL}' }]
 */
export const alerts = defineExtension({
  type: 'alerts',
  isSingle: true,
  summary: 'Tells by webhook or command that an agent is not running, fails too often, or spends too much.',
  config: alertsConfig,
  create(config, context) {
    const desk = context.service(alertDesk)
    const watched = { pulse: context.service(agentPulse), budgets: context.service(budgetView) }
    const settings = alertSettings(config, context)
    const owner = {}
    addAlertRoutes(context.http, desk)
    return {
      async start() {
        desk.use(owner, settings, watched)
        if (settings.notifiers.length === 0)
          context.logger.info(
            {},
            'alerts are on the page and in this log only: there is neither a webhook nor a command',
          )
      },
      problem() {
        if (!watched.pulse.isFed)
          return 'no connector agent_metrics is in a pipeline of traces: nothing is known of agents, and no alert can be raised'
        const failing = desk.notifiers.filter(({ problem }) => problem !== undefined)
        if (failing.length === 0) return undefined
        return `alerts can not be told: ${failing.map(({ name, problem }) => `${name}: ${problem}`).join('; ')}`
      },
      async stop() {
        await desk.leave(owner)
      },
    }
  },
})
