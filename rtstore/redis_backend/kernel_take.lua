-- Make a kernel another Jupyter server's, if it is still the one's that it was taken from.
-- Atomic, so that of two who would take it one does.
-- KEYS[1] meta: hash
-- ARGV[1] before: the instance that had it; '' if none is named
-- ARGV[2] instance: the one that takes it
-- returns: 1 when it was taken, 0 when not
local meta = KEYS[1]
local before, instance = ARGV[1], ARGV[2]

if (redis.call('HGET', meta, 'instance') or '') ~= before then return 0 end
redis.call('HSET', meta, 'instance', instance)
return 1
