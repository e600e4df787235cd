-- Keep a lease that is still ours, or give it back.
-- Atomic, so that another's lease is never prolonged or deleted.
-- KEYS[1] lease: string
-- ARGV[1] holding: the value that acquire returned
-- ARGV[2] ttl: milliseconds; 0 gives it back
-- returns: 1 when it was ours, 0 when not
local lease = KEYS[1]
local holding, ttl = ARGV[1], ARGV[2]

if redis.call('GET', lease) ~= holding then return 0 end
if ttl == '0' then redis.call('DEL', lease) else redis.call('PEXPIRE', lease, ttl) end
return 1
