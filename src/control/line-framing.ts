import { MESSAGE_BYTES_MAX } from './guard-messages.ts'
import { ProtocolError } from './message-fields.ts'

/** One message as a line. Throws ProtocolError when it is too long for one. */
export function lineOf(message: object): string {
  const line = `${JSON.stringify(message)}\n`
  if (Buffer.byteLength(line) > MESSAGE_BYTES_MAX) throw new ProtocolError(TOO_LONG)
  return line
}

/** Puts the lines of one connection together. Keeps less than one message. */
export class LineReader {
  #parts: Buffer[] = []
  #bytes = 0

  #add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes >= MESSAGE_BYTES_MAX) throw new ProtocolError(TOO_LONG)
    this.#parts.push(part)
  }

  /** The messages that are whole with this chunk. Throws ProtocolError at one that is too long or no JSON: the connection is of no use after that. */
  *messages(chunk: Buffer): Generator<unknown> {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, end))
      from = end + 1
      const line = this.#take()
      if (line !== '') yield parsed(line)
    }
    if (from < chunk.length) this.#add(chunk.subarray(from))
  }

  #take(): string {
    const [first] = this.#parts
    const line = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    return line.toString('utf8').trim()
  }
}

const NEWLINE = 0x0a
const TOO_LONG = `a message is longer than ${MESSAGE_BYTES_MAX} bytes`

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Not the cause: it quotes the text.
    throw new ProtocolError('a line is no JSON')
  }
}
