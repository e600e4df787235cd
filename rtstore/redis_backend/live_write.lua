-- Change records of a live room and publish what changed, with the room's new version.
-- Atomic, so that whoever hears version n + 1 after n has missed nothing.
-- KEYS[1] versions: hash, room → number
-- KEYS[2] feed: channel
-- KEYS[3…] tables: hashes, id → record (JSON)
-- ARGV[1] room
-- ARGV[2…] for each change: number of its table among KEYS[3…], name of the table, id, record
--          ('' removes it)
-- returns: the room's version, whether or not anything was changed
local room = ARGV[1]

local changes = {}
for at = 2, #ARGV, 4 do
  local key, name, id, record = KEYS[2 + tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local before = redis.call('HGET', key, id) or ''
  if before ~= record then
    if record == '' then
      redis.call('HDEL', key, id)
    else
      redis.call('HSET', key, id, record)
    end
    changes[#changes + 1] = '{"table":' .. cjson.encode(name) .. ',"id":' .. cjson.encode(id)
      .. ',"record":' .. (record == '' and 'null' or record) .. '}'
  end
end
if #changes == 0 then return tonumber(redis.call('HGET', KEYS[1], room) or '0') end
local version = redis.call('HINCRBY', KEYS[1], room, 1)
redis.call('SPUBLISH', KEYS[2], '{"room":' .. cjson.encode(room) .. ',"version":' .. version
  .. ',"changes":[' .. table.concat(changes, ',') .. ']}')
return version
