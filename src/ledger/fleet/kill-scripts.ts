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

/**
 * Who has seen stops, and what their processes have said. KEYS: bank, nodes, kill, said. ARGV 1: how long ago sidecars may have been heard (ms), then scope and value of each stop. Returns {epoch, {change of each
 * stop, or 0}, {id, name, ms since it was heard, what it says}…} of the sidecars that have not left.
 */
export const HEAR_STOPS = `
local BANK, NODES, KILL, SAID = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local changes = {}
for i = 2, #ARGV, 2 do
  local text = redis.call('HGET', KILL, cjson.encode({ ARGV[i], ARGV[i + 1] }))
  local known = text and cjson.decode(text)
  changes[i / 2] = known and known.state ~= 'running' and string.format('%.0f', known.change) or '0'
end
local sidecars = {}
local all = redis.call('HGETALL', NODES)
for i = 1, #all, 2 do
  local record = cjson.decode(all[i + 1])
  local ago = now - record.s
  if not record.l and ago < tonumber(ARGV[1]) then
    sidecars[#sidecars + 1] = { all[i], record.n or '', string.format('%.0f', ago), redis.call('HGET', SAID, all[i]) or '' }
  end
end
return { redis.call('HGET', BANK, 'epoch') or '', changes, sidecars }
`

/** A sidecar says how far stops have come. KEYS: nodes, said. ARGV: node, what it says. Forgets sidecars that are gone. */
export const SAY_STOPS = `
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if redis.call('HLEN', KEYS[2]) > redis.call('HLEN', KEYS[1]) then
  local all = redis.call('HKEYS', KEYS[2])
  for i = 1, #all do if redis.call('HEXISTS', KEYS[1], all[i]) == 0 then redis.call('HDEL', KEYS[2], all[i]) end end
end
return 'OK'
`
