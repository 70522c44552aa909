/** Why a payload is refused at the door. The message names the place by structure and byte offset, never by content. */
export class OtlpError extends Error {
  override readonly name = 'OtlpError'
  /** `malformed`: not OTLP (HTTP 400). `too_large`: beyond a limit of ours (HTTP 413). Neither is worth a retry. */
  readonly reason: 'malformed' | 'too_large'

  constructor(reason: 'malformed' | 'too_large', message: string) {
    super(message)
    this.reason = reason
  }
}
