import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROMPT_NAME,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_MCP_METHOD_NAME,
  ATTR_MCP_RESOURCE_URI,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  MCP_METHOD_NAME_VALUE_NOTIFICATIONS_MESSAGE,
  MCP_METHOD_NAME_VALUE_NOTIFICATIONS_PROGRESS,
  MCP_METHOD_NAME_VALUE_PROMPTS_GET,
  MCP_METHOD_NAME_VALUE_TOOLS_CALL,
} from '../../../conventions.ts'
import { fieldsOf, nameOf } from '../fields.ts'
import { present } from '../present.ts'

/** What a message is about. */
export interface Subject {
  readonly method: string
  /** Name of the tool or the prompt. */
  readonly target: string | undefined
}

export function subjectOf(method: string, params: unknown): Subject {
  const named = method === MCP_METHOD_NAME_VALUE_TOOLS_CALL || method === MCP_METHOD_NAME_VALUE_PROMPTS_GET
  const name = named ? nameOf(fieldsOf(params)['name']) : undefined
  return { method: method.slice(0, NAME_CHARACTERS_MAX), target: name?.slice(0, NAME_CHARACTERS_MAX) }
}

export const spanName = ({ method, target }: Subject): string => (target === undefined ? method : `${method} ${target}`)

/** The address of a resource is content: it names customers and files. */
export function subjectAttributes({ method, target }: Subject, params: unknown, captureContent: boolean): Attributes {
  const isToolCall = method === MCP_METHOD_NAME_VALUE_TOOLS_CALL
  return present({
    [ATTR_MCP_METHOD_NAME]: method,
    [ATTR_GEN_AI_OPERATION_NAME]:
      isToolCall && target !== undefined ? GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL : undefined,
    [ATTR_GEN_AI_TOOL_NAME]: isToolCall ? target : undefined,
    [ATTR_GEN_AI_PROMPT_NAME]: isToolCall ? undefined : target,
    [ATTR_MCP_RESOURCE_URI]:
      captureContent && /resources\/./.test(method) ? nameOf(fieldsOf(params)['uri']) : undefined,
  })
}

/** Progress and log messages are part of the request that they belong to, and come by the hundred: no spans of their own. */
export const isChatter = (method: string): boolean =>
  method === MCP_METHOD_NAME_VALUE_NOTIFICATIONS_PROGRESS || method === MCP_METHOD_NAME_VALUE_NOTIFICATIONS_MESSAGE

/** Methods that MCP defines, those of later and of experimental revisions included. Others are the application's own. */
export const isProtocolMethod = (method: string): boolean => PROTOCOL_METHOD.test(method)

const PROTOCOL_METHOD =
  /^(?:initialize|ping|server\/discover|tools\/(?:list|call)|resources\/(?:list|read|subscribe|unsubscribe|templates\/list)|prompts\/(?:list|get)|completion\/complete|logging\/setLevel|sampling\/createMessage|elicitation\/create|roots\/list|tasks\/(?:get|result|list|cancel|update)|subscriptions\/listen|notifications\/(?:initialized|cancelled|progress|message|(?:tools|resources|prompts|roots)\/list_changed|resources\/updated|elicitation\/complete|tasks(?:\/status)?|subscriptions\/acknowledged))$/

/** Names come over the wire: characters of a method, a tool or a prompt that are kept. */
const NAME_CHARACTERS_MAX = 256
