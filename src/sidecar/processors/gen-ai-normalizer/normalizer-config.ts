import * as z from 'zod'
import { DIALECT_IDS } from './rule-set.ts'
import type { Source } from './rule-set.ts'

const names = z.record(z.string().min(1), z.string().min(1))
const valueNames = z.record(z.string().min(1), z.record(z.string(), z.string()))

const stockSettings = z.strictObject({
  remove_originals: z.boolean().default(false).describe('Whether old attributes go.'),
  overwrite: z.boolean().default(false).describe('Whether an old name wins over a new one that is there.'),
  mappings: names.default({}).describe('Old name: new name.'),
  custom_mappings: names.default({}).describe('The same under its older name.'),
  value_mappings: valueNames.default({}).describe('By name: old value: new value.'),
})
const stockSource = stockSettings.extend({
  name: z.string().min(1).describe('A dialect, or a name of your own for `mappings`.'),
})

export const normalizerConfig = z
  .strictObject({
    dialects: z
      .array(z.enum(DIALECT_IDS))
      .default([...DIALECT_IDS])
      .describe('Dialects that are translated; docs/dialects.md has them.'),
    keep_original: z.boolean().default(false).describe('Whether old attributes stay beside the new ones.'),
    rename_spans: z
      .boolean()
      .default(true)
      .describe(
        'Whether spans of a dialect get the name of the conventions; their own stays in spanwarden.original.span_name.',
      ),
    mappings: names.default({}).describe('Names of your own: old name: new name.'),
    value_mappings: valueNames.default({}).describe('Values of your own, by new or old name: old value: new value.'),
    sources: z
      .union([z.array(stockSource), z.record(z.string(), stockSettings)])
      .default([])
      .describe(
        'The block of the stock collector, a list or, as in its first versions, by name; takes the place of all other settings but rename_spans.',
      ),
    overwrite_schema_url: z
      .boolean()
      .default(false)
      .describe('Of the stock collector; without effect, schema URLs stay.'),
  })
  .superRefine(({ sources }, context) => {
    const isList = Array.isArray(sources)
    const all = listOf(sources)
    for (const [i, { name, mappings, custom_mappings: custom }] of all.entries()) {
      const path = isList ? ['sources', i, 'name'] : ['sources', name]
      if (all.findIndex((other) => other.name === name) < i)
        context.addIssue({ code: 'custom', path, message: `${name} is there twice` })
      const hasNames = Object.keys(mappings).length + Object.keys(custom).length > 0
      if (!DIALECT_IDS.includes(name) && !hasNames)
        context.addIssue({
          code: 'custom',
          path,
          message: `${name} is none of ${DIALECT_IDS.join(', ')} and has no mappings of its own`,
        })
    }
  })

/** The user's own names come first. */
export function sourcesOf(config: z.output<typeof normalizerConfig>): Source[] {
  const stock = listOf(config.sources)
  if (stock.length > 0)
    return stock.map(
      ({ name, remove_originals: removes, overwrite, mappings, custom_mappings, value_mappings: values }) => ({
        dialect: name,
        mappings: { ...custom_mappings, ...mappings },
        values,
        keep: !removes,
        overwrite,
      }),
    )
  const { dialects, keep_original: keep, mappings, value_mappings: values } = config
  const own = { mappings, values, keep, overwrite: false }
  return [own, ...dialects.map((dialect) => ({ dialect, mappings: {}, values, keep, overwrite: false }))]
}

const listOf = (
  sources: readonly z.output<typeof stockSource>[] | Readonly<Record<string, z.output<typeof stockSettings>>>,
): readonly z.output<typeof stockSource>[] =>
  Array.isArray(sources) ? sources : Object.entries(sources).map(([name, settings]) => ({ name, ...settings }))
