-- Replace an action's record.
-- Atomic, so that of several servers that saw the same record one alone takes the action, and
-- what it uploads goes with its end.
-- KEYS[1] versions: hash, room → number
-- KEYS[2] feed: channel
-- KEYS[3] actions: hash, id → record (JSON)
-- KEYS[4] waiting: list of ids
-- KEYS[5] content: string, what it uploads
-- ARGV[1] id
-- ARGV[2] the record as the caller saw it ('' if the store has none)
-- ARGV[3] its new record ('' removes it)
-- ARGV[4] '1' if the action is over then
-- returns: 1 if it was replaced, 0 if it is another by now
local versions, feed, actions, waiting, content = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, seen, record, over = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

if (redis.call('HGET', actions, id) or '') ~= seen then return 0 end
redis.call('LREM', waiting, 0, id)
if over == '1' then redis.call('DEL', content) end
if record == '' then
  redis.call('HDEL', actions, id)
else
  redis.call('HSET', actions, id, record)
end
local version = redis.call('HINCRBY', versions, 'server', 1)
redis.call('SPUBLISH', feed, '{"room":"server","version":' .. version
  .. ',"changes":[{"table":"actions","id":' .. cjson.encode(id) .. ',"record":'
  .. (record == '' and 'null' or record) .. '}]}')
return 1
