import { expect, test } from 'vitest'
import { controlRoutes } from './control-routes.ts'
import type { AgentState } from './health-watch.ts'

const agentOf = (agent: string, state: AgentState['state']): AgentState => ({
  agent,
  state,
  heartbeat_at: null,
  heartbeat_age_s: null,
  recent_runs: 0,
  success_share: null,
  latency_p99_s: null,
  finished: 0,
  failed: 0,
  spent_usd: 0,
})

function routesWith(agents: AgentState[]): ReturnType<typeof controlRoutes> {
  return controlRoutes({
    host: '127.0.0.1',
    allowedHosts: [],
    health: () => {
      throw new Error('not asked')
    },
    agents: () => agents,
    forgetAgent(name) {
      const index = agents.findIndex(({ agent }) => agent === name)
      return index >= 0 && agents.splice(index, 1).length === 1
    },
    recentLog: () => [],
    reload: () => Promise.reject(new Error('not asked')),
  })
}

const some = [agentOf('shop/support', 'running'), agentOf('batch', 'silent'), agentOf('nightly', 'ended')]

test.each([
  ['?name=shop/support', 200, 'running'],
  ['?name=batch', 503, 'silent'],
  ['?name=nightly', 200, 'ended'],
  // Its container has just started: a probe must not kill it.
  ['?name=not-yet-heard', 200, 'unknown'],
  ['', 200, 'running'],
  ['?name=', 400, undefined],
  ['?name=a&name=b', 400, undefined],
])('GET /livez/agent%s', async (query, code, status) => {
  const answer = await routesWith([...some]).inject(`/livez/agent${query}`)
  expect([answer.statusCode, answer.json().status]).toEqual([code, status])
})

test.each<[string, AgentState['state'][], number]>([
  ['nobody was seen', [], 200],
  ['one of two is silent', ['silent', 'running'], 200],
  ['all are silent', ['silent', 'silent'], 503],
  ['one is silent, the other has ended', ['ended', 'silent'], 503],
  ['all have ended', ['ended'], 200],
])('GET /livez/agent for whoever does not name one: %s', async (_, states, code) => {
  const answer = await routesWith(states.map((state, i) => agentOf(`agent-${i}`, state))).inject('/livez/agent')
  expect(answer.statusCode).toBe(code)
})

test('an agent is forgotten once, from this host only', async () => {
  const routes = routesWith([...some])
  const forget = async (payload: object, remoteAddress = '127.0.0.1'): Promise<number> =>
    (await routes.inject({ method: 'POST', url: '/api/agents/forget', payload, remoteAddress })).statusCode
  expect(await forget({ agent: 'batch' }, '10.0.0.5')).toBe(403)
  expect([await forget({}), await forget({ agent: 'batch', more: 1 })]).toEqual([400, 400])
  expect([await forget({ agent: 'batch' }), await forget({ agent: 'batch' })]).toEqual([200, 404])
  expect((await routes.inject('/livez/agent?name=batch')).json()).toEqual({ status: 'unknown' })
})
