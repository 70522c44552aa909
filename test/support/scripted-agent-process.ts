import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Behaviour } from './scripted-agent.ts'
import { startScriptedAgent } from './scripted-agent.ts'

export interface AgentProcess extends AsyncDisposable {
  behave(behaviour: Partial<Behaviour>): void
  /** SIGKILL: it says nothing any more. */
  kill(): Promise<void>
}

/** The scripted agent in a process of its own, which can be killed. */
export function startAgentProcess(otlpUrl: string, service: string): AgentProcess {
  const child = fork(fileURLToPath(import.meta.url), [otlpUrl, service], { stdio: 'inherit' })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    behave: (behaviour) => void (child.connected && child.send(behaviour)),
    kill,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await kill()
    },
  }
}

const [, file, otlpUrl, service] = process.argv
if (file === fileURLToPath(import.meta.url) && otlpUrl !== undefined && service !== undefined) {
  const { behaviour } = startScriptedAgent(otlpUrl, service)
  process.on('message', (change) => void Object.assign(behaviour, change))
  process.on('disconnect', () => process.exit())
}
