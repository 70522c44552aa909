import { components } from '../../support/all-components.ts'
import { ConfigError } from '../../../src/sidecar/config/problem.ts'
import { loadConfig } from '../../../src/sidecar/config.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { mutateText } from '../mutate-text.ts'
import type { Seeds } from '../seeds.ts'

const PROBLEM_CHARS_MAX = 4000

/** Configurations: loaded, or refused with problems that a person can read. */
export function yamlTarget({ yaml }: Seeds): FuzzTarget {
  const texts = yaml.map(String)
  const substitutions = {
    env: { HOST: 'localhost', PORT: '4318', X: '${X}', TOKEN: 't', LIST: '[1, {a: b}]' },
    readFile(path: string): string {
      if (path === '/dev/null') return ''
      throw new Error('no such file')
    },
  }
  return {
    input: (random) => Buffer.from(mutateText(random, random.pick(texts), texts, 1 + random.size(8))),
    run(input) {
      try {
        loadConfig([{ name: 'a.yaml', text: input.toString('utf8') }], components, substitutions)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        must(error.problems.length > 0, 'refused without a reason')
        must(
          error.problems.every(({ message }) => message.length <= PROBLEM_CHARS_MAX),
          'a problem that nobody can read',
        )
      }
    },
  }
}
