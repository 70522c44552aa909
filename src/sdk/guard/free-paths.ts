/**
 * Whether a request to a provider costs nothing by its path: files, counts of tokens, moderations, identity. What is neither free nor a call whose price can be bounded (batches,
 * fine-tuning, videos) is denied where a budget is set.
 */
export function isFreePath(path: string): boolean {
  const [bare = ''] = path.split('?', 1)
  return FREE.test(bare)
}

const FREE =
  /\/(files|uploads|moderations|conversations|vector_stores|containers|skills|oauth2?|auth)(\/|$)|[/:](count_tokens|count-tokens|countTokens|input_tokens|tokenize|detokenize|cancel|token|issueToken)$/
