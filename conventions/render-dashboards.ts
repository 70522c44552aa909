import { agent } from './dashboards/agent.ts'
import { costAndTokens } from './dashboards/cost-and-tokens.ts'
import { grafanaDashboard } from './dashboards/dashboard.ts'
import { overview } from './dashboards/overview.ts'
import { toolsAndLimits } from './dashboards/tools-and-limits.ts'

/** The dashboards of Grafana, as files that it can load. */
export const renderDashboards = (): { path: string; text: string }[] =>
  [overview, agent, costAndTokens, toolsAndLimits].map((dashboard) => ({
    path: `collector-config/grafana/dashboards/${dashboard.name}.json`,
    text: `${JSON.stringify(grafanaDashboard(dashboard), null, 2)}\n`,
  }))
