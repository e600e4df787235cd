#!lua flags=allow-oom
-- Note which of the values beside a document something needs, as the holder of its lease found.
-- Atomic, so that an owner that was replaced can't note what is long over. allow-oom: it comes
-- before what frees memory.
-- KEYS[1] lease: string "<owner> <token>"
-- KEYS[2] giants: sorted set, name -> since when nothing needs it (ms), 0 while something does
-- KEYS[3…] values: of the needed ones, in their order
-- ARGV[1] holding: the lease's value as the caller holds it
-- ARGV[2] needed: how many of the names that follow are needed
-- ARGV[3…] names: first of the needed ones, then of those that nothing needs
-- returns: the store's time (ms)
local lease, giants, values = KEYS[1], KEYS[2], KEYS
local holding, needed, names = ARGV[1], tonumber(ARGV[2]), ARGV

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, 2 + needed do
  -- A name alone is nothing: anybody can write one into a document.
  if redis.call('EXISTS', values[i]) == 1 then
    redis.call('PERSIST', values[i])
    redis.call('ZADD', giants, 0, names[i])
  end
end
for i = 3 + needed, #names do
  -- Only who is still listed as needed: somebody may have noted it before, or dropped it.
  if redis.call('ZSCORE', giants, names[i]) == '0' then
    redis.call('ZADD', giants, string.format('%.0f', now), names[i])
  end
end
return string.format('%.0f', now)
