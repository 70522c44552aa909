import {
  type Dashboard as GrafanaDashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DATA_SOURCE, type Panel, panelBuilder } from './panels.ts'

export interface Dashboard {
  /** Part of its file name and of its address. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly variables: readonly Variable[]
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[]
}

/** One that is chosen on top: the values of a label. */
export interface Variable {
  readonly name: string
  readonly label: string
  /** `label_values(…)` */
  readonly query: string
  /** Several, and all at first. */
  readonly isMulti: boolean
}

/** The services that have agents; `$job` in queries. */
export const AGENTS: Variable = {
  name: 'job',
  label: 'agent',
  query: 'label_values(agent_heartbeat_timestamp_seconds, job)',
  isMulti: true,
}

const TAG = 'spanwarden'

/** As Grafana's dashboard JSON. */
export function grafanaDashboard({ name, title, description, variables, rows }: Dashboard): GrafanaDashboard {
  const builder = new DashboardBuilder(`spanwarden: ${title}`)
    .uid(`spanwarden-${name}`)
    .description(description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('spanwarden')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('data source').type('prometheus'))
  for (const variable of variables) builder.withVariable(queryVariable(variable))
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title))
    for (const panel of row.panels) builder.withPanel(panelBuilder(panel))
  }
  return builder.build()
}

function queryVariable({ name, label, query, isMulti }: Variable): QueryVariableBuilder {
  const builder = new QueryVariableBuilder(name)
    .label(label)
    .query({ query, refId: name })
    .definition(query)
    .datasource(DATA_SOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
  return isMulti ? builder.multi(true).includeAll(true).allValue('.*') : builder
}
