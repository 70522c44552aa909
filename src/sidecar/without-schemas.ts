/**
 * Option `schemaController` of fastify for routes without JSON schemas: without it fastify loads Ajv and a compiler of serializers at each start. A route with
 * a schema fails when it is added.
 */
export const withoutSchemas = { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } }

function noCompiler(): never {
  throw new Error('routes of the sidecar have no schemas: check requests with zod, in the handler')
}
