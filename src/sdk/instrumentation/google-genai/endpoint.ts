import {
  GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
} from '../../../conventions.ts'
import { endpointOf } from '../endpoint.ts'
import { fieldsOf, nameOf } from '../fields.ts'

/** Where a client sends its calls, and whose they are: the Gemini API or Vertex AI. `httpOptions` are those of one call. */
export function googleEndpoint(
  apiClient: unknown,
  httpOptions?: unknown,
): { readonly provider: string; readonly serverAddress: string | undefined; readonly serverPort: number | undefined } {
  const options = fieldsOf(fieldsOf(apiClient)['clientOptions'])
  const url = nameOf(fieldsOf(httpOptions)['baseUrl']) ?? fieldsOf(options['httpOptions'])['baseUrl']
  const { address, port } = endpointOf(url)
  return {
    provider:
      options['vertexai'] === true ? GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI : GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI,
    serverAddress: address,
    serverPort: port,
  }
}
