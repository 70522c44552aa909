import { createServer } from 'node:http'
import OpenAI from 'openai'
import { agent, queue, tool } from 'spanwarden'

/*
 * An agent behind HTTP: POST /ask with a question as text, answered by a model with one tool. GET /health: 200 while it takes questions.
 * The key comes from OPENAI_API_KEY, another model server from OPENAI_BASE_URL. The sidecar is found at OTEL_EXPORTER_OTLP_ENDPOINT.
 */
const QUESTION_BYTES_MAX = 64 * 1024
const ROUNDS_MAX = 5

const openai = new OpenAI({ apiKey: process.env['OPENAI_API_KEY'] ?? 'none', maxRetries: 1 })
const model = process.env['OPENAI_MODEL'] ?? 'gpt-5-mini'
let asked = 0
let isStopping = false
queue('questions', () => asked)

const timeIn = tool('time_in', { class: 'read' }, ({ zone }) =>
  new Date().toLocaleString('en-GB', { timeZone: zone ?? 'UTC' }),
)
const tools = [
  {
    type: 'function',
    function: {
      name: 'time_in',
      description: 'The time in a time zone, like Europe/Berlin.',
      parameters: { type: 'object', properties: { zone: { type: 'string' } } },
    },
  },
]

const answer = agent('example', async (question) => {
  const messages = [{ role: 'user', content: question }]
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const completion = await openai.chat.completions.create({ model, messages, tools })
    const message = completion.choices[0]?.message
    if (message?.tool_calls === undefined || message.tool_calls.length === 0) return message?.content ?? ''
    messages.push(message)
    for (const call of message.tool_calls) {
      const content = await use(call.function).catch((error) => `failed: ${error.message}`)
      messages.push({ role: 'tool', tool_call_id: call.id, content })
    }
  }
  throw new Error(`no answer after ${ROUNDS_MAX} rounds`)
})

/** What went wrong is told to the model, which may do it another way. */
async function use(called) {
  if (called.name !== 'time_in') return `there is no tool ${called.name}`
  return timeIn(JSON.parse(called.arguments))
}

async function textOf(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > QUESTION_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function handle(request, response) {
  if (request.url === '/health') return response.writeHead(isStopping ? 503 : 200).end(isStopping ? 'stopping' : 'ok')
  if (request.url !== '/ask' || request.method !== 'POST') return response.writeHead(404).end()
  const question = await textOf(request)
  if (question === undefined) return response.writeHead(413).end()
  asked++
  try {
    const text = await answer(question)
    return response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
  } catch (error) {
    process.stderr.write(`no answer: ${error.message}\n`)
    return response.writeHead(502).end()
  } finally {
    asked--
  }
}

const server = createServer((request, response) => {
  handle(request, response).catch(() => response.destroy())
})
server.listen(Number(process.env['PORT'] ?? 8080))
// What is being answered is answered; then the process ends by itself.
for (const name of ['SIGTERM', 'SIGINT']) {
  process.once(name, () => {
    isStopping = true
    server.close()
    server.closeIdleConnections()
  })
}
