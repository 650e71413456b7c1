#!lua flags=allow-oom
-- SPDX-License-Identifier: LicenseRef-NIA-Proprietary
-- Lets go of a partition: the next may take it at once.
--
-- KEYS own
-- ARGV token
-- Answers 1, or 0 if it is another's.

if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'token', 'node', 'until')
return 1
