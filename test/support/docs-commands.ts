import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './run-agent.ts'

/** A block of commands in README.md or docs/. */
export interface DocsCommands {
  /** `docs/limits.md:13` */
  readonly where: string
  readonly lines: readonly string[]
  /** Why it is not run; undefined when it is. */
  readonly notRun: string | undefined
  /** Names of ready configurations of a sidecar that it is run beside. */
  readonly beside: readonly string[]
}

/**
 * Every block of commands (sh, bash, console, shell) in README.md and docs/. Directly above it may stand `<!-- not run: why -->`, or `<!-- run beside: embedded guard -->` for one that
 * needs a sidecar.
 */
export function docsCommands(): DocsCommands[] {
  const docs = readdirSync(join(projectFolder, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', ...docs.map((name) => `docs/${name}`)].flatMap((file) =>
    commandsIn(file, readFileSync(join(projectFolder, file), 'utf8')),
  )
}

/** The blocks of one text. */
export function commandsIn(file: string, text: string): DocsCommands[] {
  const blocks: DocsCommands[] = []
  let above = ''
  let open: { line: number; above: string; lines: string[]; isCommands: boolean } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(?<language>\w*)/.exec(line)
    if (fence !== null && open === undefined) {
      const isCommands = /^(?:sh|bash|console|shell)$/.test(fence.groups?.['language'] ?? '')
      open = { line: index + 1, above, lines: [], isCommands }
    } else if (fence !== null && open !== undefined) {
      if (open.isCommands) blocks.push(blockOf(`${file}:${open.line}`, open.above, open.lines))
      open = undefined
    } else if (open !== undefined) {
      open.lines.push(line.trim())
    }
    if (line.trim() !== '') above = line
  }
  return blocks
}

function blockOf(where: string, above: string, lines: readonly string[]): DocsCommands {
  // A line that ends in a backslash goes on in the next.
  const joined = lines.join('\n').replaceAll(/\\\n/g, ' ').split('\n')
  return {
    where,
    lines: joined.filter((line) => line !== '' && !line.startsWith('#')),
    notRun: /<!-- not run: (?<why>.+?) -->/.exec(above)?.groups?.['why'],
    beside: /<!-- run beside: (?<names>.+?) -->/.exec(above)?.groups?.['names']?.split(' ') ?? [],
  }
}
