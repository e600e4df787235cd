#!lua flags=allow-oom
-- Let values beside a document expire, as its file is deleted; or let them stay after all.
-- Atomic, so that who finds the document alive again sees by the list alone whether to take it
-- back. allow-oom: it is what frees memory.
-- KEYS[1] giants: sorted set, name -> since when nothing needs it (ms), 0 while something does
-- KEYS[2…] values
-- ARGV[1] within: milliseconds; 0: they stay
-- ARGV[2] with: 1 if the list expires, or stays, in this step
-- returns: 1
local giants, values = KEYS[1], KEYS
local within, is_with = tonumber(ARGV[1]), ARGV[2] == '1'

local function set(key)
  if within > 0 then
    redis.call('PEXPIRE', key, within)
  else
    redis.call('PERSIST', key)
  end
end

for i = 2, #values do set(values[i]) end
if is_with then set(giants) end
return 1
