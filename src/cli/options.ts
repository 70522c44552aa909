import type { CommandOption } from './command.ts'

type Options = Readonly<Record<string, CommandOption>>

export const helpOption = {
  help: { type: 'boolean', short: 'h', summary: 'Show this help.' },
} as const satisfies Options

export const jsonOption = {
  json: { type: 'boolean', summary: 'Print JSON.' },
} as const satisfies Options

export const configOptions = {
  config: {
    type: 'string',
    multiple: true,
    value: '<file>',
    summary:
      'Configuration; several are merged in their order. Also a ready one by its name (embedded, jaeger, …), env:NAME and yaml:a::b: value. None: embedded.',
  },
  set: {
    type: 'string',
    multiple: true,
    value: '<a.b=value>',
    summary: 'Set one value on top, e.g. service.telemetry.logs.level=debug.',
  },
} as const satisfies Options

export const componentsOptions = {
  schema: { type: 'boolean', summary: 'Print the JSON schema of a configuration, for editors.' },
} as const satisfies Options

export const doctorOptions = {
  instrumentation: {
    type: 'boolean',
    summary:
      'Check the client libraries: installed where, observed or not, and why. The only check so far, and the default.',
  },
} as const satisfies Options

export const redactOptions = {
  format: {
    type: 'string',
    value: '<format>',
    summary: 'text, otlp-json or otlp-protobuf; found out by the content when absent.',
  },
  signal: { type: 'string', value: '<signal>', summary: 'Of OTLP protobuf: traces (the default), metrics or logs.' },
  rules: {
    type: 'string',
    value: '<A,B>',
    summary:
      'Apply these rules or families only, e.g. EMAIL,payment; with a sign: the default rules without or with more, e.g. -IP_ADDRESS,+USER_ID. Names in texts belong to PERSON.',
  },
  config: {
    type: 'string',
    multiple: true,
    value: '<file>',
    summary: 'Redact as the redaction processor in this configuration would: its rules, actions, patterns and keys.',
  },
  processor: {
    type: 'string',
    value: '<id>',
    summary: 'Which one, where the configuration has several: redaction/name.',
  },
  explain: {
    type: 'boolean',
    summary: 'Print what was found instead of the result: where, by which rule, how sure, and what it becomes.',
  },
  report: { type: 'boolean', summary: 'Print only how much was found, by rule.' },
  jsonl: {
    type: 'boolean',
    summary:
      'Read {"id", "text"} one a line, write {"id", "text", "findings": [{"start", "end", "rule", "confidence"}]}; offsets in UTF-16 code units. Lines with the same "trace", or without any, are one trace.',
  },
} as const satisfies Options

export const queueOptions = {
  batches: { type: 'string', value: '<n>', summary: 'Of inspect: how many batches to print; 10 when absent.' },
  timeout: { type: 'string', value: '<s>', summary: 'Of drain: seconds after which it gives up; 60 when absent.' },
} as const satisfies Options

export const lastOptions = {
  agent: { type: 'string', value: '<name>', summary: 'Only calls of this agent.' },
  run: { type: 'string', value: '<id>', summary: 'Only calls of this run: its trace id.' },
  tool: { type: 'string', value: '<name>', summary: 'Only calls of this tool.' },
} as const satisfies Options

export const rollbackOptions = {
  run: { type: 'string', value: '<id>', summary: 'All calls of this run: its trace id.' },
  last: { type: 'string', value: '<n>', summary: 'The newest n calls with side effects.' },
  agent: { type: 'string', value: '<name>', summary: 'With --last: of this agent.' },
  person: { type: 'string', value: '<name>', summary: 'Who orders it; the user of this machine when absent.' },
  reason: { type: 'string', value: '<text>', summary: 'Why: it is in the audit log.' },
  yes: { type: 'boolean', summary: 'Ask nobody: what tools can undo themselves is undone. Needs --person.' },
  'dry-run': { type: 'boolean', summary: 'Only say what there is to take back, and how.' },
} as const satisfies Options

export const suspenseOptions = {
  spent: {
    type: 'string',
    value: '<usd>',
    summary: 'Of release: what it cost after all, in US dollars; 0 when absent.',
  },
  person: { type: 'string', value: '<name>', summary: 'Of release: who says so. Needed.' },
  reason: {
    type: 'string',
    value: '<text>',
    summary: 'Of release: how that is known, e.g. the provider’s bill. Needed.',
  },
} as const satisfies Options

export const auditOptions = {
  archive: {
    type: 'string',
    value: '<folder>',
    summary: 'Of verify: where old files were moved to; they are read, too.',
  },
  expect: {
    type: 'string',
    value: '<number:hash>',
    summary: 'Of verify: a line that was noted elsewhere, as an earlier verify printed it; it must be there.',
  },
} as const satisfies Options

/** Of commands that talk to a sidecar. */
export const sidecarOptions = {
  url: {
    type: 'string',
    value: '<url>',
    summary: 'A sidecar elsewhere, e.g. http://10.0.0.5:8080; the one of the state folder when absent.',
  },
  'token-file': {
    type: 'string',
    value: '<file>',
    summary: 'File with its token (token_file of the guard); SPANWARDEN_CONTROL_TOKEN when absent.',
  },
} as const satisfies Options

export const stopOptions = {
  reason: { type: 'string', value: '<text>', summary: 'Why: agents are told, and it is in the audit log.' },
  person: { type: 'string', value: '<name>', summary: 'Who stops; the user of this machine when absent.' },
  wait: { type: 'string', value: '<5s>', summary: 'How long to wait for the processes; 12s when absent.' },
  grace: {
    type: 'string',
    value: '<5s>',
    summary: 'A process that has not confirmed gets SIGTERM after this time, then SIGKILL; the guard’s when absent.',
  },
} as const satisfies Options

export const resumeOptions = {
  person: { type: 'string', value: '<name>', summary: 'Who resumes. Needed.' },
  reason: { type: 'string', value: '<text>', summary: 'Why. Needed.' },
  confirm: { type: 'boolean', summary: 'Of the whole fleet: yes, everything.' },
} as const satisfies Options

export const approvalsOptions = {
  person: {
    type: 'string',
    value: '<name>',
    summary:
      'Who approves or denies: it is in the audit log. Needed to approve; of deny, the user of this machine when absent.',
  },
  reason: { type: 'string', value: '<text>', summary: 'Why: the agent is told when it is denied.' },
  watch: { type: 'boolean', summary: 'Go on, and say what comes and goes.' },
} as const satisfies Options

export const alertsOptions = {
  rule: {
    type: 'string',
    value: '<name>',
    summary: 'Of test: AgentNotRunning (when absent), AgentErrorRateLastHour or AgentDailySpendThreshold.',
  },
} as const satisfies Options

export const statusOptions = {
  forget: {
    type: 'string',
    value: '<agent>',
    summary:
      'Forget an agent that will not come back, instead of missing it for 24 hours; its service’s name. From the host of the sidecar.',
  },
} as const satisfies Options

export const topOptions = {
  count: { type: 'string', value: '<n>', summary: 'End after so many screens.' },
} as const satisfies Options

export const pricesOptions = {
  provider: { type: 'string', value: '<name>', summary: 'Who sells the models, e.g. openai; alone: lists its models.' },
  at: { type: 'string', value: '<date>', summary: 'As of this day or moment instead of now.' },
  file: { type: 'string', value: '<file>', summary: 'Prices that come first; SPANWARDEN_PRICES_FILE when absent.' },
  check: { type: 'string', value: '<file>', summary: 'Check a price file and print every problem at once.' },
  unpriced: { type: 'boolean', summary: 'Print only those of the models that have no price.' },
} as const satisfies Options

export const collectOptions = {
  ...configOptions,
  'unless-running': {
    type: 'boolean',
    summary: 'End at once, with exit code 0, when a sidecar answers at service.http.endpoint already.',
  },
} as const satisfies Options
