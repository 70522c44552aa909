import { AGENTS, type Dashboard } from './dashboard.ts'
import type { Panel } from './panels.ts'

/** What agents do in the world, and what keeps them inside their limits. */
export const toolsAndLimits: Dashboard = {
  name: 'tools',
  title: 'tools and limits',
  description: 'What agents do in the world, and what keeps them inside their limits. The lower half needs the guard.',
  variables: [AGENTS],
  rows: [
    {
      title: 'Tools',
      panels: [
        {
          title: 'Calls',
          kind: 'areas',
          unit: 'cps',
          width: 8,
          queries: [
            {
              expr: 'sum by (gen_ai_tool_name) (rate(agent_tool_calls_total{job=~"$job"}[$__rate_interval]))',
              legend: '{{gen_ai_tool_name}}',
            },
          ],
        },
        {
          title: 'Share that fails',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          thresholds: [{ above: 0.5, color: 'red' }],
          queries: [
            {
              expr: 'sum by (gen_ai_tool_name) (rate(agent_tool_calls_total{job=~"$job", spanwarden_result="error"}[$__rate_interval])) / (sum by (gen_ai_tool_name) (rate(agent_tool_calls_total{job=~"$job", spanwarden_result=~"ok|error"}[$__rate_interval])) > 0)',
              legend: '{{gen_ai_tool_name}}',
            },
          ],
        },
        {
          title: 'Duration, P95',
          description: 'The points are traces: click one.',
          kind: 'lines',
          unit: 's',
          width: 8,
          queries: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, gen_ai_tool_name) (rate(gen_ai_execute_tool_duration_seconds_bucket{job=~"$job"}[$__rate_interval])))',
              legend: '{{gen_ai_tool_name}}',
              exemplars: true,
            },
          ],
        },
        {
          title: 'Calls of each tool in 24 hours',
          kind: 'lines',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: 'sum by (job, gen_ai_tool_name) (increase(agent_tool_calls_total{job=~"$job"}[1d]))',
              legend: '{{job}} {{gen_ai_tool_name}}',
            },
          ],
        },
        {
          title: 'Denied',
          description: 'Calls that a limit kept back: of tools as their spans say, of all as the guard counts them.',
          kind: 'areas',
          unit: 'cps',
          width: 12,
          queries: [
            {
              expr: 'sum by (gen_ai_tool_name) (rate(agent_tool_calls_total{job=~"$job", spanwarden_result="denied"}[$__rate_interval])) or vector(0)',
              legend: 'tool {{gen_ai_tool_name}}',
            },
            {
              expr: 'sum by (agent, reason) (rate(agent_guard_denied_total[$__rate_interval])) or vector(0)',
              legend: '{{agent}} {{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Limits',
      panels: [
        state('Guard', 'agent_guard_available', '1: calls are decided about. 0: everything is denied.', [
          { above: 1, color: 'green' },
        ]),
        state('Stops', 'agent_guard_stops', 'What is stopped until a person resumes it.', [{ above: 1, color: 'red' }]),
        state('Unconfirmed stops', 'agent_guard_unconfirmed_stops', 'Processes that may still run after a stop.', [
          { above: 1, color: 'red' },
        ]),
        state('Processes', 'agent_guard_processes', 'That may call something.'),
        state('Calls under way', 'agent_guard_calls_in_flight', 'As the processes say.'),
        state('Waiting calls', 'agent_guard_waiting_holds', 'For room in a budget.', [{ above: 1, color: 'yellow' }]),
        {
          title: 'Share of the budget that is spent',
          description: 'Of the account with the least left. At 100 % calls are denied until the window ends.',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          thresholds: [
            { above: 0.8, color: 'yellow' },
            { above: 0.95, color: 'red' },
          ],
          queries: [
            {
              expr: 'max by (budget, window) (agent_budget_committed_usd / (agent_budget_limit_usd > 0))',
              legend: '{{budget}} a {{window}}',
            },
          ],
        },
        {
          title: 'Budgets',
          description: 'Spent, held by calls under way, unknown (a part of what is spent), and left.',
          kind: 'lines',
          unit: 'currencyUSD',
          width: 8,
          queries: [
            { expr: 'sum by (budget) (agent_budget_committed_usd)', legend: '{{budget}} spent' },
            { expr: 'sum by (budget) (agent_budget_held_usd)', legend: '{{budget}} held' },
            { expr: 'sum by (budget) (agent_budget_suspense_usd)', legend: '{{budget}} unknown' },
            {
              expr: 'sum by (budget) (agent_budget_limit_usd - agent_budget_committed_usd - agent_budget_held_usd)',
              legend: '{{budget}} left',
            },
          ],
        },
        {
          title: 'Time until the budget begins anew',
          kind: 'lines',
          unit: 's',
          width: 8,
          queries: [
            {
              expr: 'max by (budget, window) (agent_budget_window_remaining_seconds)',
              legend: '{{budget}} a {{window}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What is taken out',
      panels: [
        {
          title: 'Redactions by rule',
          kind: 'areas',
          unit: 'cps',
          width: 24,
          queries: [{ expr: 'sum by (rule) (rate(spanwarden_redactions[$__rate_interval]))', legend: '{{rule}}' }],
        },
      ],
    },
  ],
}

function state(title: string, metric: string, description: string, thresholds?: Panel['thresholds']): Panel {
  return {
    title,
    description,
    kind: 'stat',
    unit: 'short',
    width: 4,
    ...(thresholds === undefined ? {} : { thresholds }),
    queries: [{ expr: `${title === 'Guard' ? 'min' : 'sum'}(${metric})` }],
  }
}
