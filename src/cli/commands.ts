import type { Command } from './command.ts'
import {
  alertsOptions,
  approvalsOptions,
  auditOptions,
  collectOptions,
  componentsOptions,
  configOptions,
  doctorOptions,
  jsonOption,
  lastOptions,
  pricesOptions,
  queueOptions,
  redactOptions,
  rollbackOptions,
  resumeOptions,
  sidecarOptions,
  statusOptions,
  stopOptions,
  suspenseOptions,
  topOptions,
} from './options.ts'

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: 'run',
    synopsis: '[--config <file>] -- <command> [arguments]',
    summary:
      'Runs an agent with telemetry: starts a sidecar if none answers, preloads the SDK. The exit code is the agent’s.',
    options: configOptions,
    load: () => import('./run.ts'),
  },
  {
    name: 'collect',
    synopsis: '[--config <file> …]',
    summary: 'Runs the sidecar alone, until SIGTERM or SIGINT.',
    options: collectOptions,
    load: () => import('./collect.ts'),
  },
  {
    name: 'validate',
    synopsis: '[--config <file> …]',
    summary: 'Checks a configuration and prints every problem at once.',
    options: { ...configOptions, ...jsonOption },
    load: () => import('./validate.ts'),
  },
  {
    name: 'print-config',
    synopsis: '[--config <file> …]',
    summary: 'Prints the merged configuration, secrets hidden.',
    options: { ...configOptions, ...jsonOption },
    load: () => import('./print-config.ts'),
  },
  {
    name: 'components',
    synopsis: '[type]',
    summary: 'Lists the components; with a type, its options and their defaults.',
    options: { ...componentsOptions, ...jsonOption },
    load: () => import('./components.ts'),
  },
  {
    name: 'prices',
    synopsis: '[model …]',
    summary:
      'Shows what models cost, by unit, tier and date, and who says so; - reads the models from standard input. Exit code 1: one has no price.',
    options: { ...pricesOptions, ...jsonOption },
    load: () => import('./prices.ts'),
  },
  {
    name: 'doctor',
    synopsis: '[--instrumentation] [-- <command> [arguments]]',
    summary:
      'Says which client libraries are installed here and whether they are observed; of a command, which it loads. Exit code 1: one is not observed.',
    options: { ...doctorOptions, ...jsonOption },
    load: () => import('./doctor.ts'),
  },
  {
    name: 'status',
    synopsis: '[--json | --forget <agent>]',
    summary:
      'One screen: agents and their heartbeat, the five metrics, spend against its cap, stops, alerts, what waits. Exit code 1: something asks for a person.',
    options: { ...statusOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./status.ts'),
  },
  {
    name: 'top',
    synopsis: '',
    summary: 'The screen of status, live, until q or Ctrl-C.',
    options: { ...topOptions, ...sidecarOptions, ...configOptions },
    load: () => import('./top.ts'),
  },
  {
    name: 'alerts',
    synopsis: '[test [--rule <name>]]',
    summary:
      'Alerts of the sidecar itself: what is raised, who is told; test has one told that is none. Exit code 1: one is raised, or somebody could not be told.',
    options: { ...alertsOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./alerts.ts'),
  },
  {
    name: 'stop',
    synopsis: '[fleet | agent=<name> | tenant=<name> | run=<trace id> | tool=<name> | model=<name>]',
    summary:
      'Kill switch: ends calls under way and denies all others until a person resumes; without a scope, of everything. Exit code 3: a process has not confirmed it.',
    options: { ...stopOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./stop.ts'),
  },
  {
    name: 'resume',
    synopsis: '[fleet --confirm | agent=<name> | …] --person <name> --reason <text>',
    summary: 'Lets go on what was stopped.',
    options: { ...resumeOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./resume.ts'),
  },
  {
    name: 'approvals',
    synopsis: '[approve <id> --person <name> | deny <id>]',
    summary:
      'Supervised mode: the calls that wait for a person; approve and deny answer one. Exit code 1: it was not to be answered any more, or other limits deny it.',
    options: { ...approvalsOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./approvals.ts'),
  },
  {
    name: 'last',
    synopsis: '[n]',
    summary:
      'What did it last do: the newest calls in the audit log, those with side effects first, then the others; 10 of each when no number is given.',
    options: { ...lastOptions, ...configOptions, ...jsonOption },
    load: () => import('./last.ts'),
  },
  {
    name: 'rollback',
    synopsis: '<call …> | --run <id> | --last <n>',
    summary:
      'Takes calls of tools back, newest first: by the undo that the tool registered, else by its recipe; a person confirms each. Exit code 3: one is not known to be taken back.',
    options: { ...rollbackOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./rollback.ts'),
  },
  {
    name: 'suspense',
    synopsis: '[list | release <hold> --spent <usd> --person <name> --reason <text>]',
    summary:
      'What is taken for spent because nobody knows what became of it; release says what it cost after all, and frees the rest.',
    options: { ...suspenseOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    load: () => import('./suspense.ts'),
  },
  {
    name: 'audit',
    synopsis: 'verify',
    summary:
      'Reads the whole audit log: whether a line was changed, removed or moved, and where. Exit code 1: one was.',
    options: { ...auditOptions, ...configOptions, ...jsonOption },
    load: () => import('./audit.ts'),
  },
  {
    name: 'redact',
    synopsis: '[file]',
    summary:
      'Dry run of the redaction: text or OTLP in (a file, or standard input), redacted out; counts by rule on standard error.',
    options: { ...redactOptions, ...jsonOption },
    load: () => import('./redact.ts'),
  },
  {
    name: 'queue',
    synopsis: '[show | verify | inspect [exporter] | drain]',
    summary:
      'What waits on disk for the backends; verify reads every byte, inspect prints batches as OTLP/JSON, drain sends them without a sidecar.',
    options: { ...configOptions, ...queueOptions, ...jsonOption },
    load: () => import('./queue.ts'),
  },
  {
    name: 'replay',
    synopsis: 'loops <file …>',
    summary:
      'What the loop detector would have done in recorded runs: OTLP traces, or runs of agents one a line ({id, success, steps: [{tool, args, result}]}), gzip or not.',
    options: jsonOption,
    load: () => import('./replay.ts'),
  },
]
