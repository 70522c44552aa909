import { expect, it } from 'vitest'
import { endpointOf } from './endpoint.ts'

it.each([
  ['https://api.openai.com/v1', 'openai', 'api.openai.com', 443],
  ['https://eu.api.openai.com/v1', 'openai', 'eu.api.openai.com', 443],
  ['https://mine.openai.azure.com/openai', 'azure.ai.openai', 'mine.openai.azure.com', 443],
  ['https://api.x.ai/v1', 'x_ai', 'api.x.ai', 443],
  ['https://api.together.xyz/v1', 'together', 'api.together.xyz', 443],
  ['http://127.0.0.1:11434/v1', undefined, '127.0.0.1', 11434],
  ['http://model/v1', undefined, 'model', 80],
  ['https://notapi.openai.com.example/v1', undefined, 'notapi.openai.com.example', 443],
  ['no url', undefined, undefined, undefined],
  [undefined, undefined, undefined, undefined],
])('reads a base URL: %s', (url, provider, address, port) => {
  expect(endpointOf(url)).toEqual({ provider, address, port })
})
