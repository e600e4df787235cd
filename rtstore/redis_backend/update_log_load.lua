-- Read the snapshot and what the log has after it, in one step.
-- Atomic, so that a compaction can't fall between the two and hide entries.
-- KEYS[1] snap: hash
-- KEYS[2] log: stream
-- KEYS[3] meta: hash
-- ARGV[1] after: entry id to read from, or '' for the snapshot and all after it
-- ARGV[2] count: at most so many entries; a long tail must not hold the server up
-- returns: {snapshot id or '', snapshot or '', entries, id of the log's first entry or '', meta as a flat list}
local snap, log, meta = KEYS[1], KEYS[2], KEYS[3]
local after, count = ARGV[1], ARGV[2]

local snapshot = redis.call('HMGET', snap, 'id', 'data')
local from = after
if after == '' then from = snapshot[1] or '0-0' end
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', '1')
local entries = redis.call('XRANGE', log, '(' .. from, '+', 'COUNT', count)
return {snapshot[1] or '', (after == '' and snapshot[2]) or '', entries,
  first[1] and first[1][1] or '', redis.call('HGETALL', meta)}
