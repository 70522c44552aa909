import type { Attribute, Registry } from './registry.ts'

/** conventions/README.md as text. */
export function renderDocs(registry: Registry): string {
  const { manifest, metrics, boundaries, events, dialects } = registry
  const attributesOf = (source: Attribute['source']): string[] =>
    attributeTable(registry.attributes.filter((attribute) => attribute.source === source))
  return [
    '<!-- Generated from the YAML files of this folder by `npm run generate`. Do not edit. -->',
    '# Conventions',
    '',
    `${manifest.description} Version ${manifest.version}, ${manifest.stability}, schema \`${manifest.schema_url}\`.`,
    'A change starts in a YAML file; `npm run generate` writes `src/conventions.ts`, the price table and this page; `npm run check` fails while one is stale.',
    '',
    ...table(
      ['source', 'what', 'state'],
      manifest.sources.map(({ name, what, state }) => [name, what, state]),
    ),
    '',
    '## Metrics',
    '',
    ...table(
      ['metric', 'instrument', 'unit', 'meaning', 'attributes', 'bucket boundaries'],
      metrics.map((metric) => [
        code(metric.name),
        metric.instrument,
        code(metric.unit),
        metric.brief,
        metric.attributes.map(code).join(' '),
        metric.boundaries === undefined ? '' : (boundaries[metric.boundaries] ?? []).join(' '),
      ]),
    ),
    '',
    'Token types: `cache_read` and `cache_write` are parts of `input`, `reasoning` is a part of `output`. The total is `input + output`; adding all five counts some tokens twice.',
    '',
    '## Spans',
    '',
    ...table(
      [
        'span',
        'kind',
        'name',
        'meaning',
        'required',
        'recommended, or required under conditions',
        'only when content is captured',
      ],
      registry.spans.map((span) => [
        code(span.type),
        span.kinds.join(', '),
        code(span.names[0] ?? ''),
        span.brief,
        span.required.map(code).join(' '),
        span.recommended.map(code).join(' '),
        span.content.map(code).join(' '),
      ]),
    ),
    '',
    '## Attributes of our own',
    '',
    ...attributesOf('own'),
    '',
    '## Attributes of the GenAI conventions',
    '',
    ...attributesOf('genai'),
    '',
    '## Attributes of the core conventions',
    '',
    ...attributesOf('core'),
    '',
    '## Events',
    '',
    ...table(
      ['event', 'meaning'],
      events.map(({ name, brief }) => [code(name), brief]),
    ),
    '',
    '## Dialects',
    '',
    'Old and foreign names that the sidecar reads as if the name of today stood there. A name of today on the same span wins.',
    '',
    ...table(
      ['dialect', 'name', 'read as'],
      dialects.flatMap((dialect) => dialect.attributes.map(({ from, to }) => [dialect.name, code(from), code(to)])),
    ),
    '',
    ...table(
      ['dialect', 'attribute', 'value', 'read as'],
      dialects.flatMap((dialect) =>
        Object.entries(dialect.values).flatMap(([key, map]) =>
          Object.entries(map).map(([from, to]) => [dialect.name, code(key), code(from), code(to)]),
        ),
      ),
    ),
    '',
  ].join('\n')
}

const attributeTable = (attributes: readonly Attribute[]): string[] =>
  table(
    ['attribute', 'type', 'meaning', 'values'],
    attributes.map(({ key, type, brief, members, pii }) => [
      code(key),
      code(type),
      pii ? `${brief} **Content.**` : brief,
      members.map(code).join(' '),
    ]),
  )

const code = (text: string): string => `\`${text}\``

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${' --- |'.repeat(head.length)}`,
  ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
]
