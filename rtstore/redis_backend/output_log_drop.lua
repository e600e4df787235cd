-- Drop the oldest entries of a kernel's log, and what is kept beside them.
-- Atomic, so that what is counted is what is there, and who finds entries missing finds it said.
-- KEYS[1] out: stream
-- KEYS[2] meta: hash
-- KEYS[3…] bodies: what is kept beside the entries to drop
-- ARGV[1] first: id of the oldest entry, as the caller read it
-- ARGV[2] last: id of the newest entry to drop
-- ARGV[3] keep: the id after it
-- ARGV[4] bytes: what was counted for them
-- returns: how many were dropped; 0 when somebody else dropped some meanwhile
local out, meta = KEYS[1], KEYS[2]
local first, last, keep, bytes = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local oldest = redis.call('XRANGE', out, '-', '+', 'COUNT', '1')[1]
if not oldest or oldest[1] ~= first then return 0 end
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
local dropped = redis.call('XTRIM', out, 'MINID', keep)
if redis.call('EXISTS', meta) == 1 then
  local held = tonumber(redis.call('HGET', meta, 'held') or '0')
  redis.call('HSET', meta, 'held', string.format('%.0f', math.max(held - bytes, 0)), 'dropped', last)
end
return dropped
