/**
 * Stops, drains or resumes in the whole fleet. It needs no epoch: a stop has to get through whatever the bank's state. KEYS: bank, kill, news. ARGV: scope, value, state, reason,
 * person, entries at most. What is stopped already keeps its first reason; where there are too many entries, the fleet stops. Returns the version.
 */
export const SET_KILL = `
local BANK, KILL = KEYS[1], KEYS[2]
local scope, value, state, reason, person, entries_max = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local clock = redis.call('TIME')
local at = clock[1] * 1000 + math.floor(clock[2] / 1000)
local rank = { running = 0, draining = 1, stopped = 2 }
local field = cjson.encode({ scope, value })
local text = redis.call('HGET', KILL, field)
local known = text and cjson.decode(text)
local version = tonumber(redis.call('HGET', BANK, 'kill') or 0)
local known_rank = known and rank[known.state] or 0
if (state ~= 'running' and known_rank >= rank[state]) or (state == 'running' and known_rank == 0) then return version end
if not known and redis.call('HLEN', KILL) >= entries_max then
  local all = redis.call('HGETALL', KILL)
  for i = 1, #all, 2 do
    local entry = cjson.decode(all[i + 1])
    if (entry.state == 'running' or entry.scope == 'run') and entry.at < at - 3024000000 then redis.call('HDEL', KILL, all[i]) end
  end
  if redis.call('HLEN', KILL) >= entries_max and scope ~= 'fleet' then
    scope, value, state, reason = 'fleet', 'fleet', 'stopped', 'more than ' .. entries_max .. ' things are stopped'
    field = cjson.encode({ scope, value })
  end
end
version = redis.call('HINCRBY', BANK, 'kill', 1)
redis.call('HSET', KILL, field, cjson.encode({ scope = scope, value = value, state = state, reason = reason, person = person, at = at, change = version }))
redis.call('PUBLISH', KEYS[3], 'kill')
return version
`
