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
      'Configuration; several are merged in their order. Also env:NAME and yaml:a::b: value. None: the embedded one.',
  },
  set: {
    type: 'string',
    multiple: true,
    value: '<a.b=value>',
    summary: 'Set one value on top, e.g. service.telemetry.logs.level=debug.',
  },
} as const satisfies Options

export const redactOptions = {
  format: {
    type: 'string',
    value: '<format>',
    summary: 'text, otlp-json or otlp-protobuf; found out by the content when absent.',
  },
  signal: { type: 'string', value: '<signal>', summary: 'Of OTLP protobuf: traces (the default), metrics or logs.' },
  rules: { type: 'string', value: '<A,B>', summary: 'Apply these rules only, e.g. EMAIL,PHONE.' },
} as const satisfies Options

export const collectOptions = {
  ...configOptions,
  'unless-running': {
    type: 'boolean',
    summary: 'End at once, with exit code 0, when a sidecar answers at service.http.endpoint already.',
  },
} as const satisfies Options
