#!lua
-- SPDX-License-Identifier: LicenseRef-NIA-Proprietary
-- Takes what a driver has decided in one partition: all of it or nothing, once, from the owner alone. What only begins there is taken from any process: the owner
-- finds it in `in`.
--
-- KEYS own, live, ix, feed, schedules, done, unpacked, room, in, then those of the steps, in their order
-- ARGV token, or `begins`, number of this call, or its name, then the steps: a letter and what belongs to it
-- Answers { 'OK', the accepted that were refused, by their places }, { 'DUP', the same }, { 'FENCED' }, { 'GAP' } or { 'ORDER', id, number of the record }.
-- Who begins hears also which node has the partition.
--
-- An error does not undo what a script has written. So everything is judged first, and only then written.

local own = redis.call('HMGET', KEYS[1], 'token', 'batch', 'refused', 'node')
local begins = ARGV[1] == 'begins'
if not begins then
  if own[1] ~= ARGV[1] then return { 'FENCED' } end
  local number, last = tonumber(ARGV[2]), tonumber(own[2])
  -- The answer to it was lost: it is told again.
  if number == last then return { 'DUP', own[3] } end
  if number ~= last + 1 then return { 'GAP' } end
end

local refused, is_refused, lengths, accepted = {}, {}, {}, 0
local at, key = 3, 10
while at <= #ARGV do
  local step = ARGV[at]
  if step == 'a' then
    accepted = accepted + 1
    if redis.call('EXISTS', KEYS[key], KEYS[key + 1]) > 0 then
      -- The answer to it was lost here, too.
      if begins and redis.call('HGET', KEYS[key], 'by') == ARGV[2] then return { 'DUP', '', own[4] or '' } end
      is_refused[ARGV[at + 1]] = true
      refused[#refused + 1] = accepted
    end
    at, key = at + 5 + ARGV[at + 4], key + 3
  elseif step == 'r' then
    local count = tonumber(ARGV[at + 3])
    if not is_refused[ARGV[at + 1]] then
      local length = lengths[KEYS[key]] or redis.call('LLEN', KEYS[key])
      if length ~= tonumber(ARGV[at + 2]) then return { 'ORDER', ARGV[at + 1], ARGV[at + 2] } end
      lengths[KEYS[key]] = length + count
    end
    at, key = at + 4 + count, key + 1
  elseif step == 'e' then
    at, key = at + 4, key + 1
  elseif step == 'v' then
    at, key = at + 4, key + 1
  elseif step == 't' then
    at, key = at + 3, key + 1
  elseif step == 'd' then
    at, key = at + 2, key + 1
  elseif step == 'k' then
    at, key = at + 4 + ARGV[at + 3], key + 1
  elseif step == 's' then
    at, key = at + 3 + ARGV[at + 2], key + 1
  elseif step == 'u' then
    at, key = at + 2, key + 1
  elseif step == 'x' then
    at, key = at + 3, key + 5
  else
    return redis.error_reply('ERR this server was given a step that its script does not know: ' .. step)
  end
end

-- A call has so many arguments at the most.
local ARGUMENTS_MAX = 4000
local function each_part(first, count, call)
  while count > 0 do
    local part = math.min(count, ARGUMENTS_MAX)
    call(unpack(ARGV, first, first + part - 1))
    first, count = first + part, count - part
  end
end

-- What one that is packed takes beside its value, as `pack.lua` counts it.
local PACKED_BESIDE = 400
-- For how many milliseconds a reply waits for the process that wants it.
local REPLY_KEPT = '60000'
local feed = {}
at, key = 3, 10
while at <= #ARGV do
  local step, id = ARGV[at], ARGV[at + 1]
  if step == 'a' then
    local count = tonumber(ARGV[at + 4])
    if not is_refused[id] then
      redis.call('HSET', KEYS[key], unpack(ARGV, at + 5, at + 4 + count))
      redis.call('ZADD', KEYS[3], ARGV[at + 2], id)
      redis.call('SADD', KEYS[2], id)
      if ARGV[at + 3] == '1' then redis.call('SADD', KEYS[key + 2], id) end
      if begins then
        redis.call('HSET', KEYS[key], 'by', ARGV[2])
        redis.call('XADD', KEYS[9], '*', 'x', id)
      end
    end
    at, key = at + 5 + count, key + 3
  elseif step == 'r' then
    local count = tonumber(ARGV[at + 3])
    if not is_refused[id] then
      each_part(at + 4, count, function(...) redis.call('RPUSH', KEYS[key], ...) end)
      feed[#feed + 1] = id
      feed[#feed + 1] = ARGV[at + 2] .. ' ' .. count
    end
    at, key = at + 4 + count, key + 1
  elseif step == 'e' then
    if not is_refused[id] then
      redis.call('HSET', KEYS[key], 's', ARGV[at + 2], 'e', ARGV[at + 3])
      redis.call('SREM', KEYS[2], id)
      redis.call('ZADD', KEYS[6], ARGV[at + 3], id)
      redis.call('SADD', KEYS[7], id)
    end
    at, key = at + 4, key + 1
  elseif step == 'v' then
    if not is_refused[id] then redis.call('HSET', KEYS[key], ARGV[at + 2], ARGV[at + 3]) end
    at, key = at + 4, key + 1
  elseif step == 't' then
    redis.call('XDEL', KEYS[9], id)
    if ARGV[at + 2] ~= '' then redis.call('SET', KEYS[key], ARGV[at + 2], 'PX', REPLY_KEPT) end
    at, key = at + 3, key + 1
  elseif step == 'd' then
    redis.call('SETNX', KEYS[key], id)
    at, key = at + 2, key + 1
  elseif step == 'k' then
    local count = tonumber(ARGV[at + 3])
    if not is_refused[id] then
      redis.call('DEL', KEYS[key])
      redis.call('HSET', KEYS[key], unpack(ARGV, at + 4, at + 3 + count))
      if ARGV[at + 2] ~= '' then redis.call('PEXPIREAT', KEYS[key], ARGV[at + 2]) end
    end
    at, key = at + 4 + count, key + 1
  elseif step == 's' then
    local count = tonumber(ARGV[at + 2])
    redis.call('DEL', KEYS[key])
    redis.call('HSET', KEYS[key], unpack(ARGV, at + 3, at + 2 + count))
    redis.call('SADD', KEYS[5], id)
    at, key = at + 3 + count, key + 1
  elseif step == 'u' then
    redis.call('DEL', KEYS[key])
    redis.call('SREM', KEYS[5], id)
    at, key = at + 2, key + 1
  else
    local packed = redis.call('STRLEN', KEYS[key + 3])
    local has_ended = packed > 0 or redis.call('HEXISTS', KEYS[key], 'e') == 1
    if has_ended == (ARGV[at + 2] == '1') then
      redis.call('UNLINK', KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3])
      if packed > 0 then redis.call('DECRBY', KEYS[8], packed + PACKED_BESIDE) end
      redis.call('ZREM', KEYS[3], id)
      redis.call('ZREM', KEYS[6], id)
      redis.call('SREM', KEYS[2], id)
      redis.call('SREM', KEYS[7], id)
      redis.call('SREM', KEYS[key + 4], id)
    end
    at, key = at + 3, key + 5
  end
end

-- It is a hint for those that are there: who missed it looks at what there is. What it takes is bounded by few entries that are short.
local FEED_MAX, PAIRS = '50', 8
for first = 1, #feed, PAIRS do
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', FEED_MAX, '*', unpack(feed, first, math.min(#feed, first + PAIRS - 1)))
end
local told = table.concat(refused, ' ')
if begins then return { 'OK', told, own[4] or '' } end
redis.call('HSET', KEYS[1], 'batch', ARGV[2], 'refused', told)
return { 'OK', told }
