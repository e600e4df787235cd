-- Append one update to a document's log and publish it with its id, in one step.
-- Atomic, so that what anybody hears is in the log, and ids on the feed are those of the log.
-- XADD itself is the fence: an epoch older than the log's is refused, a lost log is not remade.
-- KEYS[1] log: stream
-- KEYS[2] feed: channel (a key, so that a cluster routes by its hash tag)
-- ARGV[1] epoch: integer
-- ARGV[2] kind: u update, h heal
-- ARGV[3] user: username
-- ARGV[4] client: Yjs client id, or ''
-- ARGV[5] worker: worker id
-- ARGV[6] seq: the worker's counter
-- ARGV[7] ts: milliseconds, information only
-- ARGV[8] update: bytes
-- returns: entry id
local log, feed = KEYS[1], KEYS[2]
local epoch, kind, user, client = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local worker, seq, ts, update = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local id = redis.call('XADD', log, 'NOMKSTREAM', epoch .. '-*', 'kind', kind, 'user', user,
  'client', client, 'worker', worker, 'seq', seq, 'ts', ts, 'update', update)
if not id then return redis.error_reply('NODOC the log is gone') end
local head = id .. ' ' .. kind .. ' ' .. worker .. '.' .. seq
if #update > 16384 then
  redis.call('SPUBLISH', feed, head .. ' ref\n')
else
  redis.call('SPUBLISH', feed, head .. '\n' .. update)
end
return id
