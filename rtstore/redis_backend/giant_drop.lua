#!lua flags=allow-oom
-- Delete values beside a document that nothing has needed for long, on behalf of a lease holder.
-- Atomic, so that none is deleted that somebody else's word makes needed: the log must stand where
-- the caller looked for references, and a value that was kept anew is not `since` long. allow-oom:
-- it is what frees memory, so it must run when there is none.
-- KEYS[1] lease: string "<owner> <token>"
-- KEYS[2] log: stream
-- KEYS[3] giants: sorted set, name -> since when nothing needs it (ms), 0 while something does
-- KEYS[4…] values: in the order of their names
-- ARGV[1] holding: the lease's value as the caller holds it
-- ARGV[2] tail: the entry id up to which the caller knows that nothing refers to them
-- ARGV[3] kept: milliseconds for which nothing must have needed them
-- ARGV[4…] names: of the values
-- returns: how many were deleted; -1 when the log has moved on from `tail` (nothing is)
local lease, log, giants, values = KEYS[1], KEYS[2], KEYS[3], KEYS
local holding, tail, kept, names = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
if redis.call('EXISTS', log) == 0 then return redis.error_reply('NODOC the log is gone') end
local info, last = redis.call('XINFO', 'STREAM', log), nil
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end
if last ~= tail then return -1 end
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) - kept
local dropped = 0
for i = 4, #names do
  local since = tonumber(redis.call('ZSCORE', giants, names[i]) or 0)
  if since > 0 and since <= until_ms then
    redis.call('UNLINK', values[i])
    redis.call('ZREM', giants, names[i])
    dropped = dropped + 1
  end
end
return dropped
