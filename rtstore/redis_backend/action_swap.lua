-- Replace an action's record.
-- Atomic, so that of several servers that saw the same record one alone takes the action.
-- KEYS[1] versions: hash, room → number
-- KEYS[2] feed: channel
-- KEYS[3] actions: hash, id → record (JSON)
-- KEYS[4] waiting: list of ids
-- ARGV[1] id
-- ARGV[2] the record as the caller saw it ('' if the store has none)
-- ARGV[3] its new record ('' removes it)
-- returns: 1 if it was replaced, 0 if it is another by now
local versions, feed, actions, waiting = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, seen, record = ARGV[1], ARGV[2], ARGV[3]

if (redis.call('HGET', actions, id) or '') ~= seen then return 0 end
redis.call('LREM', waiting, 0, id)
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
