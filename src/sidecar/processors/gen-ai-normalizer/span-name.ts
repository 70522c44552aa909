import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_DATA_SOURCE_ID,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_WORKFLOW_NAME,
  ATTR_MCP_METHOD_NAME,
} from '../../../conventions.ts'
import { OPERATION_NAME } from './convert.ts'
import type { SpanDraft } from './span-draft.ts'

/** What the conventions call such a span; undefined where it lacks what the name is made of. */
export function spanNameOf(draft: SpanDraft): string | undefined {
  const operation = draft.current(OPERATION_NAME)
  if (typeof operation !== 'string' || draft.has(ATTR_MCP_METHOD_NAME)) return undefined
  const key = SUBJECTS[operation]
  const subject = key === undefined ? undefined : draft.current(key)
  return typeof subject === 'string' && subject !== '' ? `${operation} ${subject}` : undefined
}

/** By operation: the attribute behind it in the name. */
const SUBJECTS: Readonly<Record<string, string>> = {
  chat: ATTR_GEN_AI_REQUEST_MODEL,
  text_completion: ATTR_GEN_AI_REQUEST_MODEL,
  generate_content: ATTR_GEN_AI_REQUEST_MODEL,
  embeddings: ATTR_GEN_AI_REQUEST_MODEL,
  retrieval: ATTR_GEN_AI_DATA_SOURCE_ID,
  create_agent: ATTR_GEN_AI_AGENT_NAME,
  invoke_agent: ATTR_GEN_AI_AGENT_NAME,
  plan: ATTR_GEN_AI_AGENT_NAME,
  invoke_workflow: ATTR_GEN_AI_WORKFLOW_NAME,
  execute_tool: ATTR_GEN_AI_TOOL_NAME,
}
