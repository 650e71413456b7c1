#!lua flags=allow-oom
-- SPDX-License-Identifier: LicenseRef-NIA-Proprietary
-- Puts one value in place of an execution that has ended. It makes room, so it works where there is none.
--
-- KEYS own, unpacked, room, then of the execution: row, journal, values, packed
-- ARGV token, id, number of records, the value; an empty one: it stays as it is
-- Answers 'OK', or 'FENCED' if the partition is another's.

if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'FENCED' end
local is_it = redis.call('HEXISTS', KEYS[4], 'e') == 1 and redis.call('LLEN', KEYS[5]) == tonumber(ARGV[3])
-- With its places in the lists of ids.
local BESIDE = 400
if is_it and ARGV[4] ~= '' then
  redis.call('SET', KEYS[7], ARGV[4])
  redis.call('UNLINK', KEYS[4], KEYS[5], KEYS[6])
  redis.call('INCRBY', KEYS[3], #ARGV[4] + BESIDE)
end
redis.call('SREM', KEYS[2], ARGV[2])
return 'OK'
