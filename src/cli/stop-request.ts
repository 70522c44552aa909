import { closeSync, openSync } from 'node:fs'
import { EXIT_FAILED } from './command.ts'

/** `requested` resolves with the reason of the first request to stop; a second signal ends the process at once. */
export interface StopRequest {
  readonly requested: Promise<string>
  request(reason: string): void
}

/** SIGTERM, SIGINT, the end of the terminal or of the parent stop the sidecar; SIGHUP by itself calls `hangUp`. */
export function stopRequest(hangUp: () => void): StopRequest {
  const { promise: requested, resolve } = Promise.withResolvers<string>()
  let signals = 0
  const stop = (signal: string): void => {
    if (++signals > 1) process.exit(EXIT_FAILED)
    resolve(signal)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal))
  const hadTerminal = hasTerminal()
  process.on('SIGHUP', () => (hadTerminal && !hasTerminal() ? stop('SIGHUP') : hangUp()))
  // The parent that started this sidecar for its agent is gone, however it ended.
  if (process.connected) process.on('disconnect', () => resolve('disconnect'))
  return { requested, request: resolve }
}

/** SIGHUP also comes when the terminal is closed in which the sidecar was started; it is gone then. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
