#!lua flags=allow-oom
-- Let values that nothing needs expire when their time is over, as a keeper lets the document go.
-- Atomic, so that an owner that was replaced lets nothing go that the next one needs. allow-oom: it
-- is what frees memory.
-- KEYS[1] lease: string "<owner> <token>"
-- KEYS[2] giants: sorted set, name -> since when nothing needs it (ms), 0 while something does
-- KEYS[3…] values: in the order of their names
-- ARGV[1] holding: the lease's value as the caller holds it
-- ARGV[2] kept: milliseconds from `since` on after which they go
-- ARGV[3…] names: of the values
-- returns: how many go
local lease, giants, values = KEYS[1], KEYS[2], KEYS
local holding, kept, names = ARGV[1], tonumber(ARGV[2]), ARGV

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local going = 0
for i = 3, #names do
  local since = tonumber(redis.call('ZSCORE', giants, names[i]) or 0)
  if since > 0 then
    redis.call('PEXPIRE', values[i], string.format('%.0f', math.max(since + kept - now, 1000)))
    going = going + 1
  end
end
return going
