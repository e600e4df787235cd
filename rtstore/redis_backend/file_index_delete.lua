-- Forget file ids; an id whose path changed meanwhile is left alone.
-- Atomic, so that an id never points to a path that belongs to another.
-- KEYS[1] paths: hash, path -> file id
-- KEYS[2] files: hash, file id -> path
-- KEYS[3] feed: channel of the contents root
-- ARGV[1] note: bytes to publish if anything was forgotten
-- ARGV[2..] gone: file id, path; at most a few hundred (the caller's batch)
-- returns: flat list of file id, path
local paths, files, feed = KEYS[1], KEYS[2], KEYS[3]
local note, first_gone = ARGV[1], 2
local gone = ARGV

local done = {}
for i = first_gone, #gone, 2 do
  local id, path = gone[i], gone[i + 1]
  if redis.call('HGET', paths, path) == id then
    redis.call('HDEL', paths, path)
    redis.call('HDEL', files, id)
    done[#done + 1] = id
    done[#done + 1] = path
  end
end
if #done > 0 then
  redis.call('SPUBLISH', feed, note)
end
return done
