/*
 * The bank of a fleet, in Redis or Valkey: Lua scripts, each of which runs whole or not at all. Every time is that of the server, in Unix ms; amounts are whole
 * nano-USD below 2^53, which a number of Lua holds exactly.
 *
 * bank: epoch, run_id, replicas (the most that the epoch has seen), ops, opened, open_at, left_at, kill, nodes_version. nodes: a JSON record for each sidecar. awaited: sidecars that have to say what they have drawn
 * before the bank opens. An account: drawn, spent, lost (drawn by nodes that nobody knows any more), and of
 * each node n: drawn, q: number of its last change, s: spent.
 */

/** ARGV 1 to 5 of every script: node, generation, token, epoch, ops. KEYS 1 to 3: bank, nodes, awaited. */
export const PRELUDE = `
local BANK, NODES, AWAITED = KEYS[1], KEYS[2], KEYS[3]
local node, generation, token, epoch, ops_seen = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function int(n) return string.format('%.0f', n + 0) end
local function number(key, field) return tonumber(redis.call('HGET', key, field) or 0) or 0 end
local function run_id()
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return '' end
  return string.match(info, 'run_id:(%w+)') or ''
end
local function replicas()
  local info = redis.pcall('INFO', 'replication')
  if type(info) ~= 'string' then return 0 end
  return tonumber(string.match(info, 'connected_slaves:(%d+)') or 0)
end
local function of_node(id)
  local text = redis.call('HGET', NODES, id)
  return text and cjson.decode(text)
end
local function put_node(id, record) redis.call('HSET', NODES, id, cjson.encode(record)) end
local function is_other(record)
  return record and (record.g > generation or (record.g == generation and record.t ~= token))
end
local function count() return redis.call('HINCRBY', BANK, 'ops', 1) end
-- Why nothing may be changed; nil when all is well.
local function refusal()
  local b = redis.call('HMGET', BANK, 'epoch', 'run_id', 'ops')
  if not b[1] or b[1] ~= epoch or b[2] ~= run_id() or tonumber(b[3]) < ops_seen then return 'LOST' end
  local record = of_node(node)
  if is_other(record) then return 'TAKEN' end
  if not record or record.e ~= epoch or record.g ~= generation then return 'LOST' end
  return nil
end
-- What began before the bank opened may have been drawn from a bank that is lost.
local function is_closed(starts)
  if starts >= number(BANK, 'opened') then return false end
  return now < number(BANK, 'open_at') or redis.call('HLEN', AWAITED) > 0
end
`

/**
 * A sidecar is there. ARGV from 6: id of an epoch that may be needed, how long a bank waits behind a loss (ms), last version of stops, of nodes, how long
 * an empty bank waits (ms), and for each account what was spent. KEYS from 4: kill, accounts. Returns {'OK', epoch, now, ops, open_at, awaited, nodes or '', stops, {drawn, spent, wanted}…, replicas}, {'REGISTER', epoch, now, ops, opened} or {'TAKEN'}.
 */
export const RENEW = `${PRELUDE}
local KILL = KEYS[4]
local b = redis.call('HMGET', BANK, 'epoch', 'run_id', 'ops')
local run = run_id()
local why
if not b[1] then why = 'new'
elseif b[2] ~= run then why = 'restarted'
elseif b[1] == epoch and tonumber(b[3]) < ops_seen then why = 'older' end
if why then
  local latest = 0
  local all = redis.call('HGETALL', NODES)
  for i = 2, #all, 2 do latest = math.max(latest, cjson.decode(all[i]).s) end
  for i = 1, #all, 2 do
    local record = cjson.decode(all[i + 1])
    if not record.l and record.s >= latest - 600000 then redis.call('HSET', AWAITED, all[i], int(now)) end
  end
  local waiting = redis.call('HGETALL', AWAITED)
  for i = 1, #waiting, 2 do
    if tonumber(waiting[i + 1]) < now - 172800000 then redis.call('HDEL', AWAITED, waiting[i]) end
  end
  b[1] = ARGV[6]
  redis.call('HSET', BANK, 'epoch', b[1], 'run_id', run, 'replicas', 0, 'opened', int(now), 'open_at', int(now + tonumber(why == 'new' and ARGV[10] or ARGV[7])), 'why', why)
  if b[3] and tonumber(b[3]) < ops_seen and why == 'older' then redis.call('HSET', BANK, 'ops', int(ops_seen)) end
end
local record = of_node(node)
if is_other(record) then return {'TAKEN'} end
if not record or record.e ~= b[1] then return {'REGISTER', b[1], int(now), int(count()), int(number(BANK, 'opened'))} end
record.g, record.t, record.s, record.k = generation, token, now, tonumber(ARGV[8])
if record.l then
  record.l = nil
  redis.call('HINCRBY', BANK, 'nodes_version', 1)
end
put_node(node, record)
-- A server whose replicas have gone may have been left behind by a failover: they stay needed.
local most = math.max(number(BANK, 'replicas'), replicas())
redis.call('HSET', BANK, 'replicas', most)
local nodes = ''
local version = number(BANK, 'nodes_version')
if version ~= tonumber(ARGV[9]) then
  local ids, left = {}, number(BANK, 'left_at')
  local all = redis.call('HGETALL', NODES)
  for i = 1, #all, 2 do
    local other = cjson.decode(all[i + 1])
    if other.l then left = math.max(left, other.s) else ids[#ids + 1] = all[i] end
  end
  nodes = cjson.encode({ version = version, ids = ids, left = left })
end
local stops = {}
if number(BANK, 'kill') ~= tonumber(ARGV[8]) then
  local all = redis.call('HVALS', KILL)
  for i = 1, #all do if cjson.decode(all[i]).change > tonumber(ARGV[8]) then stops[#stops + 1] = all[i] end end
end
local accounts = {}
for i = 5, #KEYS do
  local key, spent = KEYS[i], tonumber(ARGV[i + 6])
  if redis.call('EXISTS', key) == 1 then
    redis.call('HINCRBY', key, 'spent', int(spent - number(key, 's:' .. node)))
    redis.call('HSET', key, 's:' .. node, int(spent))
  end
  accounts[#accounts + 1] = { int(number(key, 'drawn')), int(number(key, 'spent')), int(number(key, 'wanted')) }
end
return {'OK', b[1], int(now), int(count()), int(number(BANK, 'open_at')), redis.call('HLEN', AWAITED), nodes, stops, accounts, most}
`

/**
 * A sidecar that the epoch does not know says what it has drawn, and who else was there. ARGV 6: JSON, the type `Registration`. KEYS from 4: accounts, then
 * rates. Its own books count: what the bank still knows of it may be older. Returns {'OK', ops} or {'LOST'}, {'TAKEN'}, {'FULL'}.
 */
export const REGISTER = `${PRELUDE}
local b = redis.call('HMGET', BANK, 'epoch', 'run_id')
if b[1] ~= epoch or b[2] ~= run_id() then return {'LOST'} end
local record = of_node(node)
if is_other(record) then return {'TAKEN'} end
local told = cjson.decode(ARGV[6])
if not record and redis.call('HLEN', NODES) >= told.nodes_max then
  local all = redis.call('HGETALL', NODES)
  for i = 1, #all, 2 do
    local other = cjson.decode(all[i + 1])
    if other.s < now - 172800000 then redis.call('HDEL', NODES, all[i]) end
  end
  if redis.call('HLEN', NODES) >= told.nodes_max then return {'FULL'} end
end
for i, account in ipairs(told.accounts) do
  local key = KEYS[3 + i]
  local more = account.drawn - number(key, 'n:' .. node)
  -- Of what all had drawn when it looked last, this is no longer lost.
  local lost = number(key, 'lost')
  local still = math.max(0, lost + math.max(0, account.total - number(key, 'drawn')) - more)
  redis.call('HINCRBY', key, 'drawn', int(more + still - lost))
  redis.call('HSET', key, 'lost', int(still))
  redis.call('HINCRBY', key, 'spent', int(account.spent - number(key, 's:' .. node)))
  redis.call('HSET', key, 'n:' .. node, int(account.drawn), 's:' .. node, int(account.spent), 'q:' .. node, int(account.seq))
  redis.call('PEXPIREAT', key, int((account.ends > 0 and account.ends or now + 3024000000) + 86400000))
end
for i, rate in ipairs(told.rates) do
  local key = KEYS[3 + #told.accounts + i]
  if rate.kind == 'log' then
    for _, call in ipairs(rate.calls) do redis.call('ZADD', key, 'NX', int(math.min(now, now - call[2])), call[1]) end
    redis.call('PEXPIRE', key, int(rate.window))
  elseif rate.kind == 'day' then
    redis.call('HINCRBY', key, 'sum', int(math.max(rate.count, number(key, 'n:' .. node)) - number(key, 'n:' .. node)))
    redis.call('HSET', key, 'n:' .. node, int(math.max(rate.count, number(key, 'n:' .. node))))
    redis.call('PEXPIREAT', key, int(rate.ends + 3600000))
  else
    local tat = math.max(tonumber(redis.call('GET', key) or 0), now * 1000) + rate.ahead
    redis.call('SET', key, int(tat), 'PX', int(math.ceil(tat / 1000 - now) + 1000))
  end
end
for _, id in ipairs(told.nodes) do
  local other = of_node(id)
  if id ~= node and not (other and (other.e == epoch or other.l)) then redis.call('HSETNX', AWAITED, id, int(now)) end
end
-- Calls of those that have left are known to nobody when everything is lost.
if told.left > 0 and redis.call('HGET', BANK, 'why') == 'new' then
  redis.call('HSET', BANK, 'left_at', int(math.max(number(BANK, 'left_at'), told.left)))
end
redis.call('HDEL', AWAITED, node)
-- Who knew the bank that is lost knew who else was there.
local sure = number(BANK, 'opened') + told.opening
if told.knew and number(BANK, 'open_at') > sure then redis.call('HSET', BANK, 'open_at', int(sure)) end
put_node(node, { g = generation, t = token, e = epoch, s = now, n = told.name, k = 0 })
redis.call('HINCRBY', BANK, 'nodes_version', 1)
return {'OK', int(count())}
`

/**
 * Draws. ARGV from 6: number of this change, cap, start and end of the window (0: none), what is needed at least, what is wanted, nodes that draw. KEYS 4: account, 5: news.
 * Returns {code, ops, now, drawn by the node, by all, spent by all, number}. SHORT: nothing was granted. SEEN: a later change was made before.
 */
export const DRAW = `${PRELUDE}
local refused = refusal()
if refused then return {refused} end
local key, seq, cap, starts, ends = KEYS[4], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local asked, wanted, share = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
if (ends > 0 and now >= ends) or now < starts then return {'WINDOW', int(count()), int(now), '0', '0', '0', '0'} end
local mine, known = number(key, 'n:' .. node), number(key, 'q:' .. node)
local function answer(code)
  return {code, int(count()), int(now), int(mine), int(number(key, 'drawn')), int(number(key, 'spent')), int(math.max(seq, known))}
end
if seq <= known then return answer('SEEN') end
redis.call('HSET', key, 'q:' .. node, int(seq))
redis.call('PEXPIREAT', key, int((ends > 0 and ends or now + 3024000000) + 86400000))
if is_closed(starts) then return answer('CLOSED') end
local left = cap - number(key, 'drawn')
if asked > left then
  redis.call('HSET', key, 'wanted', int(now))
  redis.call('PUBLISH', KEYS[5], 'want ' .. ARGV[13])
  return answer('SHORT')
end
local grant = math.max(asked, math.min(wanted, math.floor(left / (4 * share))))
if grant <= 0 then return answer('OK') end
mine = mine + grant
redis.call('HINCRBY', key, 'n:' .. node, int(grant))
redis.call('HINCRBY', key, 'drawn', int(grant))
return answer('OK')
`

/**
 * Gives back what is not needed; what was spent beyond what was drawn (an amount below 0) is booked, whatever the cap. ARGV from 6: number of this change, amount,
 * spent by the node, name of the account. KEYS 4: account, 5: news. Returns what DRAW does.
 */
export const GIVE = `${PRELUDE}
local refused = refusal()
if refused then return {refused} end
local key, seq, amount, spent = KEYS[4], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local mine, known = number(key, 'n:' .. node), number(key, 'q:' .. node)
local code = 'SEEN'
if seq > known and redis.call('EXISTS', key) == 1 then
  code = 'OK'
  known = seq
  if amount > mine then amount = 0 end
  local more = spent - number(key, 's:' .. node)
  mine = mine - amount
  redis.call('HINCRBY', key, 'n:' .. node, int(-amount))
  redis.call('HINCRBY', key, 'drawn', int(-amount))
  redis.call('HINCRBY', key, 'spent', int(more))
  redis.call('HSET', key, 's:' .. node, int(spent), 'q:' .. node, int(seq))
  -- Whether to wait or to give up depends on what is spent, too.
  if (amount > 0 or more ~= 0) and number(key, 'wanted') > now - 60000 then redis.call('PUBLISH', KEYS[5], 'room ' .. ARGV[9]) end
end
return {code, int(count()), int(now), int(mine), int(number(key, 'drawn')), int(number(key, 'spent')), int(known)}
`

/** The sidecar stops in good order: nobody has to wait for it. KEYS 4: news. */
export const LEAVE = `${PRELUDE}
local refused = refusal()
if refused then return {refused} end
local record = of_node(node)
record.l, record.s = true, now
put_node(node, record)
redis.call('HINCRBY', BANK, 'nodes_version', 1)
redis.call('PUBLISH', KEYS[4], 'left')
return {'OK', int(count())}
`

/** A person opens the bank without those it waits for. ARGV 6 and 7: person and reason. Returns {'OK', sidecars that were waited for}. */
export const OPEN = `${PRELUDE}
if redis.call('HGET', BANK, 'epoch') ~= epoch then return {'LOST'} end
local waited = redis.call('HKEYS', AWAITED)
redis.call('DEL', AWAITED)
redis.call('HSET', BANK, 'open_at', int(now), 'opened_by', ARGV[6], 'opened_because', ARGV[7])
count()
local first = {}
for i = 1, math.min(#waited, 100) do first[i] = waited[i] end
return {'OK', first}
`
