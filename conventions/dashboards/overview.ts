import { AGENTS, type Dashboard } from './dashboard.ts'

/** All agents by the five key metrics. */
export const overview: Dashboard = {
  name: 'overview',
  title: 'overview',
  description: 'All agents by the five key metrics: latency, errors, tool calls, tokens, queue. And what they cost.',
  variables: [AGENTS],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Agents that run',
          description: 'Agents from which something came in the last two minutes.',
          kind: 'stat',
          unit: 'short',
          width: 4,
          queries: [
            {
              expr: 'count(time() - max by (job) (agent_heartbeat_timestamp_seconds{job=~"$job"}) < 120) or vector(0)',
            },
          ],
        },
        {
          title: 'P99 latency',
          description: 'Of requests. Above 30 s is an alert.',
          kind: 'stat',
          unit: 's',
          width: 4,
          thresholds: [{ above: 30, color: 'red' }],
          queries: [{ expr: quantile('0.99', 'le') }],
        },
        {
          title: 'Error rate, last hour',
          description:
            'Of the agent that fails most, as its sidecar computes it. Above 1 % is an alert, from five errors on.',
          kind: 'stat',
          unit: 'percentunit',
          width: 4,
          thresholds: [{ above: 0.01, color: 'red' }],
          queries: [{ expr: 'max(agent_error_rate_ratio{job=~"$job"})' }],
        },
        {
          title: 'Queue depth',
          description: 'Requests that wait or run, of the process with the most. Above 100 is an alert.',
          kind: 'stat',
          unit: 'short',
          width: 4,
          thresholds: [{ above: 100, color: 'red' }],
          queries: [{ expr: 'max(sum by (job, instance) (agent_queue_depth{job=~"$job"}))' }],
        },
        {
          title: 'Tokens, last 24 h',
          kind: 'stat',
          unit: 'short',
          width: 4,
          queries: [
            { expr: 'sum(increase(agent_tokens_used_total{job=~"$job", spanwarden_token_type=~"input|output"}[1d]))' },
          ],
        },
        {
          title: 'Spend, last 24 h',
          kind: 'stat',
          unit: 'currencyUSD',
          width: 4,
          queries: [{ expr: 'sum(increase(agent_cost_usd_total{job=~"$job"}[1d]))' }],
        },
      ],
    },
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests by result',
          description: 'Denied ones were kept back by a limit; they are no failures.',
          kind: 'areas',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: 'sum by (spanwarden_result) (rate(agent_requests_total{job=~"$job"}[$__rate_interval]))',
              legend: '{{spanwarden_result}}',
            },
          ],
        },
        {
          title: 'Latency',
          description: 'The points are traces: click one.',
          kind: 'lines',
          unit: 's',
          width: 8,
          thresholds: [{ above: 30, color: 'red' }],
          queries: [
            { expr: quantile('0.99', 'le, job'), legend: 'P99 {{job}}', exemplars: true },
            { expr: quantile('0.50', 'le, job'), legend: 'P50 {{job}}' },
          ],
        },
        {
          title: 'Error rate, sliding hour',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          thresholds: [{ above: 0.01, color: 'red' }],
          queries: [
            {
              expr: 'max by (job, gen_ai_agent_name) (agent_error_rate_ratio{job=~"$job"})',
              legend: '{{job}} {{gen_ai_agent_name}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Work',
      panels: [
        {
          title: 'Tool calls',
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
          title: 'Tokens by model',
          kind: 'areas',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: 'sum by (gen_ai_request_model) (rate(agent_tokens_used_total{job=~"$job", spanwarden_token_type=~"input|output"}[$__rate_interval]))',
              legend: '{{gen_ai_request_model}}',
            },
          ],
        },
        {
          title: 'Queue depth',
          description: 'Of all processes of an agent together.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          queries: [
            {
              expr: 'sum by (job, spanwarden_queue_name) (agent_queue_depth{job=~"$job"})',
              legend: '{{job}} {{spanwarden_queue_name}}',
            },
          ],
        },
        {
          title: 'Seconds since the last sign of life',
          description: 'More than 120 is an alert.',
          kind: 'lines',
          unit: 's',
          width: 24,
          thresholds: [{ above: 120, color: 'red' }],
          queries: [
            {
              expr: 'time() - max by (job) (agent_heartbeat_timestamp_seconds{job=~"$job"})',
              legend: '{{job}}',
            },
          ],
        },
      ],
    },
  ],
}

function quantile(of: string, by: string): string {
  return `histogram_quantile(${of}, sum by (${by}) (rate(agent_request_latency_seconds_bucket{job=~"$job"}[$__rate_interval])))`
}
