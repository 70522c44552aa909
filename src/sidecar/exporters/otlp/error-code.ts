/** What went wrong on a connection in one word, like `ECONNREFUSED`, for a log line: messages of errors may say too much. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
