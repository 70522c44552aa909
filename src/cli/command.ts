/** The world as a command sees it. */
export interface CommandIo {
  readonly stdout: { write(text: string | Uint8Array): unknown }
  readonly stderr: { write(text: string): unknown }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of the program's entry file: `src/cli.ts` in the checkout, `dist/cli.js` in the package. */
  readonly entry: string
}

export const EXIT_OK = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** Done, as far as is known; somebody has not confirmed it. */
export const EXIT_UNCONFIRMED = 3
export const EXIT_CONFIG = 78

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** An option in the shape of parseArgs, with what the help says of it. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly short?: string
  readonly summary: string
  /** Stands for the value in the help. */
  readonly value?: string
}

export interface CommandModule {
  /** Resolves to the exit code. */
  run(argv: string[], io: CommandIo): Promise<number>
}

export interface Command {
  readonly name: string
  /** Arguments after the name. */
  readonly synopsis: string
  readonly summary: string
  readonly options: Readonly<Record<string, CommandOption>>
  load(): Promise<CommandModule>
}
