import { AGENTS, type Dashboard } from './dashboard.ts'

const TOKENS = 'agent_tokens_used_total{job=~"$job", spanwarden_token_type=~"input|output"}'
const COST = 'agent_cost_usd_total{job=~"$job"}'
const REQUESTS = 'agent_requests_total{job=~"$job", spanwarden_result=~"ok|error"}'

/** What agents use and what that costs. */
export const costAndTokens: Dashboard = {
  name: 'cost',
  title: 'cost and tokens',
  description:
    'What agents use and what that costs. Calls of models without a known price are in the tokens, not in the cost.',
  variables: [AGENTS],
  rows: [
    {
      title: 'Sums',
      panels: [
        {
          title: 'Last hour',
          kind: 'stat',
          unit: 'currencyUSD',
          width: 4,
          queries: [{ expr: `sum(increase(${COST}[1h]))` }],
        },
        {
          title: 'Last 24 hours',
          kind: 'stat',
          unit: 'currencyUSD',
          width: 4,
          queries: [{ expr: `sum(increase(${COST}[1d]))` }],
        },
        {
          title: 'Last 30 days',
          description: 'As far back as Prometheus remembers: 15 days unless told otherwise.',
          kind: 'stat',
          unit: 'currencyUSD',
          width: 4,
          queries: [{ expr: `sum(increase(${COST}[30d]))` }],
        },
        {
          title: 'Cost of a request',
          kind: 'stat',
          unit: 'currencyUSD',
          width: 4,
          queries: [{ expr: `sum(increase(${COST}[1h])) / (sum(increase(${REQUESTS}[1h])) > 0)` }],
        },
        {
          title: 'Tokens of a request',
          kind: 'stat',
          unit: 'short',
          width: 4,
          queries: [{ expr: `sum(increase(${TOKENS}[1h])) / (sum(increase(${REQUESTS}[1h])) > 0)` }],
        },
        {
          title: 'Input from the cache',
          description: 'Share of the input tokens that the provider had cached.',
          kind: 'stat',
          unit: 'percentunit',
          width: 4,
          queries: [
            {
              expr: 'sum(increase(agent_tokens_used_total{job=~"$job", spanwarden_token_type="cache_read"}[1h])) / (sum(increase(agent_tokens_used_total{job=~"$job", spanwarden_token_type="input"}[1h])) > 0)',
            },
          ],
        },
      ],
    },
    {
      title: 'Cost',
      panels: [
        {
          title: 'USD an hour, by agent',
          kind: 'areas',
          unit: 'currencyUSD',
          width: 12,
          queries: [{ expr: `sum by (job) (rate(${COST}[$__rate_interval])) * 3600`, legend: '{{job}}' }],
        },
        {
          title: 'USD an hour, by model',
          kind: 'areas',
          unit: 'currencyUSD',
          width: 12,
          queries: [
            {
              expr: `sum by (gen_ai_provider_name, gen_ai_request_model) (rate(${COST}[$__rate_interval])) * 3600`,
              legend: '{{gen_ai_provider_name}} {{gen_ai_request_model}}',
            },
          ],
        },
        {
          title: 'Spend in 24 hours, by agent',
          description: 'What the alert AgentDailySpendThreshold looks at.',
          kind: 'lines',
          unit: 'currencyUSD',
          width: 12,
          queries: [{ expr: `sum by (job) (increase(${COST}[1d]))`, legend: '{{job}}' }],
        },
        {
          title: 'Model calls without a price, or without usage',
          description:
            'What is missing in the cost: models that the price table does not have, answers without token counts.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          queries: [
            { expr: 'sum(increase(otelcol_processor_cost_unknown_model_spans[1h]))', legend: 'without a price' },
            {
              expr: 'sum(increase(agent_usage_unknown_total{job=~"$job"}[1h])) or vector(0)',
              legend: 'without usage',
            },
          ],
        },
      ],
    },
    {
      title: 'Tokens',
      panels: [
        {
          title: 'Tokens by type',
          description: 'Cached tokens are a part of the input, reasoning is a part of the output.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: 'sum by (spanwarden_token_type) (rate(agent_tokens_used_total{job=~"$job"}[$__rate_interval]))',
              legend: '{{spanwarden_token_type}}',
            },
          ],
        },
        {
          title: 'Tokens by model',
          kind: 'areas',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: `sum by (gen_ai_request_model) (rate(${TOKENS}[$__rate_interval]))`,
              legend: '{{gen_ai_request_model}}',
            },
          ],
        },
      ],
    },
  ],
}
