-- Move file ids to new paths; an id whose path changed meanwhile is left alone.
-- Atomic, so that no reader finds a path without its id, or one path with two.
-- KEYS[1] paths: hash, path -> file id
-- KEYS[2] files: hash, file id -> path
-- KEYS[3] feed: channel of the contents root
-- ARGV[1] note: bytes to publish if anything moved
-- ARGV[2..] moves: file id, old path, new path; at most a few hundred (the caller's batch)
-- returns: flat list of file id, old path, new path; new path '' is an id that lost its path
--          to the one moved there
local paths, files, feed = KEYS[1], KEYS[2], KEYS[3]
local note, first_move = ARGV[1], 2
local moves = ARGV

local done = {}
local function add(id, old, new)
  done[#done + 1] = id
  done[#done + 1] = old
  done[#done + 1] = new
end

for i = first_move, #moves, 3 do
  local id, old, new = moves[i], moves[i + 1], moves[i + 2]
  if redis.call('HGET', paths, old) == id and old ~= new then
    local displaced = redis.call('HGET', paths, new)
    if displaced then
      redis.call('HDEL', files, displaced)
      add(displaced, new, '')
    end
    redis.call('HDEL', paths, old)
    redis.call('HSET', paths, new, id)
    redis.call('HSET', files, id, new)
    add(id, old, new)
  end
end
if #done > 0 then
  redis.call('SPUBLISH', feed, note)
end
return done
