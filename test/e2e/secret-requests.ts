/* OTLP/JSON requests with a secret in every place that can hold a text. */

/** Agents with secrets in their very names, and wherever else a span has a text. */
export const tracesWith = (secrets: readonly string[], inUrl: string): object => ({
  resourceSpans: secrets.map((secret, i) => {
    const attributes = [{ key: 'by', value: stringValue(secret) }]
    const traceId = `${i + 1}`.padStart(32, '0')
    const spanId = `${i + 1}`.padStart(16, '0')
    return {
      resource: { attributes: [{ key: 'service.name', value: stringValue(`service ${secret}`) }] },
      schemaUrl: `https://example.com/${secret}`,
      scopeSpans: [
        {
          scope: { name: `scope ${secret}`, version: secret, attributes },
          spans: [
            {
              traceId,
              spanId,
              traceState: `a=${secret.replaceAll(/[^\w.@+-]/g, '')}`,
              name: `invoke_agent ${secret}`,
              startTimeUnixNano: time,
              endTimeUnixNano: time,
              attributes: [
                { key: 'gen_ai.operation.name', value: stringValue('invoke_agent') },
                { key: 'gen_ai.agent.name', value: stringValue(secret) },
                { key: 'url.full', value: stringValue(`https://example.com/?q=${secret}`) },
                { key: 'url.query', value: stringValue(`to=${encodeURIComponent(inUrl)}`) },
                ...attributes,
              ],
              events: [{ timeUnixNano: time, name: `asked by ${secret}`, attributes }],
              links: [{ traceId, spanId, attributes }],
              status: { code: 2, message: `failed for ${secret}` },
            },
          ],
        },
      ],
    }
  }),
})

export const logsWith = (secrets: readonly string[]): object => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'owner', value: stringValue(secrets[0] ?? '') }] },
      scopeLogs: [
        {
          logRecords: secrets.map((secret) => ({
            timeUnixNano: time,
            severityText: `INFO ${secret}`,
            body: {
              kvlistValue: {
                values: [{ key: 'nested', value: stringValue(JSON.stringify({ args: JSON.stringify([secret]) })) }],
              },
            },
            attributes: [{ key: `key ${secret}`, value: { arrayValue: { values: [stringValue(`x ${secret}`)] } } }],
          })),
        },
      ],
    },
  ],
})

export const metricsWith = (secrets: readonly string[]): object => ({
  resourceMetrics: [
    {
      scopeMetrics: [
        {
          scope: { name: `scope ${secrets[0]}` },
          metrics: secrets.map((secret) => ({
            name: 'questions',
            description: `asked by ${secret}`,
            sum: {
              aggregationTemporality: 2,
              isMonotonic: true,
              dataPoints: [
                {
                  startTimeUnixNano: time,
                  timeUnixNano: time,
                  asInt: '1',
                  attributes: [{ key: 'by', value: stringValue(secret) }],
                  exemplars: [
                    { timeUnixNano: time, asInt: '1', filteredAttributes: [{ key: 'by', value: stringValue(secret) }] },
                  ],
                },
              ],
            },
          })),
        },
      ],
    },
  ],
})

const time = '1790000000000000000'
const stringValue = (text: string): object => ({ stringValue: text })
