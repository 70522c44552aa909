import { ATTR_GEN_AI_OPERATION_NAME, CANONICAL_VALUES } from '../conventions.ts'
import {
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../conventions.ts'
import { keyTable } from './key-table.ts'
import type { SpanReader } from './span-reader.ts'
import { wireId } from './span-reader.ts'

/** What kind of operation a span stands for. */
export type GenAiOperation = 'none' | 'inference' | 'embeddings' | 'agent' | 'tool' | 'workflow' | 'other'

/** The operation of the span that was read last, in any dialect. */
export function operationOf(reader: SpanReader): GenAiOperation {
  const node = reader.node(OPERATION)
  if (node < 0) return 'none'
  const { view } = reader
  const value = view.valueNode(node)
  if (value < 0) return 'none'
  if (!view.isEdited(value)) return operations[lookUp(view.bytes, view.body(value), view.end(value))] ?? 'other'
  const content = view.content(value)
  return operations[lookUp(content, 0, content.length)] ?? 'other'
}

const OPERATION = wireId(ATTR_GEN_AI_OPERATION_NAME)

const operationByName: Readonly<Record<string, GenAiOperation>> = {
  [GEN_AI_OPERATION_NAME_VALUE_CHAT]: 'inference',
  [GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT]: 'inference',
  [GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION]: 'inference',
  [GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS]: 'embeddings',
  [GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT]: 'agent',
  [GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL]: 'tool',
  [GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW]: 'workflow',
}

/** Every value that means one of these, of today or of a dialect. */
const foreign = CANONICAL_VALUES[ATTR_GEN_AI_OPERATION_NAME] ?? {}
const names = [...Object.keys(operationByName), ...Object.keys(foreign)]
const lookUp = keyTable(names)
const operations: readonly GenAiOperation[] = [
  'other',
  ...names.map((name) => operationByName[foreign[name] ?? name] ?? 'other'),
]
