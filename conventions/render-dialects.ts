import type { Dialect, Registry } from './registry.ts'

/** The dialects as the processor `gen_ai_normalizer` reads them. */
export function renderDialects({ dialects, attributes }: Registry): string {
  const targets = new Set(
    dialects.flatMap((dialect) => [...dialect.attributes, ...dialect.families].map(({ to }) => to)),
  )
  return [
    '// Generated from conventions/dialects/*.yaml by `npm run generate`. Do not edit.',
    "import type { Dialect, TargetType } from './dialect.ts'",
    '',
    'export const DIALECTS: readonly Dialect[] = [',
    ...dialects.flatMap(linesOf),
    ']',
    '',
    '/** The type of each attribute of today that a dialect leads to. */',
    'export const TARGET_TYPES: Readonly<Record<string, TargetType>> = {',
    ...attributes.filter(({ key }) => targets.has(key)).map(({ key, type }) => `  '${key}': '${type}',`),
    '}',
    '',
    '/** Values of `gen_ai.operation.name` today. */',
    `export const OPERATIONS: readonly string[] = ${JSON.stringify(attributes.find(({ key }) => key === 'gen_ai.operation.name')?.members ?? [])}`,
    '',
  ].join('\n')
}

/** docs/dialects.md as text. */
export function renderDialectDocs({ dialects }: Registry): string {
  return [
    '<!-- Generated from conventions/dialects/*.yaml by `npm run generate`. Do not edit. -->',
    '# Dialects',
    '',
    'What other libraries call the things that the GenAI conventions of OpenTelemetry have a name for. The processor `gen_ai_normalizer` gives spans the names of October 2026,',
    'so that cost, metrics, redaction and your backend see one language, whoever made the span.',
    '',
    '- A name of today that is on the span already wins. The old attribute beside it goes when it says the same, and stays as it is when it does not.',
    '- What is not in these tables stays untouched, and so does a value that can not be read as what its new name holds.',
    '- Messages become the JSON of the conventions (`[{"role":…,"parts":[…]}]`); fields that these do not name are kept in it.',
    `- A span gets the name of the conventions, such as \`chat gpt-4o-mini\`, where it has what that needs; its own stays in \`spanwarden.original.span_name\`. \`rename_spans: false\` leaves it.`,
    '- Messages in events of a span (`gen_ai.user.message`, `gen_ai.choice`, …; dialect `otel`) become attributes; the events go, those without content stay.',
    '- Normalizing twice is normalizing once.',
    '',
    '```yaml',
    'processors:',
    '  gen_ai_normalizer:',
    `    dialects: [${dialects.map(({ id }) => id).join(', ')}]   # the default: all`,
    '    keep_original: false   # true: old attributes stay beside the new ones',
    '    rename_spans: true',
    '    mappings: {}           # names of your own: { my_vendor.model: gen_ai.request.model }',
    '```',
    '',
    'It belongs before `redaction`, `cost` and every connector. The block of the stock collector (`sources:` with `name`, `remove_originals`, `overwrite`, `mappings` or',
    '`custom_mappings`, and `value_mappings`) is read, too, and then means what it means there: originals stay unless they are to be removed.',
    '',
    ...dialects.flatMap(sectionOf),
  ].join('\n')
}

function linesOf({ id, markers, attributes, families, values }: Dialect): string[] {
  return [
    '  {',
    `    id: '${id}',`,
    `    markers: ${JSON.stringify(markers)},`,
    '    attributes: [',
    ...attributes.map((rule) => `      ${JSON.stringify(rule)},`),
    '    ],',
    '    families: [',
    ...families.map((family) => `      ${JSON.stringify(family)},`),
    '    ],',
    `    values: ${JSON.stringify(values)},`,
    '  },',
  ]
}

function sectionOf({ id, name, about, attributes, families, values }: Dialect): string[] {
  return [
    `## ${name} (\`${id}\`)`,
    '',
    about,
    '',
    '| name | becomes | where |',
    '| --- | --- | --- |',
    ...attributes.map(({ from, to, when, as, beside }) => {
      const where = [
        when.length > 0 ? `operation is ${when.map(code).join(', ')}` : '',
        beside === undefined ? '' : `beside ${code(beside)}`,
        as === undefined ? '' : CONVERSIONS[as],
      ]
      return `| ${code(from)} | ${code(to)} | ${where.filter(Boolean).join('; ')} |`
    }),
    ...families.map(({ prefix, to }) => `| ${code(`${prefix}N.…`)} | ${code(to)} | all of them together |`),
    '',
    ...valueTable(values),
  ]
}

function valueTable(values: Dialect['values']): string[] {
  const rows = Object.entries(values).flatMap(([key, map]) =>
    Object.entries(map).map(([from, to]) => `| ${code(key)} | ${code(from)} | ${code(to)} |`),
  )
  return rows.length === 0 ? [] : ['| attribute | value | becomes |', '| --- | --- | --- |', ...rows, '']
}

const CONVERSIONS = {
  input: 'as messages',
  output: 'as messages',
  answer: 'all of these together, as one message',
  definitions: 'as a list of tools',
  milliseconds: 'milliseconds become seconds',
  uncached: 'tokens from and to a cache are added',
  parameters: 'and the other parameters of the call; it stays',
  usage: 'and the other counts; it stays',
} as const

const code = (text: string): string => `\`${text}\``
