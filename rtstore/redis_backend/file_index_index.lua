-- Give a path its file id, unless it has one.
-- Atomic, so that two workers that open a new file at the same instant get one id.
-- KEYS[1] paths: hash, path -> file id
-- KEYS[2] files: hash, file id -> path
-- KEYS[3] feed: channel of the contents root (a key, so that a cluster routes by its hash tag)
-- ARGV[1] path: string
-- ARGV[2] fresh: file id to use if there is none
-- ARGV[3] note: bytes to publish if `fresh` was used
-- returns: {file id, 1 if it is `fresh`, else 0}
local paths, files, feed = KEYS[1], KEYS[2], KEYS[3]
local path, fresh, note = ARGV[1], ARGV[2], ARGV[3]

local known = redis.call('HGET', paths, path)
if known then
  return {known, 0}
end
redis.call('HSET', paths, path, fresh)
redis.call('HSET', files, fresh, path)
redis.call('SPUBLISH', feed, note)
return {fresh, 1}
