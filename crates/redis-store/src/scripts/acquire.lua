#!lua flags=allow-oom
-- SPDX-License-Identifier: LicenseRef-NIA-Proprietary
-- Takes a partition that is free, or goes on with one's own. The process that had it before writes nothing any more.
--
-- KEYS own
-- ARGV token, node, milliseconds of the lease, format
-- Answers { 'OK' }, { 'TAKEN', node } or { 'NEWER', format }.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local own = redis.call('HMGET', KEYS[1], 'token', 'node', 'until', 'format')
if own[4] and tonumber(own[4]) > tonumber(ARGV[4]) then return { 'NEWER', own[4] } end
local is_own = own[1] == ARGV[1]
if own[1] and not is_own and tonumber(own[3]) > now then return { 'TAKEN', own[2] } end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'node', ARGV[2], 'until', now + ARGV[3], 'format', ARGV[4])
if not is_own then redis.call('HSET', KEYS[1], 'batch', 0, 'refused', '') end
return { 'OK' }
