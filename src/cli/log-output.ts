import { closeSync, openSync, writeSync } from 'node:fs'
import type { CommandIo } from './command.ts'

/** Writes to all of `service.telemetry.logs.output_paths`. Throws with the path when a file can't be opened. */
export function logOutput(paths: readonly string[], { stdout, stderr }: CommandIo): { write(line: string): void } {
  const outputs = paths.map((path): { write(line: string): unknown } => {
    if (path === 'stdout') return stdout
    if (path === 'stderr') return stderr
    return { write: (line) => appendTo(path, line) }
  })
  for (const path of paths) if (path !== 'stdout' && path !== 'stderr') closeSync(openSync(path, 'a', 0o600))
  return {
    write(line) {
      for (const output of outputs) output.write(line)
    },
  }
}

/** Opened for each line: lines are few, and whoever rotates the file need not tell us. */
function appendTo(path: string, line: string): void {
  try {
    const file = openSync(path, 'a', 0o600)
    try {
      writeSync(file, line)
    } finally {
      closeSync(file)
    }
  } catch {
    // A log that can't be written must not end the sidecar; the newest warnings are on the page.
  }
}
