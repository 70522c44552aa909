import {
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '../conventions.ts'

/** Operations that stand for the same kind of call, whoever reports it. */
export const callKind = (operation: string): string =>
  GENERATION.has(operation) ? GEN_AI_OPERATION_NAME_VALUE_CHAT : operation

const GENERATION = new Set([
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
])
