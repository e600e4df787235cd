-- Read tables of a live room, and the version that they are of.
-- Atomic, so that the version says exactly which changes are in what was read.
-- KEYS[1] versions: hash, room → number
-- KEYS[2…] tables: hashes, id → record (JSON)
-- ARGV[1] room
-- returns: version, then for each table a flat list of ids and records
local versions, room = KEYS[1], ARGV[1]

local told = { tonumber(redis.call('HGET', versions, room) or '0') }
for at = 2, #KEYS do told[at] = redis.call('HGETALL', KEYS[at]) end
return told
