import { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from '../../../conventions.ts'
import { present } from '../present.ts'
import { endpointOfClient } from './exchanges.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { AnswerReader } from '../api-promise.ts'

/** Adds what the answers of a command do not tell: the model, which only the request names, and a server that was not known before. */
export class BedrockReader implements AnswerReader {
  readonly #inner: AnswerReader
  readonly #client: unknown
  readonly #model: string | undefined
  readonly #locate: boolean
  #answered = false

  constructor(inner: AnswerReader, client: unknown, modelId: string | undefined, locate: boolean) {
    this.#inner = inner
    this.#client = client
    this.#model = modelId === undefined ? undefined : modelOf(modelId)
    this.#locate = locate
  }

  whole(output: unknown): ModelResponse {
    this.#answered = true
    return this.#complete(this.#inner.whole(output))
  }

  event(event: unknown): void {
    this.#answered = true
    this.#inner.event(event)
  }

  soFar(): ModelResponse {
    return this.#complete(this.#inner.soFar())
  }

  #complete(response: ModelResponse): ModelResponse {
    const endpoint = this.#locate ? endpointOfClient(this.#client) : undefined
    return {
      ...response,
      model: this.#answered ? (this.#model ?? response.model) : undefined,
      attributes: {
        ...response.attributes,
        ...present({ [ATTR_SERVER_ADDRESS]: endpoint?.address, [ATTR_SERVER_PORT]: endpoint?.port }),
      },
    }
  }
}

/** The model in a model id: an ARN of a model or of AWS's own inference profiles ends in it, other ARNs say nothing of it. */
function modelOf(modelId: string): string | undefined {
  if (!modelId.startsWith('arn:')) return modelId
  return /:(?:foundation-model|inference-profile)\/(.+)$/.exec(modelId)?.[1]
}
