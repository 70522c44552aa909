import { PRELUDE } from './bank-scripts.ts'

/**
 * Admits a call within all limits, or takes from none. ARGV 6: JSON {keep, refs: RateAsked[]}. KEYS 4: the call, then one for each limit. Returns {'OK'} (again, too), {'FULL', which (from 1), ms until
 * it is free, or -1}, {'CLOSED', which}, or why nothing can be changed.
 */
export const ADMIT = `${PRELUDE}
local refused = refusal()
if refused then return {refused} end
if redis.call('EXISTS', KEYS[4]) == 1 then return {'OK'} end
local told = cjson.decode(ARGV[6])
local after, free = {}, 0
for i, limit in ipairs(told.refs) do
  local key = KEYS[4 + i]
  local starts = limit.kind == 'day' and limit.starts or now - limit.window
  if is_closed(starts) or (starts < number(BANK, 'opened') and starts < number(BANK, 'left_at')) then return {'CLOSED', i} end
  local wait
  if limit.kind == 'log' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', int(now - limit.window))
    if redis.call('ZCARD', key) >= limit.limit then
      local nth = redis.call('ZREVRANGE', key, limit.limit - 1, limit.limit - 1, 'WITHSCORES')
      wait = tonumber(nth[2]) + limit.window - now
    end
  elseif limit.kind == 'day' then
    if now >= limit.ends or now < limit.starts then return {'WINDOW', int(now)} end
    if number(key, 'sum') >= limit.limit then wait = limit.ends - now end
  else
    local next = math.max(tonumber(redis.call('GET', key) or 0), now * 1000) + limit.interval
    local ahead = next - now * 1000 - limit.burst * limit.interval
    if ahead > 0 then wait = math.ceil(ahead / 1000) else after[i] = next end
  end
  if wait then return {'FULL', i, int(wait)} end
end
local taken = {}
for i, limit in ipairs(told.refs) do
  local key = KEYS[4 + i]
  if limit.kind == 'log' then
    redis.call('ZADD', key, int(now), told.id)
    redis.call('PEXPIRE', key, int(limit.window))
  elseif limit.kind == 'day' then
    redis.call('HINCRBY', key, 'sum', 1)
    redis.call('HINCRBY', key, 'n:' .. node, 1)
    redis.call('PEXPIREAT', key, int(limit.ends + 3600000))
  else
    redis.call('SET', key, int(after[i]), 'PX', int(math.ceil(after[i] / 1000 - now) + 1000))
    taken[i] = int(after[i])
  end
  taken[i] = taken[i] or ''
end
redis.call('SET', KEYS[4], cjson.encode(taken), 'PX', int(told.keep))
return {'OK'}
`

/**
 * The call was not made: what it took is free again. ARGV 6: as it was admitted. KEYS as there. Returns {'OK'} once, {'GONE'} behind it.
 */
export const GIVE_BACK = `${PRELUDE}
local text, told = redis.call('GET', KEYS[4]), cjson.decode(ARGV[6])
-- It was never asked for here, but may have been told of by its sidecar.
if not text then
  for i, limit in ipairs(told.refs) do if limit.kind == 'log' then redis.call('ZREM', KEYS[4 + i], told.id) end end
end
if not text or string.sub(text, 1, 1) ~= '[' then return {'GONE'} end
local taken = cjson.decode(text)
for i, limit in ipairs(told.refs) do
  local key = KEYS[4 + i]
  if limit.kind == 'log' then redis.call('ZREM', key, told.id)
  elseif limit.kind == 'day' then
    if number(key, 'n:' .. node) > 0 then
      redis.call('HINCRBY', key, 'sum', -1)
      redis.call('HINCRBY', key, 'n:' .. node, -1)
    end
  -- The row of places can be put back only as it was: what came behind was let in because of it.
  elseif redis.call('GET', key) == taken[i] then
    redis.call('SET', key, int(tonumber(taken[i]) - limit.interval), 'KEEPTTL')
  end
end
redis.call('SET', KEYS[4], 'given back', 'KEEPTTL')
return {'OK'}
`
