-- Make sure a document's log can be written by the caller, and say where it stands.
-- Atomic, so that two callers agree on one epoch. A new epoch begins when the log is made, when
-- the server is not the one that wrote it last, or when the caller knows entries that it lacks.
-- The generation is that of the content, where there is any: the snapshot says it, or the first epoch.
-- KEYS[1] log: stream
-- KEYS[2] meta: hash
-- KEYS[3] snap: hash
-- KEYS[4] feed: channel
-- ARGV[1] server: identity of the Redis server the caller talks to
-- ARGV[2] now: milliseconds
-- ARGV[3] worker: worker id
-- ARGV[4] last: the newest entry id the caller has, or 0-0
-- ARGV[5] tag: `<worker>.<seq>` of that entry, or '' when not known
-- ARGV[6] gen: generation of the history; taken when the document is made; '' makes none
-- ARGV[7] held: '1' when the caller holds the content and will append it, should the log be new
-- ARGV[8] contents: contents root id
-- ARGV[9] path: path of the file
-- ARGV[10] type: document type
-- ARGV[11] format: contents format
-- ARGV[12] schema: version of the data format
-- returns: {epoch, tail, snapshot id or '', verdict ok|forked|unknown|new, why or '', meta as a flat list}
local log, meta, snap, feed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local server, now, worker, last, tag, gen, held = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local contents, path, kind, format, schema = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]

local function parts(id)
  local epoch, revision = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(epoch), tonumber(revision)
end

local known = redis.call('HMGET', meta, 'epoch', 'srv')
local exists = redis.call('EXISTS', log) == 1
local tail = '0-0'
if exists then
  local info = redis.call('XINFO', 'STREAM', log)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then tail = info[i + 1] end
  end
end
local last_epoch, last_revision = parts(last)
local tail_epoch, tail_revision = parts(tail)
local epoch = tonumber(known[1]) or tail_epoch
local why = nil
if not known[1] or not exists then why = 'create'
elseif known[2] ~= server then why = 'server'
elseif last_epoch > tail_epoch or (last_epoch == tail_epoch and last_revision > tail_revision) then why = 'regressed'
end

local verdict = 'ok'
if last ~= '0-0' then
  local entry = exists and redis.call('XRANGE', log, last, last) or {}
  local snap_id = redis.call('HGET', snap, 'id')
  if entry[1] then
    local fields, by, seq = entry[1][2], '', ''
    for i = 1, #fields, 2 do
      if fields[i] == 'worker' then by = fields[i + 1] elseif fields[i] == 'seq' then seq = fields[i + 1] end
    end
    if tag ~= '' and by .. '.' .. seq ~= tag then verdict = 'forked' end
  elseif snap_id then
    local snap_epoch, snap_revision = parts(snap_id)
    if last_epoch > snap_epoch or (last_epoch == snap_epoch and last_revision > snap_revision) then verdict = 'unknown' end
  else
    verdict = 'unknown'
  end
end

if why == 'create' then
  local first = exists and redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  local fields = first and first[2] or {}
  local told = redis.call('HGET', snap, 'gen') or fields[2] == 'e' and fields[6] or ''
  if told ~= '' then gen = told end
  if gen == '' then return redis.error_reply('NODOC nobody has opened the document') end
elseif why then
  gen = redis.call('HGET', meta, 'gen') or gen
end

if why then
  local snap_epoch = parts(redis.call('HGET', snap, 'id') or '0-0')
  epoch = math.max(epoch, last_epoch, tail_epoch, snap_epoch) + 1
  if why == 'create' then
    redis.call('HSET', meta, 'schema', schema, 'gen', gen, 'server', contents, 'path', path, 'type', kind,
      'format', format, 'created', now, 'rules', '0')
    redis.call('HDEL', meta, 'saved_id', 'error', 'held')
    if held == '1' then redis.call('HSET', meta, 'held', worker) end
    verdict = 'new'
  end
  redis.call('HSET', meta, 'epoch', epoch, 'srv', server, 'epoch_ts', now, 'epoch_by', worker, 'epoch_why', why)
  local id = redis.call('XADD', log, epoch .. '-0', 'kind', 'e', 'user', '', 'client', gen, 'worker', worker,
    'seq', '0', 'ts', now, 'update', tail)
  if redis.call('HGET', meta, 'saved_id') == tail then redis.call('HSET', meta, 'saved_id', id) end
  redis.call('SPUBLISH', feed, id .. ' e ' .. worker .. '.0\n' .. tail)
  tail = id
end
return {epoch, tail, redis.call('HGET', snap, 'id') or '', verdict, why or '', redis.call('HGETALL', meta)}
