import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { CONTROL_PROTOCOL } from '../../src/control/guard-messages.ts'
import type { Answer, FromAgent, FromSidecar, GuardMode, GuardRules } from '../../src/control/guard-messages.ts'
import { readFromAgent } from '../../src/control/from-agent.ts'
import { LineReader, lineOf } from '../../src/control/line-framing.ts'

type Said<Type extends FromAgent['type']> = Extract<FromAgent, { type: Type }>

/** What the next welcome says; all of it can be changed. */
export interface FakeSidecarState {
  mode: GuardMode
  leaseMs: number
  rules: GuardRules
  /** Answer to holds and admits; undefined: none is given. */
  answer: (message: Said<'hold'> | Said<'admit'>) => Partial<Answer> | undefined
}

export interface FakeSidecar extends AsyncDisposable {
  readonly state: FakeSidecarState
  /** All that agents have said, oldest first. */
  readonly said: FromAgent[]
  saidOf<Type extends FromAgent['type']>(type: Type): Said<Type>[]
  say(message: FromSidecar): void
  /** Tells the present state again. */
  welcome(): void
  /** Ends as a process that is killed. */
  kill(): Promise<void>
  start(): Promise<void>
}

export const FAKE_RULES: GuardRules = {
  hasBudgets: true,
  sliceMin: 0,
  budgetScopes: [],
  tools: {},
  askTools: [],
  askClasses: [],
  unknownModel: 'deny',
  outputTokensDefault: 500,
  loops: false,
  auditClasses: [],
}

/** The sidecar's end of the control protocol, whose answers a test gives. Grants everything unless told otherwise. */
export async function startFakeSidecar(path: string): Promise<FakeSidecar> {
  const sockets = new Set<Socket>()
  const said: FromAgent[] = []
  let server: Server | undefined
  const state: FakeSidecarState = { mode: 'enforce', leaseMs: 15_000, rules: FAKE_RULES, answer: () => ({}) }

  const say = (message: FromSidecar): void => {
    for (const socket of sockets) socket.write(lineOf(message))
  }
  const welcome = (): void => {
    const { mode, leaseMs, rules } = state
    say({ type: 'welcome', protocol: CONTROL_PROTOCOL, mode, leaseMs, epoch: 'e1', rules, stops: [] })
  }
  const take = (message: FromAgent): void => {
    said.push(message)
    if (message.type === 'hello') return welcome()
    if (message.type === 'renew') return say({ type: 'lease' })
    if (message.type !== 'hold' && message.type !== 'admit') return
    const answer = state.answer(message)
    if (answer !== undefined) say({ type: 'answer', id: message.id, isGranted: answer.code === undefined, ...answer })
  }
  const start = async (): Promise<void> => {
    server = createServer((socket) => {
      sockets.add(socket)
      const reader = new LineReader()
      socket.on('data', (chunk) => {
        for (const message of reader.messages(Buffer.from(chunk))) take(readFromAgent(message))
      })
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    })
    server.listen(path)
    await once(server, 'listening')
  }
  const kill = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server?.listening !== true) return
    server.close()
    await once(server, 'close')
  }
  await start()
  return {
    state,
    said,
    saidOf: <Type extends FromAgent['type']>(type: Type) =>
      said.filter((message): message is Said<Type> => message.type === type),
    say,
    welcome,
    kill,
    start,
    [Symbol.asyncDispose]: kill,
  }
}
