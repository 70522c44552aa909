/** What went wrong on a connection in one word, like `ECONNREFUSED`, for a log line: messages of errors may say too much. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  // A stream of HTTP/2 is cancelled because its connection has failed.
  if (error.cause instanceof Error) return errorCode(error.cause)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
