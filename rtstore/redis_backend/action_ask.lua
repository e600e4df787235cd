-- Note an action that somebody wants done.
-- Atomic, so that an id that is asked twice is one action, and nobody waits for what is not noted.
-- What it uploads is kept with the record: of an id that is known both stay what they were.
-- KEYS[1] versions: hash, room → number
-- KEYS[2] feed: channel
-- KEYS[3] actions: hash, id → record (JSON)
-- KEYS[4] waiting: list of ids, the next one first
-- KEYS[5] content: string, what it uploads
-- ARGV[1] id
-- ARGV[2] record
-- ARGV[3] what it uploads ('' for nothing)
-- ARGV[4] how long that is kept: milliseconds
-- returns: the record that the id had before, or nothing
local versions, feed, actions, waiting, content = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, record, uploaded, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local before = redis.call('HGET', actions, id)
if before then return before end
if uploaded ~= '' then redis.call('SET', content, uploaded, 'PX', kept) end
redis.call('HSET', actions, id, record)
redis.call('RPUSH', waiting, id)
local version = redis.call('HINCRBY', versions, 'server', 1)
redis.call('SPUBLISH', feed, '{"room":"server","version":' .. version
  .. ',"changes":[{"table":"actions","id":' .. cjson.encode(id) .. ',"record":' .. record .. '}]}')
return false
