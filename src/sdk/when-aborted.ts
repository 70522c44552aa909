/**
 * Tells `listener` when `signal` is aborted, until the function that is returned is called. The signal does not keep the listener alive, and keeps
 * nothing once that was called: an application's own signal can live as long as the process, and serve all of its calls.
 */
export function whenAborted(signal: AbortSignal | undefined, listener: { aborted(): void }): () => void {
  if (signal === undefined) return nothing
  const weak = new WeakRef(listener)
  const heard = (): void => weak.deref()?.aborted()
  signal.addEventListener('abort', heard, { once: true })
  return () => signal.removeEventListener('abort', heard)
}

const nothing = (): void => undefined
