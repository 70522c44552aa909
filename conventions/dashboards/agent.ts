import { AGENTS, type Dashboard } from './dashboard.ts'
import type { Panel } from './panels.ts'

/** One agent from the inside: where its time goes and what fails. */
export const agent: Dashboard = {
  name: 'agent',
  title: 'one agent',
  description: 'One agent from the inside: where its time goes and what fails.',
  variables: [{ ...AGENTS, isMulti: false }],
  rows: [
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests',
          kind: 'areas',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: 'sum by (gen_ai_agent_name, spanwarden_result) (rate(agent_requests_total{job="$job"}[$__rate_interval]))',
              legend: '{{gen_ai_agent_name}} {{spanwarden_result}}',
            },
          ],
        },
        times('Latency of requests', 'agent_request_latency_seconds', 'spanwarden_result', 8),
        {
          title: 'Slower than 30 s',
          description: 'Share of requests. More than 1 % is the same as a P99 above 30 s.',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          thresholds: [{ above: 0.01, color: 'red' }],
          queries: [
            {
              expr: `1 - sum(rate(agent_request_latency_seconds_bucket{job="$job", le=~"30|30.0"}[$__rate_interval])) / (sum(rate(agent_request_latency_seconds_count{job="$job"}[$__rate_interval])) > 0)`,
              legend: 'share',
            },
          ],
        },
      ],
    },
    {
      title: 'Where the time goes',
      panels: [
        times('Model calls', 'gen_ai_client_inference_duration_seconds', 'gen_ai_request_model', 8),
        times(
          'First chunk of a stream',
          'gen_ai_client_inference_time_to_first_chunk_seconds',
          'gen_ai_request_model',
          8,
        ),
        times('Tools', 'gen_ai_execute_tool_duration_seconds', 'gen_ai_tool_name', 8),
        times('Embeddings and retrieval', 'gen_ai_client_operation_duration_seconds', 'gen_ai_operation_name', 8),
        times('MCP', 'mcp_client_operation_duration_seconds', 'mcp_method_name', 8),
        times('Agents, inner ones too', 'gen_ai_invoke_agent_duration_seconds', 'gen_ai_agent_name', 8),
      ],
    },
    {
      title: 'What fails',
      panels: [
        {
          title: 'Failed agents by type of error',
          kind: 'areas',
          unit: 'cps',
          width: 8,
          queries: [failures('gen_ai_invoke_agent_duration_seconds_count', 'error_type')],
        },
        {
          title: 'Failed tools by type of error',
          kind: 'areas',
          unit: 'cps',
          width: 8,
          queries: [failures('gen_ai_execute_tool_duration_seconds_count', 'gen_ai_tool_name, error_type')],
        },
        {
          title: 'Failed model calls by type of error',
          kind: 'areas',
          unit: 'cps',
          width: 8,
          queries: [failures('gen_ai_client_inference_duration_seconds_count', 'gen_ai_request_model, error_type')],
        },
        {
          title: 'Calls of a request',
          description: 'Model calls and tool calls for each finished request. A loop makes it climb.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: `sum(rate(gen_ai_client_inference_duration_seconds_count{job="$job"}[$__rate_interval])) / (sum(rate(agent_requests_total{job="$job"}[$__rate_interval])) > 0)`,
              legend: 'model calls',
            },
            {
              expr: `sum(rate(agent_tool_calls_total{job="$job"}[$__rate_interval])) / (sum(rate(agent_requests_total{job="$job"}[$__rate_interval])) > 0)`,
              legend: 'tool calls',
            },
          ],
        },
        {
          title: 'Versions seen',
          description: 'Instances of each version that were heard of in the last minutes.',
          kind: 'areas',
          unit: 'short',
          width: 12,
          queries: [{ expr: 'count by (service_version) (target_info{job="$job"})', legend: '{{service_version}}' }],
        },
      ],
    },
  ],
}

function times(title: string, metric: string, by: string, width: number): Panel {
  const of = (share: string): string =>
    `histogram_quantile(${share}, sum by (le, ${by}) (rate(${metric}_bucket{job="$job"}[$__rate_interval])))`
  return {
    title,
    description: 'P95, and P50. The points are traces: click one.',
    kind: 'lines',
    unit: 's',
    width,
    queries: [
      { expr: of('0.95'), legend: `P95 {{${by}}}`, exemplars: true },
      { expr: of('0.50'), legend: `P50 {{${by}}}` },
    ],
  }
}

function failures(metric: string, by: string): { expr: string; legend: string } {
  const legend = by.split(', ').map((label) => `{{${label}}}`)
  return {
    expr: `sum by (${by}) (rate(${metric}{job="$job", error_type!=""}[$__rate_interval]))`,
    legend: legend.join(' '),
  }
}
