-- Take a lease that nobody holds, with a fencing token that was never given out before.
-- Atomic, so that the token and the lease belong together.
-- KEYS[1] lease: string
-- KEYS[2] meta: hash whose `fence` counts tokens
-- ARGV[1] owner: worker id
-- ARGV[2] ttl: milliseconds
-- returns: the value held ("<owner> <token>"), or '' when somebody else holds it
local lease, meta = KEYS[1], KEYS[2]
local owner, ttl = ARGV[1], ARGV[2]

if redis.call('EXISTS', lease) == 1 then return '' end
local holding = owner .. ' ' .. redis.call('HINCRBY', meta, 'fence', 1)
redis.call('SET', lease, holding, 'PX', ttl)
redis.call('HSET', meta, 'owner', owner)
return holding
