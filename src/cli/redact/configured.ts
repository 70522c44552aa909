import type { ProcessorDefinition } from '../../sidecar/component.ts'
import type { Configured } from '../../sidecar/config/check-components.ts'
import { redaction } from '../../sidecar/processors/redaction.ts'
import type { RedactionConfig } from '../../sidecar/processors/redaction/redaction-config.ts'
import { UsageError } from '../command.ts'
import type { CommandIo } from '../command.ts'
import { readConfig } from '../read-config.ts'

/** The options of the redaction processor in these configurations; `id` says which where there are several. */
export async function configuredRedaction(
  files: readonly string[],
  id: string | undefined,
  io: CommandIo,
): Promise<RedactionConfig> {
  const { processors } = await readConfig({ config: files }, io)
  const there = [...processors.values()].filter(isRedaction)
  const ids = there.map((processor) => processor.id)
  const [first, another] = there
  if (id !== undefined) {
    const chosen = there.find((processor) => processor.id === id)
    if (chosen === undefined)
      throw new UsageError(`--processor ${id}: in the configuration there is ${ids.join(', ') || 'none'}`)
    return chosen.config
  }
  if (first === undefined) throw new UsageError('--config: there is no processor redaction in it')
  if (another !== undefined) throw new UsageError(`--config: there are ${ids.join(', ')}; choose one with --processor`)
  return first.config
}

type ConfiguredRedaction = Configured<ProcessorDefinition> & { readonly config: RedactionConfig }

const isRedaction = (processor: Configured<ProcessorDefinition>): processor is ConfiguredRedaction =>
  processor.definition.type === redaction.type
