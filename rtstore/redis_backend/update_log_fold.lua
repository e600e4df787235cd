-- Append what a kernel's messages changed in a document, and how far they were followed.
-- Atomic, so that each message changes the document once, whoever follows: the cursor is compared
-- with what the caller began from, and moves with the update.
-- KEYS[1] log: stream
-- KEYS[2] feed: channel
-- KEYS[3] lease: string "<owner> <token>"
-- KEYS[4] cursor: hash
-- KEYS[5] runs: hash
-- KEYS[6] giants: sorted set, name -> since when nothing needs it (ms), 0 while something does
-- KEYS[7…] spills: strings that grow
-- ARGV[1] epoch: integer
-- ARGV[2] user: username
-- ARGV[3] client: Yjs client id, or ''
-- ARGV[4] worker: worker id
-- ARGV[5] seq: the worker's counter
-- ARGV[6] ts: milliseconds
-- ARGV[7] update: bytes; '' when the document does not change
-- ARGV[8] holding: the lease's value as the caller holds it
-- ARGV[9] from: the cursor that the caller began from, or '' for none
-- ARGV[10] to: the cursor now
-- ARGV[11] state: JSON, kept beside the cursor
-- ARGV[12] spilled: how many spills grow
-- ARGV[13] most: bytes that a spill may have; what goes beyond is dropped
-- ARGV[14…] pairs of name and text, for the spills in their order; then of cell and run for `runs`
-- returns: entry id, 'none' when there was no update, '' when the cursor is another (nothing is written)
local log, feed, lease, cursor, runs, giants = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local epoch, user, client, worker, seq = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ts, update, holding, from, to, state = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local spilled, most = tonumber(ARGV[12]), tonumber(ARGV[13])

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
if (redis.call('HGET', cursor, 'cursor') or '') ~= from then return '' end
local id = 'none'
if update ~= '' then
  id = redis.call('XADD', log, 'NOMKSTREAM', epoch .. '-*', 'kind', 'u', 'user', user,
    'client', client, 'worker', worker, 'seq', seq, 'ts', ts, 'update', update)
  if not id then return redis.error_reply('NODOC the log is gone') end
end
redis.call('HSET', cursor, 'cursor', to, 'state', state)
-- Without an error: a string that can't grow must not stop the document for ever.
for i = 1, spilled do
  local spill, name, text = KEYS[6 + i], ARGV[12 + 2 * i], ARGV[13 + 2 * i]
  if redis.call('STRLEN', spill) + #text <= most then redis.pcall('APPEND', spill, text) end
  redis.call('ZADD', giants, 0, name)
  local left = redis.call('PTTL', giants) -- as the file is deleted
  if left > 0 then redis.call('PEXPIRE', spill, left) end
end
for i = 14 + 2 * spilled, #ARGV, 2 do redis.call('HSET', runs, ARGV[i], ARGV[i + 1]) end
if update ~= '' then
  local head = id .. ' u ' .. worker .. '.' .. seq
  if #update > 16384 then
    redis.call('SPUBLISH', feed, head .. ' ref\n')
  else
    redis.call('SPUBLISH', feed, head .. '\n' .. update)
  end
end
return id
