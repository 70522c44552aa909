// Plays a model for peers.ts: a chat completion, or a stream of 23 chunks, with the number of the call in its id.
import { createServer } from 'node:http'

const text = 'Your parcel is on its way. '.repeat(8)
const usage = {
  prompt_tokens: 120,
  completion_tokens: 60,
  total_tokens: 180,
  prompt_tokens_details: { cached_tokens: 40 },
  completion_tokens_details: { reasoning_tokens: 25 },
}
const head = { created: 1_795_000_000, model: 'gpt-4o-2024-08-06' }

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const id = `chatcmpl-${/parcel-(\d+)-/.exec(body.messages[0].content)?.[1]}-`
    if (body.stream === true) return response.setHeader('content-type', 'text/event-stream').end(streamOf(id))
    const message = { role: 'assistant', content: text }
    const answer = {
      id,
      object: 'chat.completion',
      ...head,
      choices: [{ index: 0, finish_reason: 'stop', message }],
      usage,
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

function streamOf(id) {
  const chunk = (delta, reason = null) => ({ choices: [{ index: 0, delta, finish_reason: reason }] })
  const parts = Array.from({ length: 20 }, (_, at) => chunk({ content: `word${at} ` }))
  const all = [chunk({ role: 'assistant', content: '' }), ...parts, chunk({}, 'stop'), { choices: [], usage }]
  const lines = all.map(
    (each) => `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', ...head, ...each })}\n\n`,
  )
  return `${lines.join('')}data: [DONE]\n\n`
}
