/** What can be logged of a fault: not its message, which may quote a batch. */
export function faultOf(error: unknown): { error: string; stack?: string } {
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { error: error.name, stack: frames.slice(0, 5).join('\n') }
}
