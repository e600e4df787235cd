-- Record a document's new path and tell everybody who has it open.
-- Atomic, so that a path is never written into a document that was purged: a `meta` of nothing
-- but a path would pass for a document.
-- KEYS[1] meta: hash of the document
-- KEYS[2] feed: channel of the document
-- ARGV[1] path: string
-- ARGV[2] note: bytes
-- returns: 1 if there is such a document, else 0 (nothing was written or published)
local meta, feed = KEYS[1], KEYS[2]
local path, note = ARGV[1], ARGV[2]

if redis.call('EXISTS', meta) == 0 then
  return 0
end
redis.call('HSET', meta, 'path', path)
redis.call('SPUBLISH', feed, note)
return 1
