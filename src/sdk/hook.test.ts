import { cpSync, existsSync, mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { runNode } from '../../test/support/run-node.ts'
import { hasReliableSyncHooks } from './hook.ts'

/**
 * A library in every form in which a patched file can come: ESM, CommonJS, CommonJS imported by ESM, ESM required by CommonJS; with circular
 * imports, a last line that is a comment, and names that do not exist. The preload patches `Client.prototype.call`.
 */
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-hook-'))
  const library = join(folder, 'node_modules', '@some', 'library')
  mkdirSync(library, { recursive: true })
  const write = (name: string, text: string): void => writeFileSync(join(library, name), text)
  write('package.json', JSON.stringify({ name: '@some/library', version: '3.1.4', exports: { './*': './*' } }))
  write(
    'client.mjs',
    "import { later } from './circular.mjs'\nexport class Client { call() { return 'bare' } }\nexport const where = () => new Error('x').stack.split('\\n')[1]\n// the last line is a comment",
  )
  write('circular.mjs', "import { Client } from './client.mjs'\nexport const later = () => Client\n")
  write(
    'client.cjs',
    "'use strict'\nclass Client { call() { return 'bare' } }\nexports.Client = Client\n//# sourceMappingURL=nowhere.map",
  )
  write('inner.mjs', "export function outer() { return inner() }\nfunction inner() { return 'bare' }")
  write('inner.cjs', "exports.outer = outer\nfunction outer() { return inner() }\nfunction inner() { return 'bare' }")
  write('small.mjs', "function a$1(){return 'bare'}const b='x as run ';export{b as other,a$1 as run};")
  write('broken.mjs', 'export class Client { call() { return 1 } }\nexport const kind = 0')
  symlinkSync(join(projectFolder, 'node_modules', '@opentelemetry'), join(folder, 'node_modules', '@opentelemetry'))
  writeFileSync(
    join(folder, 'preload.mjs'),
    `import { hookModules } from ${JSON.stringify(join(projectFolder, 'src/sdk/hook.ts'))}
     import { Notices } from ${JSON.stringify(join(projectFolder, 'src/sdk/notices.ts'))}
     const notices = new Notices()
     const patch = ({ Client, missing }) => {
       if (missing !== undefined) throw new Error('a name that is not there has a value')
       const original = Client.prototype.call
       Client.prototype.call = function () { return 'patched ' + original.call(this) }
     }
     const majors = JSON.parse(process.env.MAJORS ?? '[3]')
     globalThis.table = hookModules({
       instrumentations: [{ library: '@some/library', majors, modules: [
         { file: /^client\\.(mjs|cjs)$/, names: ['Client', 'missing'], patch },
         { file: /^inner\\.(mjs|cjs)$/, names: ['inner'], patch: (bindings) => {
           const original = bindings.inner
           bindings.inner = () => 'patched ' + original()
         } },
         { file: /^small\\.mjs$/, names: ['run', 'gone'], minified: true, patch: (bindings) => {
           if (bindings.gone !== undefined) throw new Error('a name that is not there has a value')
           const original = bindings.run
           bindings.run = () => 'patched ' + original()
         } },
         { file: /^broken\\.mjs$/, names: ['Client'], patch: () => { throw new TypeError('secret') } },
       ] }],
       sdk: { fault: (where, error) => notices.fault(where, error) },
       notices,
       ...(process.env.ASYNC === 'yes' ? { sync: false } : {}),
     }).libraries`,
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const show =
  'process.stdout.write(JSON.stringify([new Client().call(), ...globalThis.table.found.values()].map((x) => x.state ?? x)))'

async function run(name: string, script: string, options: { env?: Record<string, string>; flags?: string[] } = {}) {
  const file = join(folder, name)
  writeFileSync(file, script)
  const flags = [...(options.flags ?? []), '--import', join(folder, 'preload.mjs')]
  return await runNode([...flags, file], { cwd: folder, env: options.env ?? {} })
}

const esm = `import { Client } from '@some/library/client.mjs'; ${show}`
const forms = [
  ['ESM imported by ESM', 'a.mjs', esm],
  ['CommonJS required by CommonJS', 'b.cjs', `const { Client } = require('@some/library/client.cjs'); ${show}`],
  ['CommonJS imported by ESM', 'c.mjs', `import { Client } from '@some/library/client.cjs'; ${show}`],
  ['ESM required by CommonJS', 'd.cjs', `const { Client } = require('@some/library/client.mjs'); ${show}`],
  ['ESM imported later', 'e.mjs', `await null; const { Client } = await import('@some/library/client.mjs'); ${show}`],
] as const

describe.each([
  ['synchronous hooks', {}],
  ['the loader thread of older versions', { ASYNC: 'yes' }],
])('with %s', (_, env: Record<string, string>) => {
  // The loader thread of old versions does not see a require() of ESM; the same holds for every other preload.
  const possible = forms.filter(([form]) => env['ASYNC'] !== 'yes' || form !== 'ESM required by CommonJS')

  test.each(possible)('%s is patched before its importer runs', async (_form, name, script) => {
    const { code, stdout, stderr } = await run(name, script, { env })
    expect({ code, stdout, stderr: stderr.replace(/^.*DEP0205.*\n.*\n/m, '') }).toEqual({
      code: 0,
      stdout: '["patched bare","patched"]',
      stderr: '',
    })
  })
})

test.each([
  ['ESM', 'inner-a.mjs', "import { outer } from '@some/library/inner.mjs'; console.log(outer())"],
  ['CommonJS', 'inner-b.cjs', "const { outer } = require('@some/library/inner.cjs'); console.log(outer())"],
])('a function that only its own file calls is replaced in %s', async (_form, name, script) => {
  expect((await run(name, script)).stdout).toBe('patched bare\n')
})

test.each([
  ['synchronous hooks', {}],
  ['the loader thread of older versions', { ASYNC: 'yes' }],
])('a function that a minifier has renamed is replaced with %s', async (_form, env: Record<string, string>) => {
  const script = "import { run } from '@some/library/small.mjs'; console.log(run())"
  expect((await run('small.mjs', script, { env })).stdout).toBe('patched bare\n')
})

describe('the library is recognised wherever a package manager puts it', () => {
  const layouts: readonly (readonly [string, string, string])[] = [
    ['an alias', 'node_modules/library-v3', 'library-v3/client.'],
    ['a scoped alias', 'node_modules/@my/library', '@my/library/client.'],
    [
      'pnpm',
      'node_modules/.pnpm/@some+library@3.1.4/node_modules/@some/library',
      './node_modules/.pnpm/@some+library@3.1.4/node_modules/@some/library/client.',
    ],
    ['a folder that is linked from elsewhere', 'linked', '../linked/client.'],
    [
      'a nested copy',
      'node_modules/other/node_modules/@some/library',
      './node_modules/other/node_modules/@some/library/client.',
    ],
  ]
  const cases = layouts.flatMap(([layout, place, specifier]) =>
    (['mjs', 'cjs'] as const).flatMap((format) =>
      [{}, { ASYNC: 'yes' }].map((env) => [layout, format, env, place, specifier] as const),
    ),
  )

  test.each(cases)('%s, %s %j', async (layout, format, env: Record<string, string>, place, specifier) => {
    const target = layout.includes('linked') ? join(folder, 'linked') : join(folder, place)
    if (!existsSync(target)) cpSync(join(folder, 'node_modules/@some/library'), target, { recursive: true })
    const own = layout.includes('linked') ? join(folder, 'app') : folder
    mkdirSync(own, { recursive: true })
    const file = join(own, `layout-${cases.findIndex((one) => one[0] === layout && one[1] === format)}.${format}`)
    const name = JSON.stringify(`${specifier}${format}`)
    writeFileSync(
      file,
      `${format === 'mjs' ? `import { Client } from ${name}` : `const { Client } = require(${name})`}; ${show}`,
    )
    const { stdout, stderr } = await runNode(['--import', join(folder, 'preload.mjs'), file], { cwd: folder, env })
    expect([stdout, stderr.replace(/^.*DEP0205.*\n.*\n/m, '')]).toEqual(['["patched bare","patched"]', ''])
  })

  test('the agent itself may have the name of a library', async () => {
    const own = join(folder, 'agent')
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'package.json'), JSON.stringify({ name: '@some/library', version: '0.0.1' }))
    writeFileSync(join(own, 'client.mjs'), "export class Client { call() { return 'bare' } }")
    writeFileSync(join(own, 'main.mjs'), `import { Client } from './client.mjs'; ${show}`)
    const run = await runNode(['--import', join(folder, 'preload.mjs'), join(own, 'main.mjs')], { cwd: own, env: {} })
    expect([run.stdout, run.stderr]).toEqual(['["bare"]', ''])
  })
})

test('line numbers stay', async () => {
  const { stdout } = await run('lines.mjs', "import { where } from '@some/library/client.mjs'; console.log(where())")
  expect(stdout).toMatch(/client\.mjs:3:\d+/)
})

describe('what cannot be observed is told, in one line, and works on', () => {
  test('another major than the tested ones', async () => {
    const { stdout, stderr } = await run('major.mjs', esm, { env: { MAJORS: '[1,2]' } })
    expect(stdout).toBe('["patched bare","untested"]')
    expect(stderr).toBe('spanwarden: @some/library 3.1.4 is observed, but only major 1, 2 is tested\n')
  })

  test('another shape than the expected one', async () => {
    const script = `import { Client } from '@some/library/broken.mjs'; ${show}`
    const { code, stdout, stderr } = await run('broken.mjs', script)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '[1,"failed"]' })
    expect(stderr).toContain('@some/library 3.1.4 is NOT observed')
    expect(stderr).not.toContain('secret')
  })

  test.each([
    ['early-a.cjs', 'client.cjs', 'Client', ['patched bare', 'patched'], ''],
    ['early-b.cjs', 'inner.cjs', 'outer', ['bare', 'too early'], NOT_OBSERVED],
  ])('CommonJS that was loaded before the preload: %s', async (name, file, used, outcome, line) => {
    const early = join(folder, `required-by-${name}`)
    writeFileSync(early, `require('@some/library/${file}')`)
    const call = used === 'Client' ? 'new Client().call()' : 'outer()'
    const script = `const { ${used} } = require('@some/library/${file}')
      process.stdout.write(JSON.stringify([${call}, ...globalThis.table.found.values()].map((x) => x.state ?? x)))`
    const { stdout, stderr } = await run(name, script, { flags: ['--require', early] })
    expect(JSON.parse(stdout)).toEqual(outcome)
    expect(stderr).toBe(line)
  })
})

const NOT_OBSERVED =
  'spanwarden: @some/library is NOT observed: it was loaded before spanwarden; put --import spanwarden/register first\n'

test.each([
  ['22.19.0', false],
  ['22.22.2', false],
  ['22.22.3', true],
  ['24.11.0', false],
  ['24.11.1', true],
  ['24.21.0', true],
  ['25.0.0', false],
  ['26.10.0', true],
])('synchronous hooks of Node %s are reliable: %s', (version, reliable) => {
  expect(hasReliableSyncHooks(version)).toBe(reliable)
})
