#!lua
-- SPDX-License-Identifier: LicenseRef-NIA-Proprietary
-- Leaves a letter for the process that drives a partition, or will: once, however often it is sent.
--
-- KEYS own, in, reply
-- ARGV call, text, for how many milliseconds it is known that it was left
-- Answers the node that has the partition, or nothing.

if redis.call('SET', KEYS[3], '', 'NX', 'PX', ARGV[3]) then redis.call('XADD', KEYS[2], '*', 'c', ARGV[1], 't', ARGV[2]) end
return redis.call('HGET', KEYS[1], 'node') or ''
