import { Fields } from './fields.ts'

/** Documents that a retrieval found (gen-ai-retrieval-documents.json): `id` and `score`, and beside them what else is known. */
export const documentsOf = (documents: readonly object[]): Record<string, unknown>[] =>
  documents.map((document) => {
    const fields = new Fields(document)
    return fields.with({ id: fields.takeText('id'), score: fields.take('score') })
  })
