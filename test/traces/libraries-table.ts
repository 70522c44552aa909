import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limitsSection } from './limits-section.ts'

/**
 * Writes docs/libraries.md: which client library, in which version and module format, is observed in what. It is made of test results, not
 * of claims: a cell says that its tests ran and passed.
 *
 *   node test/traces/libraries-table.ts            runs the tests of the instrumentations and writes the page
 *   node test/traces/libraries-table.ts --from F   writes it from the results in F (vitest's JSON report of those tests)
 *   node test/traces/libraries-table.ts --check F  compares the page with the results in F; exit 1 when it differs
 */
const root = join(import.meta.dirname, '../..')
const page = join(root, 'docs/libraries.md')

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

function runTests(): string {
  const output = join(mkdtempSync(join(tmpdir(), 'libraries-')), 'report.json')
  const vitest = join(root, 'node_modules/.bin/vitest')
  const folders = ['test/traces', 'test/golden', 'src/sdk/instrumentation', 'src/sdk/guard']
  spawnSync(vitest, ['run', ...folders, '--reporter=json', `--outputFile=${output}`], { cwd: root, stdio: 'inherit' })
  return output
}

type Cell = 'passed' | 'failed'

interface Row {
  readonly library: string
  readonly feature: string
  /** By `<major> <format>`. */
  readonly cells: Map<string, Cell>
}

/** Suites named `<library> <major> <esm|cjs>`, and inside them one suite a feature. */
function rowsOf({ testResults }: Report): Row[] {
  const rows = new Map<string, Row>()
  for (const { ancestorTitles, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status !== 'passed' && status !== 'failed') continue
    const place = ancestorTitles.findIndex((title) => SUITE.test(title))
    const [, library, build] = SUITE.exec(ancestorTitles[place] ?? '') ?? []
    const feature = ancestorTitles[place + 1]
    if (library === undefined || build === undefined || feature === undefined) continue
    const key = `${library} ${feature}`
    const row = rows.get(key) ?? { library, feature, cells: new Map<string, Cell>() }
    rows.set(key, row)
    row.cells.set(build, row.cells.get(build) === 'failed' ? 'failed' : status)
  }
  return [...rows.values()].toSorted((a, b) => a.library.localeCompare(b.library) || a.feature.localeCompare(b.feature))
}

const SUITE = /^(\S+) (\d+(?:\.\d+)? (?:esm|cjs))$/

function render(results: Report): string {
  const libraries = Map.groupBy(rowsOf(results), ({ library }) => library)
  return [
    '<!-- Generated from the results of the tests by `node test/traces/libraries-table.ts`. Do not edit. -->',
    '# Client libraries that are observed',
    '',
    'Without a change to the agent, as ES module (esm) and as CommonJS (cjs). ✓: the tests of this feature passed with the real library in this',
    'version and format, against recorded answers of the real provider where there are some. An empty cell: no test.',
    ...limitsSection(results.testResults.flatMap(({ assertionResults }) => assertionResults)),
    ...[...libraries].flatMap(([library, rows]) => section(library, rows)),
    '',
  ].join('\n')
}

function section(library: string, rows: readonly Row[]): string[] {
  const builds = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))].toSorted(newestFirst)
  const versions = new Set(builds.map((build) => build.split(' ')[0] ?? ''))
  return [
    '',
    `## ${library}`,
    '',
    `Tested versions: ${[...versions].map((major) => versionOf(library, major) ?? major).join(', ')}`,
    '',
    `| feature | ${builds.join(' | ')} |`,
    `|${' --- |'.repeat(builds.length + 1)}`,
    ...rows.map(
      ({ feature, cells }) =>
        `| ${feature} | ${builds.map((build) => SIGNS[cells.get(build) ?? 'none']).join(' | ')} |`,
    ),
  ]
}

const SIGNS = { passed: '✓', failed: '✗', none: '' } as const

/** Majors downwards, esm before cjs. */
const newestFirst = (a: string, b: string): number => Number.parseFloat(b) - Number.parseFloat(a) || b.localeCompare(a)

function versionOf(library: string, major: string): string | undefined {
  for (const folder of ['node_modules', 'test/previous/node_modules']) {
    try {
      const { version } = JSON.parse(readFileSync(join(root, folder, library, 'package.json'), 'utf8'))
      if (typeof version === 'string' && (version === major || version.startsWith(`${major}.`))) return version
    } catch {
      // Not installed in this folder.
    }
  }
  return undefined
}

const [flag, file] = process.argv.slice(2)
const report: Report = JSON.parse(readFileSync(flag !== undefined && file !== undefined ? file : runTests(), 'utf8'))
const text = render(report)
if (flag !== '--check') writeFileSync(page, text)
else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/libraries.md is not what the tests say; run: node test/traces/libraries-table.ts')
  process.exitCode = 1
}
