import { dirname, join } from 'node:path/posix'

/** Files of the project by their path from its root, with `/`. */
export type Files = ReadonlyMap<string, string>

/** What is against the rules of ARCHITECTURE.md, one line each: `path: what`. */
export function problemsOf(files: Files): string[] {
  const problems: string[] = []
  for (const [path, text] of files) {
    const report = (what: string): void => void problems.push(`${path}: ${what}`)
    checkText(path, text, report)
    if (!/^src\/.*\.tsx?$/.test(path) || generated.test(path)) continue
    checkName(path, report)
    const isTest = /\.test\.tsx?$/.test(path)
    const linesMax = isTest ? TEST_LINES_MAX : LINES_MAX
    if (text.split('\n').length > linesMax + 1) report(`more than ${linesMax} lines`)
    if (isTest) continue
    const code = withoutComments(text)
    checkReExports(path, code, report)
    if (pure.has(folderOf(path))) checkPure(code, report)
    for (const target of importsOf(code)) checkImport(path, target, report)
  }
  return [...problems, ...unlistedComponents(files)]
}

const LINES_MAX = 400
/** A test is mostly tables. */
const TEST_LINES_MAX = 800
const generated = /\.gen\.ts$|^src\/conventions\.ts$|\.as\.ts$/

type Report = (what: string) => void

const pure = new Set(['otlp', 'redaction', 'pricing', 'limits'])
const services = new Set(['audit', 'alerts', 'store', 'backup', 'doctor', 'evals'])
const componentKinds = ['receivers', 'processors', 'connectors', 'exporters', 'extensions'] as const
const component = new RegExp(`^src/sidecar/(${componentKinds.join('|')})/[^/]+\\.ts$`)
/** What a component may know of the sidecar around it. */
const contract = new Set([
  'component.ts',
  'config-types.ts',
  'loopback.ts',
  'proxy-env.ts',
  'authenticators.ts',
  'without-schemas.ts',
])

/** `otlp` for src/otlp/walk.ts, `register.ts` for src/register.ts. */
const folderOf = (path: string): string => path.split('/')[1] ?? ''

/** Every module that the code names: imports, `import type`, re-exports, dynamic imports, over several lines too. */
export function importsOf(code: string): string[] {
  const statements = code.matchAll(/^\s*(?:import|export)\b(?:[\w\s{},*$]*?\bfrom\b)?\s*(['"])([^'"\n]+)\1/gm)
  const calls = code.matchAll(/\b(?:import|require)\s*\(\s*(['"`])([^'"`\n]+)\1/g)
  const types = code.matchAll(/\btypeof\s+import\s*\(\s*(['"`])([^'"`\n]+)\1/g)
  return [...new Set([...statements, ...calls, ...types].map((match) => match[2] ?? ''))]
}

function checkImport(path: string, target: string, report: Report): void {
  if (!target.startsWith('.')) return checkPackage(path, target, report)
  const to = join(dirname(path), target)
  if (!to.startsWith('src/')) return report(`imports ${to}, outside of src`)
  const allowed = mayImport(path, to)
  if (!allowed) report(`may not import ${to}`)
}

/** The import rule of ARCHITECTURE.md. */
function mayImport(from: string, to: string): boolean {
  const source = folderOf(from)
  const target = folderOf(to)
  if (source === 'cli' || source === 'cli.ts') return true
  if (target === 'cli' || target === 'cli.ts') return false
  if (source === 'conventions.ts') return false
  if (target === 'conventions.ts') return true
  if (source === 'sidecar') return sidecarMayImport(from, to)
  if (source === 'limits' && target === 'pricing') return true
  if (source === target || pure.has(source)) return source === target
  if (source === 'sdk') return target === 'pricing' || target === 'control' || target === 'limits'
  if (source === 'index.ts' || source === 'register.ts') return target === 'sdk'
  // The sidecar's redaction as a function.
  if (source === 'redact.ts') return target === 'redaction' || to.startsWith('src/sidecar/processors/redaction/')
  if (source === 'control') return pure.has(target)
  if (source === 'ledger') return pure.has(target) || target === 'sqlite'
  if (source === 'page') return to === 'src/store/records.ts'
  return (
    services.has(source) &&
    (pure.has(target) || target === 'ledger' || target === 'control' || target === 'sqlite' || isContract(to))
  )
}

function sidecarMayImport(from: string, to: string): boolean {
  const [, , kind = ''] = from.split('/')
  const inComponent = componentKinds.some((known) => known === kind)
  if (folderOf(to) !== 'sidecar') {
    // The page is what the extension of its name serves.
    if (folderOf(to) === 'page') return kind === 'extensions'
    return (
      pure.has(folderOf(to)) || services.has(folderOf(to)) || folderOf(to) === 'ledger' || folderOf(to) === 'control'
    )
  }
  // Components never know each other; what is in a folder beside them are their parts.
  if (component.test(to)) return from === 'src/sidecar/components.ts'
  if (!inComponent) return true
  return (
    isContract(to) ||
    to.startsWith(`src/sidecar/${kind}/`) ||
    (['exporters', 'processors', 'extensions'].includes(kind) && to.startsWith('src/sidecar/queue/'))
  )
}

const isContract = (to: string): boolean =>
  to.startsWith('src/sidecar/') && contract.has(to.slice('src/sidecar/'.length))

function checkPackage(path: string, target: string, report: Report): void {
  const source = folderOf(path)
  if (pure.has(source) || source === 'conventions.ts') report(`is pure and may not import ${target}`)
  const forSidecar = ['zod', 'fastify', 'yaml', 'pino'].some((name) => target === name || target.startsWith(`${name}/`))
  if (forSidecar && ['sdk', 'index.ts', 'register.ts', 'control'].includes(source)) report(`may not import ${target}`)
}

/** Value in, value out: no clock, no chance, no surroundings. */
function checkPure(code: string, report: Report): void {
  const impure =
    /\bDate\.now\b|\bnew Date\s*(?:\(\s*\)|(?!\())|\bMath\.random\b|\bperformance\b|\bprocess\b|\bglobalThis\b|\bfetch\s*\(|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bcrypto\b|\bconsole\b/
  const plain = code.replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''")
  const found = impure.exec(plain)
  if (found !== null) report(`is pure and may not use ${found[0]}`)
}

function checkName(path: string, report: Report): void {
  if (/(^|\/)index\.tsx?$/.test(path) && path !== 'src/index.ts') report('there is one index.ts, that of the package')
  if (/(^|\/)(utils?|helpers?|misc|common)(\.|\/)/.test(path)) report('is a drawer: name it after what it holds')
}

function checkReExports(path: string, code: string, report: Report): void {
  const found = /^\s*export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\b/m.test(code)
  if (found && path !== 'src/index.ts') report('re-exports; import from where it is')
  if (/^\s*export\s+default\b/m.test(code)) report('has a default export')
}

function unlistedComponents(files: Files): string[] {
  const list = files.get('src/sidecar/components.ts')
  if (list === undefined) return []
  const listed = new Set(importsOf(withoutComments(list)).map((target) => join('src/sidecar', target)))
  return [...files.keys()]
    .filter((path) => component.test(path) && !path.endsWith('.test.ts') && !listed.has(path))
    .map((path) => `${path}: is not in src/sidecar/components.ts`)
}

/** Composed, so that this file does not hold what it looks for. */
const strange: readonly [RegExp, string][] = [
  [new RegExp(['/wo', 'rk/'].join('')), 'a path of the machine that it was written on'],
  [new RegExp(['(?<!\\.\\./)\\bsha', 'red/(?:design|reference|data)\\b'].join('')), 'a folder outside of the project'],
  [new RegExp(['\\.\\./sha', 'red\\b'].join('')), 'a folder outside of the project'],
  [new RegExp(['/tmp/br', 'ief\\b|\\bissues sh', 'ow\\b'].join('')), 'a tool that is no part of the project'],
  [
    new RegExp(['https?://[^/\\s"\']*(?:regi', 'stry|artifac', 'tory|verdac', 'cio)[^/\\s"\']*'].join('')),
    'the host of a registry',
  ],
]

function checkText(path: string, text: string, report: Report): void {
  if (path === 'test/support/shared-data.ts') return
  for (const [pattern, what] of strange) if (pattern.test(text)) report(`names ${what}`)
}

/** Comments blanked out; strings are kept, and a `//` in one does not begin a comment. */
export const withoutComments = (code: string): string =>
  code.replaceAll(/(['"`])(?:\\.|(?!\1)[^\\])*?\1|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, (match) =>
    match.startsWith('/') ? ' ' : match,
  )
