-- Say who is here, drop who has expired, and tell both.
-- Atomic, so that a field and its expiry belong together and each expired one is reported once.
-- The server's clock decides: workers' clocks need not agree.
-- KEYS[1] who: hash, "<worker>.<conn>" → JSON
-- KEYS[2] expiries: sorted set, the same fields → ms
-- ARGV[1] ttl: milliseconds
-- ARGV[2] count: number of (field, JSON) pairs that follow
-- ARGV[3…] the pairs, then fields to remove; an empty JSON renews a field without changing it
-- returns: {fields and values that were removed or expired, all fields and values}
local who, expiries = KEYS[1], KEYS[2]
local ttl, count = tonumber(ARGV[1]), tonumber(ARGV[2])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for i = 3, 2 + 2 * count, 2 do
  if ARGV[i + 1] ~= '' then redis.call('HSET', who, ARGV[i], ARGV[i + 1]) end
  redis.call('ZADD', expiries, now + ttl, ARGV[i])
end
local gone = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', '0', '64')
for i = 3 + 2 * count, #ARGV do gone[#gone + 1] = ARGV[i] end
local dropped = {}
for _, field in ipairs(gone) do
  local value = redis.call('HGET', who, field)
  if value then
    dropped[#dropped + 1] = field
    dropped[#dropped + 1] = value
    redis.call('HDEL', who, field)
  end
  redis.call('ZREM', expiries, field)
end
redis.call('PEXPIRE', who, ttl + 5000)
redis.call('PEXPIRE', expiries, ttl + 5000)
return {dropped, redis.call('HGETALL', who)}
