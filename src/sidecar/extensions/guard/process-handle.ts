import { createHash } from 'node:crypto'

/** Names a process for people and for other programs. Its id is what it is known by on the control socket, and is told to nobody else. */
export const processHandle = (process: string): string =>
  createHash('sha256').update(process).digest('hex').slice(0, HANDLE_CHARS)

const HANDLE_CHARS = 12
