-- Let a file id that is in use stand for a path again, unless another id has the path.
-- Atomic, so that a path never gets the id of a late comer while somebody else indexes it.
-- KEYS[1] paths: hash, path -> file id
-- KEYS[2] files: hash, file id -> path
-- KEYS[3] feed: channel of the contents root
-- ARGV[1] id: file id
-- ARGV[2] path: string
-- ARGV[3] note: bytes to publish if it was adopted
-- returns: 1 if `id` stands for `path` now, 0 if another id has it
local paths, files, feed = KEYS[1], KEYS[2], KEYS[3]
local id, path, note = ARGV[1], ARGV[2], ARGV[3]

local owner = redis.call('HGET', paths, path)
if owner == id then
  return 1
elseif owner then
  return 0
end
local old = redis.call('HGET', files, id)
if old and redis.call('HGET', paths, old) == id then
  redis.call('HDEL', paths, old)
end
redis.call('HSET', paths, path, id)
redis.call('HSET', files, id, path)
redis.call('SPUBLISH', feed, note)
return 1
