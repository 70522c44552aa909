import type { Notices } from './notices.ts'
import type { Patcher, Target } from './patcher.ts'

/** Observes what an agent has imported: the way for code that a bundler has put into one file, where no module is left to be seen loading. */
export function instrumentByHand(
  imported: Readonly<Record<string, unknown>>,
  targets: readonly Target[],
  patcher: Patcher,
  notices: Notices,
): string[] {
  const observed = new Set<string>()
  for (const [key, value] of Object.entries(imported)) {
    const byLibrary = Map.groupBy(
      targets.filter(
        ({ instrumentation, patch }) => patch.exported !== undefined && isMeant(instrumentation.library, key),
      ),
      ({ instrumentation }) => instrumentation.library,
    )
    const before = observed.size
    for (const [library, its] of byLibrary) if (patcher.applyByHand(its, value)) observed.add(library)
    if (observed.size > before) continue
    const why =
      byLibrary.size === 0
        ? `nothing of that name can be observed by hand (leave it out of the bundle); there are ${namesOf(targets).join(', ')}`
        : 'what was given has none of the expected classes'
    notices.warn(
      `instrument ${key.slice(0, keyLengthMax)}`,
      `instrument(): ${key.slice(0, keyLengthMax)} is NOT observed: ${why}`,
    )
  }
  return [...observed]
}

/** Of a name that the agent gave, in messages. */
const keyLengthMax = 80

/** The package's name, or a word of it: `openai`, `anthropic`, `genai`. */
const isMeant = (library: string, key: string): boolean =>
  library === key || shortNames[key]?.includes(library) === true || library.split('/').at(-1) === key

const shortNames: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['@anthropic-ai/sdk'],
  bedrock: ['@aws-sdk/client-bedrock-runtime'],
  cohere: ['cohere-ai'],
  google: ['@google/genai'],
  groq: ['groq-sdk'],
  huggingface: ['@huggingface/inference'],
  mcp: ['@modelcontextprotocol/sdk', '@modelcontextprotocol/client', '@modelcontextprotocol/server'],
  mistral: ['@mistralai/mistralai'],
  openrouter: ['@openrouter/sdk'],
  together: ['together-ai'],
}

const namesOf = (targets: readonly Target[]): string[] => [
  ...new Set(
    targets.flatMap(({ instrumentation, patch }) => (patch.exported === undefined ? [] : [instrumentation.library])),
  ),
]
