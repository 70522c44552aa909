/** One test and how it ended, as vitest's JSON report tells. */
interface Assertion {
  readonly ancestorTitles: readonly string[]
  readonly title: string
  readonly status: string
}

/** The part of docs/libraries.md about limits: suites named `limits: <caller>, …`, and inside them tests whose titles begin as a column is called. */
export function limitsSection(results: readonly Assertion[]): string[] {
  const rows = new Map<string, Map<Column, boolean>>()
  for (const { ancestorTitles, title, status } of results) {
    const [, caller] = SUITE.exec(ancestorTitles.at(-1) ?? '') ?? []
    const column = COLUMNS.find((one) => title.startsWith(one))
    if (caller === undefined || column === undefined || (status !== 'passed' && status !== 'failed')) continue
    const row = rows.get(caller) ?? new Map<Column, boolean>()
    rows.set(caller, row.set(column, (row.get(column) ?? true) && status === 'passed'))
  }
  if (rows.size === 0) return []
  return [
    '',
    '## What limits do',
    '',
    'Where [limits](limits.md) are configured. ✓: the tests passed with the real library, with and without streaming and with its own retries on: a call is asked for once, a denied one is neither sent',
    'nor tried again nor slept for, a stop cuts it and closes its connection.',
    '',
    `| called by | ${COLUMNS.join(' | ')} |`,
    `|${' --- |'.repeat(COLUMNS.length + 1)}`,
    ...[...rows].map(
      ([caller, row]) => `| ${caller} | ${COLUMNS.map((column) => signOf(row.get(column))).join(' | ')} |`,
    ),
    '',
    ...WHERE,
  ]
}

const SUITE = /^limits: (.+), (?:stream (?:true|false)|its tools)$/

const COLUMNS = ['held for and settled', 'denied', 'cut by a stop', 'shown to the model'] as const
type Column = (typeof COLUMNS)[number]

const signOf = (isPassed: boolean | undefined): string => (isPassed === undefined ? '' : isPassed ? '✓' : '✗')

const WHERE = [
  '- **Each attempt asks**, repetitions of the library included: `openai`, `@anthropic-ai/sdk`, `groq-sdk` and `together-ai` before a request is built, Bedrock between its retries and the signature, all others where',
  '  they call `fetch`. Frameworks ask by the client that they use. A request without an output limit gets one.',
  '- **The error is the one of [limits](limits.md#what-the-agent-sees)**, not one of the library. Stream helpers put their own around it (`openai` `.stream()` and `runTools()`, `@anthropic-ai/sdk` `.stream()` and a',
  '  streaming tool runner): it is `error.cause` then, and `denialIn(error)` finds it. The AI SDK and Mastra give it as an `error` part of a stream.',
  "- **A denied tool** is not called. The model is shown why, in the form in which the library tells errors of tools; `@openai/agents` asks the tool's own `errorFunction`. Of a tool that is your own function",
  '  (`tool()`), and of `callTool` of an MCP client, the caller gets the error: a result with `isError` would pass for done where nobody looks at it.',
  '- **MCP**: a tool that a framework calls for its model is asked for once, there; where the framework knows it as `server__tool`, also by its own name if the configuration has that. What a server says of its tools',
  "  (annotations) is not believed: the class is the configuration's, else `write`.",
  '- **Nothing can be held** for requests to models with `node:http` (axios, got, node-fetch), `node:http2` (gRPC), `undici` directly (`request`, `stream`, pools, its own `fetch`), over WebSockets (realtime), and',
  '  for what Claude Code does in its own process (`@anthropic-ai/claude-agent-sdk`): where a budget is set they are denied as `UNKNOWN_PRICE`, unless `unknown_model: allow`. Stops and the lease hold for them in any case.',
  '- **A model without a price** is denied where a budget is set: local ones (`ollama`), hosts that sell none, Claude on Vertex AI by `rawPredict`, batches, videos. Give it a [price](../README.md#what-a-call-costs), or set `unknown_model: allow`.',
  '- **Not seen**: requests to a host that nobody knows for its models and that no library above makes (name it in `SPANWARDEN_MODEL_HOSTS`), other programs that the agent starts (curl, Python), a socket that it',
  '  opens itself, models that run in its own process.',
]
