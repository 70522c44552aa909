import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

type ByKind = Readonly<Record<string, readonly string[]>>
interface StockComponents {
  readonly otelcol: ByKind
  readonly contrib: ByKind
  readonly removed: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** src/sidecar/config/stock-components.gen.ts as text. */
export function renderStockComponents(folder: string): string {
  const { otelcol, contrib, removed }: StockComponents = parse(
    readFileSync(join(folder, 'stock-components.yaml'), 'utf8'),
  )
  const constant = (name: string, comment: string, value: unknown): string =>
    `/** ${comment} */\nexport const ${name} = ${JSON.stringify(value)}\n`
  const flat = (byKind: ByKind): unknown =>
    Object.fromEntries(Object.entries(byKind).map(([kind, names]) => [kind, names.join(' ')]))
  return [
    '// Generated from conventions/stock-components.yaml (npm run generate). Do not edit.',
    constant('OTELCOL', 'Components of both distributions of the stock collector, by section.', flat(otelcol)),
    constant('CONTRIB', 'Components of otelcol-contrib only.', flat(contrib)),
    constant('REMOVED', 'Components of former versions, and what to use now.', removed),
  ].join('\n')
}
