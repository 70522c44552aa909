import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Anthropic from '@anthropic-ai/sdk'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import OpenAI from 'openai'
// In your own agent: import { agent, queue, session, tool } from 'spanwarden'
import { agent, queue, session, tool } from '../../src/index.ts'
import { tickets } from './tickets.ts'
import type { Ticket } from './tickets.ts'

/*
 * A support agent as people write them: two model providers, tools over MCP and in process, several tickets at a time.
 * Nothing in it knows of spans. Model servers are taken from OPENAI_BASE_URL and ANTHROPIC_BASE_URL, as the clients do by themselves.
 */
const openai = new OpenAI({ apiKey: process.env['OPENAI_API_KEY'] ?? 'none', maxRetries: 1 })
const anthropic = new Anthropic({ apiKey: process.env['ANTHROPIC_API_KEY'] ?? 'none', maxRetries: 1 })
const desk = new Client({ name: 'support-agent', version: '1.0.0' })

const ROUNDS_TOOL_CALLS_MAX = 6
const WORKERS = 3

const waiting: Ticket[] = []
queue('tickets', () => waiting.length)

class EscalationError extends Error {
  override readonly name = 'EscalationError'
}

const sendReply = tool('send_reply', { class: 'post' }, async (args: { to: string; text: string }) => {
  await setTimeout(5)
  return { delivered: true, characters: args.text.length }
})

const support = agent('support', async (ticket: Ticket): Promise<string> => {
  await openai.embeddings.create({ model: 'text-embedding-3-small', input: ticket.text })
  const triage = await anthropic.messages.create({
    model: 'claude-sonnet-5',
    max_tokens: 64,
    messages: [{ role: 'user', content: `One word, refund or other:\n${ticket.text}` }],
  })
  const topic = triage.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  const reply = topic === 'refund' ? await solveWithTools(ticket) : await answerDirectly(ticket)
  await sendReply({ to: ticket.from, text: reply })
  return reply
})

async function solveWithTools(ticket: Ticket): Promise<string> {
  const { tools } = await desk.listTools()
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: 'You are the support desk. Use the tools.' },
    { role: 'user', content: ticket.text },
  ]
  let declined = 0
  for (let round = 0; round < ROUNDS_TOOL_CALLS_MAX; round++) {
    const stream = openai.chat.completions.stream({
      model: 'gpt-5-mini',
      messages,
      stream_options: { include_usage: true },
      tools: tools.map((t) => ({
        type: 'function' as const,
        function: { name: t.name, description: t.description ?? '', parameters: t.inputSchema },
      })),
    })
    const message = (await stream.finalChatCompletion()).choices[0]?.message
    if (message === undefined) throw new Error('the model gave no choice')
    messages.push(message)
    if (message.tool_calls === undefined || message.tool_calls.length === 0) return message.content ?? ''
    for (const call of message.tool_calls) {
      if (call.type !== 'function') continue
      const result = await desk.callTool({
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments) as Record<string, unknown>,
      })
      if (result.isError === true && ++declined === 2) throw new EscalationError('the refund was declined twice')
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result.content) })
    }
  }
  throw new EscalationError(`no answer after ${ROUNDS_TOOL_CALLS_MAX} rounds`)
}

async function answerDirectly(ticket: Ticket): Promise<string> {
  const response = await openai.responses.create({ model: 'gpt-5-mini', input: ticket.text })
  const stream = anthropic.messages.stream({
    model: 'claude-sonnet-5',
    max_tokens: 256,
    messages: [{ role: 'user', content: `Make this friendlier: ${response.output_text}` }],
  })
  return (await stream.finalMessage()).content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}

async function work(): Promise<void> {
  for (let ticket = waiting.shift(); ticket !== undefined; ticket = waiting.shift()) {
    const { conversation, from } = ticket
    await session({ conversationId: conversation, userId: from }, () => support(ticket)).catch((error: unknown) => {
      if (!(error instanceof EscalationError)) throw error
    })
  }
}

async function round(number: number): Promise<void> {
  waiting.push(...tickets(number))
  await Promise.all(Array.from({ length: WORKERS }, work))
}

await desk.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: [fileURLToPath(new URL('tool-server.ts', import.meta.url))],
    // The tools are a process of their own. By itself the transport hands on a few variables only: with NODE_OPTIONS and where to send it is observed, too.
    env: Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  }),
)
const stop = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())

for (let number = 1; !stop.signal.aborted; number++) {
  await round(number)
  if (process.argv.includes('--once')) break
  await setTimeout(2_000, undefined, { signal: stop.signal }).catch(() => undefined)
}
await desk.close()
