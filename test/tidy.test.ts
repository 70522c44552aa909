import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf, problemsOf, withoutComments } from './support/tidy-rules.ts'

const root = join(import.meta.dirname, '..')
const folders = ['src', 'test', 'conventions', 'collector-config', 'docker', 'examples', '.github']
const text = /\.(?:[cm]?[jt]sx?|json|ya?ml|md|html|css|sh|toml|service)$|Dockerfile$|^\.(?:npmrc|gitignore)$|^LICENSE$/

/** Every text file of the project, by its path. */
function projectFiles(): Map<string, string> {
  const files = new Map<string, string>()
  const add = (path: string): void => void files.set(path, readFileSync(join(root, path), 'utf8'))
  for (const entry of readdirSync(root)) {
    if (folders.includes(entry)) {
      for (const path of readdirSync(join(root, entry), { recursive: true, encoding: 'utf8' })) {
        const name = `${entry}/${path.replaceAll('\\', '/')}`
        if (text.test(name) && !name.includes('node_modules/') && statSync(join(root, name)).isFile()) add(name)
      }
    } else if (text.test(entry) && statSync(join(root, entry)).isFile()) add(entry)
  }
  return files
}

const files = projectFiles()

test('the project keeps its rules', () => {
  expect(files.size).toBeGreaterThan(100)
  expect(problemsOf(files)).toEqual([])
})

describe('a file that breaks a rule is found', () => {
  const pathOf = (...parts: string[]): string => parts.join('/')
  const list = ['src/sidecar/components.ts', "import { debug } from './exporters/debug.ts'\n"] as const

  test.each([
    ['src/otlp/bad.ts', "import { readFileSync } from 'node:fs'\n", 'is pure and may not import node:fs'],
    [
      'src/otlp/bad.ts',
      "import type { Price } from '../pricing/price-of.ts'\n",
      'may not import src/pricing/price-of.ts',
    ],
    [
      'src/pricing/bad.ts',
      "import type {\n  Span,\n  Scope,\n} from '../otlp/view.ts'\n",
      'may not import src/otlp/view.ts',
    ],
    ['src/redaction/bad.ts', 'export const now = (): number => Date.now()\n', 'may not use Date.now'],
    ['src/otlp/bad.ts', 'export const now = new Date()\n', 'may not use new Date'],
    ['src/otlp/bad.ts', 'export const port = process.env.PORT\n', 'may not use process'],
    ['src/otlp/bad.ts', 'const { sqrt } = Math; setTimeout(sqrt, 1)\n', 'may not use setTimeout'],
    ['src/sdk/bad.ts', "const { z } = await import('zod')\n", 'may not import zod'],
    ['src/sdk/bad.ts', "import type { View } from '../otlp/view.ts'\n", 'may not import src/otlp/view.ts'],
    [
      'src/sdk/bad.ts',
      "type View = typeof import('../sidecar/collector.ts')\n",
      'may not import src/sidecar/collector.ts',
    ],
    ['src/store/bad.ts', "import { run } from '../cli/run.ts'\n", 'may not import src/cli/run.ts'],
    ['src/store/bad.ts', "import '../sidecar/collector.ts'\n", 'may not import src/sidecar/collector.ts'],
    [
      'src/control/bad.ts',
      "import { openStore } from '../store/open-store.ts'\n",
      'may not import src/store/open-store.ts',
    ],
    [
      'src/sidecar/exporters/otlp/bad.ts',
      "import { debug } from '../debug.ts'\n",
      'may not import src/sidecar/exporters/debug.ts',
    ],
    [
      'src/sidecar/connectors/x/bad.ts',
      "import { a } from '../../pipeline.ts'\n",
      'may not import src/sidecar/pipeline.ts',
    ],
    [
      'src/sidecar/connectors/x/bad.ts',
      "import { a } from '../../queue/a.ts'\n",
      'may not import src/sidecar/queue/a.ts',
    ],
    [
      'src/sidecar/pipeline.ts',
      "import { otlp } from './receivers/otlp.ts'\n",
      'may not import src/sidecar/receivers/otlp.ts',
    ],
    ['src/sidecar/bad.ts', "import { x } from '../../test/support/x.ts'\n", 'outside of src'],
    ['src/sidecar/exporters/kafka.ts', 'export const kafka = 1\n', 'is not in src/sidecar/components.ts'],
    ['src/store/bad.ts', "export { a } from './a.ts'\n", 're-exports'],
    ['src/store/bad.ts', "export type {\n  A,\n} from './a.ts'\n", 're-exports'],
    ['src/store/bad.ts', "export * from './a.ts'\n", 're-exports'],
    ['src/store/bad.ts', 'export default 1\n', 'default export'],
    ['src/store/index.ts', '', 'there is one index.ts'],
    ['src/store/utils.ts', '', 'is a drawer'],
    ['src/utils/text.ts', '', 'is a drawer'],
    ['src/store/long.ts', 'const a = 1\n'.repeat(401), 'more than 400 lines'],
    ['README.md', `see ${pathOf('', 'work', 'main')}`, 'a path of the machine'],
    ['conventions/a.yaml', `# ${pathOf('..', 'shared', 'design', 'product.md')}`, 'a folder outside of the project'],
    [
      'package-lock.json',
      `"resolved": "${pathOf('https:', '', 'registry.example', 'a.tgz')}"`,
      'the host of a registry',
    ],
  ])('%s with %j', (path, content, problem) => {
    const problems = problemsOf(new Map([list, [path, content]]))
    expect(problems.filter((line) => line.startsWith(`${path}: `) && line.includes(problem))).toHaveLength(1)
  })

  test.each([
    ['src/otlp/good.ts', "// process, Date.now()\nimport { A } from '../conventions.ts'\nexport const b = 'process'\n"],
    ['src/pricing/good.ts', 'export const day = (text: string): number => new Date(text).getDate()\n'],
    ['src/sidecar/exporters/debug.ts', "import { a } from '../component.ts'\nimport { b } from './debug/b.ts'\n"],
    [
      'src/sidecar/exporters/debug/b.ts',
      "import { c } from '../../../store/c.ts'\nimport { q } from '../../queue/q.ts'\n",
    ],
    [
      'src/sdk/good.ts',
      "import { priceOf } from '../pricing/price-of.ts'\nimport { trace } from '@opentelemetry/api'\n",
    ],
    ['src/cli/good.ts', "import * as z from 'zod'\nimport { collector } from '../sidecar/collector.ts'\n"],
    ['src/index.ts', "export type { A } from './sdk/a.ts'\n"],
    ['src/otlp/good.test.ts', "import { readFileSync } from 'node:fs'\nimport { x } from '../../test/support/x.ts'\n"],
    ['src/conventions.ts', 'export const A = 1\n'.repeat(500)],
    ['src/store/good.ts', 'const a = 1\n'.repeat(400)],
  ])('%s is fine', (path, content) => {
    const others = problemsOf(new Map([list, [path, content]])).filter((line) => line.startsWith(`${path}: `))
    expect(others).toEqual([])
  })
})

test('imports are found in every form, and not in comments', () => {
  const code = `import a, { b } from './a.ts'
import type {
  C,
  D,
} from "./b.ts"
import * as e from './c.ts'
import './d.ts'
export { f } from './e.ts'
const g = await import('./f.ts')
const h = require('./g.ts')
type I = typeof import('./h.ts')
const url = 'http://x' // import './comment.ts'
/* import './comment.ts' */
`
  expect(importsOf(withoutComments(code)).sort()).toEqual('abcdefgh'.split('').map((name) => `./${name}.ts`))
})
