-- Publish a user's word, unless one of theirs was published a moment ago.
-- Atomic, so that a user speaks once in that time, however many sockets on however many workers.
-- The server's clock decides; one that was set back makes nobody wait.
-- KEYS[1] spoke: sorted set, username → ms of the last word
-- KEYS[2] feed: channel
-- ARGV[1] user: username
-- ARGV[2] every: milliseconds between two words
-- ARGV[3] payload: bytes
-- returns: 0, or how many milliseconds are left, and nothing was published
local spoke, feed = KEYS[1], KEYS[2]
local user, every, payload = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = tonumber(redis.call('ZSCORE', spoke, user) or '0')
if last <= now and now < last + every then return last + every - now end
redis.call('ZREMRANGEBYSCORE', spoke, '-inf', now - every)
redis.call('ZADD', spoke, now, user)
redis.call('PEXPIRE', spoke, every)
redis.call('SPUBLISH', feed, payload)
return 0
