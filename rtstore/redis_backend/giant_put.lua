-- Keep a value too large for a document beside it, on behalf of a lease holder.
-- Atomic, so that no value is kept that the document's list of them does not name: such a one would
-- never be looked at again.
-- KEYS[1] lease: string "<owner> <token>"
-- KEYS[2] giants: sorted set, name -> since when nothing needs it (ms), 0 while something does
-- KEYS[3] value: string
-- ARGV[1] holding: the lease's value as the caller holds it
-- ARGV[2] name: under which the document refers to it
-- ARGV[3] text: bytes
-- returns: 1
local lease, giants, value = KEYS[1], KEYS[2], KEYS[3]
local holding, name, text = ARGV[1], ARGV[2], ARGV[3]

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
redis.call('SET', value, text)
redis.call('ZADD', giants, 0, name)
-- The file was deleted a moment ago: it goes with the others.
local left = redis.call('PTTL', giants)
if left > 0 then redis.call('PEXPIRE', value, left) end
return 1
