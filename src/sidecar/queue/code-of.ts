/** What the system calls an error: `ENOSPC` and the like. Messages of errors may say too much for a log. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error'
