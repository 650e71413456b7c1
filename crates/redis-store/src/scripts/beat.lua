#!lua flags=allow-oom
-- SPDX-License-Identifier: LicenseRef-NIA-Proprietary
-- Shows that a process lives, and tells which do.
--
-- KEYS nodes
-- ARGV node, for how many milliseconds
-- Answers the nodes that live, each with until when.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
