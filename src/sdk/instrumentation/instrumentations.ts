import { ai } from './ai.ts'
import { anthropic } from './anthropic.ts'
import { bedrock } from './bedrock.ts'
import { claudeAgentSdk } from './claude-agent-sdk.ts'
import { cohere } from './cohere.ts'
import { googleGenai } from './google-genai.ts'
import { groq } from './groq.ts'
import { huggingface } from './huggingface.ts'
import type { Instrumentation } from './instrumentation.ts'
import { langchain, langchainCore, langgraph } from './langchain.ts'
import { mastra } from './mastra.ts'
import { mcpClient, mcpSdk, mcpServer } from './mcp.ts'
import { mistral } from './mistral.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { openaiAgents, openaiAgentsExtensions } from './openai-agents.ts'
import { openrouter } from './openrouter.ts'
import { together } from './together.ts'

/** Every client library that is observed without a change to the agent. */
export const instrumentations: readonly Instrumentation[] = [
  openai,
  anthropic,
  googleGenai,
  groq,
  together,
  bedrock,
  mistral,
  cohere,
  ollama,
  openrouter,
  huggingface,
  ai,
  mcpSdk,
  mcpClient,
  mcpServer,
  langchainCore,
  langgraph,
  langchain,
  openaiAgents,
  openaiAgentsExtensions,
  mastra,
  claudeAgentSdk,
]
