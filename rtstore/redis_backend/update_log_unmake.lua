-- Forget which history a document is of, where nobody came to put back what they said they held.
-- Atomic, so that content which comes in the last moment is not lost. The epoch stays known: what
-- the late one appends under the old one is refused.
-- KEYS[1] log: stream
-- KEYS[2] meta: hash
-- KEYS[3] snap: hash
-- KEYS[4] lease: string "<owner> <token>"
-- ARGV[1] holding: the lease's value as the caller holds it
-- returns: 1 if it was done; 0 if there is content, or nobody said that they hold any
local log, meta, snap, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

if redis.call('GET', lease) ~= ARGV[1] then return redis.error_reply('LEASE lost') end
if redis.call('HEXISTS', meta, 'held') == 0 or redis.call('EXISTS', snap) == 1 then return 0 end
for _, entry in ipairs(redis.call('XRANGE', log, '-', '+')) do
  if entry[2][2] ~= 'e' then return 0 end
end
redis.call('DEL', log)
redis.call('HDEL', meta, 'gen', 'held')
return 1
