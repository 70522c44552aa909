/** What a sidecar tells the process that started it, over the IPC channel, when it can be sent to. */
export interface ReadyMessage {
  /** Protocol to URL. */
  readonly listening: Readonly<Record<string, string>>
  /** Where another sidecar answers that was there before; the one that says so ends. */
  readonly found?: string
  /** How long its stop may take. */
  readonly shutdownTimeoutMs: number
  /** The state folder whose spool it reads; none for a sidecar that reads none, or that was there before. */
  readonly spoolOf?: string
}

export const isReadyMessage = (value: unknown): value is ReadyMessage =>
  typeof value === 'object' && value !== null && 'listening' in value && 'shutdownTimeoutMs' in value

/** Resolves when the message is on its way; at once without a channel. */
export function sendReady(message: ReadyMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve()
    else process.send(message, undefined, {}, () => resolve())
  })
}
