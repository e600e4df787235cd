-- Keep what a kernel's Output widgets took, up to an entry of its log.
-- Atomic, so that a bridge that was replaced changes nothing, and place and content agree.
-- KEYS[1] widgets: hash
-- KEYS[2] lease: string
-- ARGV[1] holding: the lease's value as the caller holds it
-- ARGV[2…] pairs of fields; the value '' deletes one
-- returns: how many pairs there were
local widgets, lease = KEYS[1], KEYS[2]
local holding = ARGV[1]

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', widgets, ARGV[i])
  else redis.call('HSET', widgets, ARGV[i], ARGV[i + 1]) end
end
return (#ARGV - 1) / 2
