import { SpanKind } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_DATA_SOURCE_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_RETRIEVAL_DOCUMENTS,
  ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT,
  ATTR_GEN_AI_RETRIEVAL_TOP_K,
  GEN_AI_OPERATION_NAME_VALUE_RETRIEVAL,
} from '../../../conventions.ts'
import { inheritedAttributes, spanParent, withAmbient, withSpan } from '../../context.ts'
import { contentJson } from '../../content.ts'
import { failSpan, guarded } from '../../fail-span.ts'
import { observe } from '../../observe.ts'
import { countOf, fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { gate } from './gate.ts'
import type { Context, Span } from '@opentelemetry/api'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/** Observes every retriever. Before 1.0, `invoke` leads to `getRelevantDocuments`, which is also called as such. */
export function observeRetrievers(base: object, sdk: SdkContext): void {
  const method = Object.hasOwn(base, 'getRelevantDocuments') ? 'getRelevantDocuments' : 'invoke'
  gate(base, method, (self, args, proceed) => {
    const outer = spanParent()
    const span = begin(self, args[0], outer, sdk)
    if (span === undefined) return proceed()
    const end = (settle: () => void): void => {
      guarded(sdk, 'langchain: ending a retrieval span', settle)
      span.end()
    }
    return observe(proceed, withSpan(withAmbient(outer, { modelCall: undefined }), span), {
      returned: (documents) =>
        end(() => {
          if (sdk.captureContent) span.setAttribute(ATTR_GEN_AI_RETRIEVAL_DOCUMENTS, documentsJson(documents))
        }),
      failed: (error) => end(() => failSpan(span, error, sdk.captureContent)),
    })
  })
}

/** A fault of ours here means an unobserved call, never a failed one. */
function begin(self: unknown, query: unknown, outer: Context, sdk: SdkContext): Span | undefined {
  try {
    const retriever = fieldsOf(self)
    const source = dataSource(fieldsOf(retriever['vectorStore']))
    const attributes = {
      ...inheritedAttributes(outer),
      ...present({
        [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_RETRIEVAL,
        [ATTR_GEN_AI_DATA_SOURCE_ID]: source,
        [ATTR_GEN_AI_RETRIEVAL_TOP_K]: countOf(retriever['k'] ?? retriever['topK']),
        [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: sdk.captureContent ? textOf(query) : undefined,
      }),
    }
    const name = source === undefined ? 'retrieval' : `retrieval ${source}`
    return sdk.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, outer)
  } catch (error) {
    sdk.fault('langchain: begin retrieval', error)
    return undefined
  }
}

/** What the stores of LangChain's packages call the collection that they search. */
const dataSource = (store: Fields): string | undefined =>
  nameOf(store['collectionName']) ?? nameOf(store['indexName']) ?? nameOf(store['tableName'])

const documentsJson = (documents: unknown): string =>
  contentJson(
    listOf(documents)
      .map(fieldsOf)
      .map(({ id, pageContent, metadata }) => ({ id, content: pageContent, metadata })),
  )
