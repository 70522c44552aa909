import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderCallingCodes } from './generate-calling-codes.ts'
import { renderPrices } from './generate-prices.ts'
import { renderScanner } from './generate-scanner.ts'
import { problemsOf, readRegistry } from './registry.ts'
import { renderConfiguration, renderEditorSchema } from './render-configuration.ts'
import { renderCode } from './render-code.ts'
import { renderDashboards } from './render-dashboards.ts'
import { renderDialectDocs, renderDialects } from './render-dialects.ts'
import { renderDocs } from './render-docs.ts'
import { renderRedaction } from './render-redaction.ts'
import { renderStockComponents } from './render-stock-components.ts'

/** Every generated file: its path from the project's root and what belongs into it. */
export async function generatedFiles(): Promise<{ path: string; text: string }[]> {
  const registry = readRegistry(import.meta.dirname)
  const problems = problemsOf(registry)
  if (problems.length > 0) throw new Error(`The registry is not sound:\n  ${problems.join('\n  ')}`)
  return [
    { path: 'src/conventions.ts', text: renderCode(registry) },
    { path: 'src/pricing/prices.gen.ts', text: await renderPrices() },
    { path: 'src/redaction/rules/calling-codes.gen.ts', text: renderCallingCodes() },
    { path: 'src/redaction/scanner.gen.ts', text: await renderScanner() },
    { path: 'src/sidecar/config/stock-components.gen.ts', text: renderStockComponents(import.meta.dirname) },
    { path: 'conventions/README.md', text: renderDocs(registry) },
    { path: 'src/sidecar/processors/gen-ai-normalizer/dialects.gen.ts', text: renderDialects(registry) },
    { path: 'docs/dialects.md', text: renderDialectDocs(registry) },
    { path: 'collector-config/schema.json', text: renderEditorSchema() },
    { path: 'docs/configuration.md', text: renderConfiguration(import.meta.dirname) },
    { path: 'docs/redaction.md', text: renderRedaction(import.meta.dirname) },
    ...renderDashboards(),
  ]
}

/** The generated files that differ from what stands on disk. */
export async function staleFiles(): Promise<{ path: string; text: string }[]> {
  const files = await generatedFiles()
  return files.filter(({ path, text }) => !existsSync(absolute(path)) || readFileSync(absolute(path), 'utf8') !== text)
}

const absolute = (path: string): string => join(import.meta.dirname, '..', path)

if (import.meta.main) {
  const stale = await staleFiles()
  if (!process.argv.includes('--check')) {
    for (const { path, text } of stale) writeFileSync(absolute(path), text)
    console.log(
      stale.length === 0 ? 'Generated files are current.' : `Wrote ${stale.map(({ path }) => path).join(', ')}.`,
    )
  } else if (stale.length > 0) {
    console.error(`Stale: ${stale.map(({ path }) => path).join(', ')}. Run \`npm run generate\` and commit the result.`)
    process.exitCode = 1
  }
}
