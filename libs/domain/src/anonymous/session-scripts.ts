/**
 * What Redis does with an anonymous session in one step each. Every key carries the session's id as its hash tag,
 * so they share a slot of a cluster; all of them expire at the same instant.
 *
 * KEYS: 1 the session (a hash: also its summary, and under `<anonymous id>:<client id>` the place of each message),
 * 2 its messages (a list), 3 who is there (a hash).
 */
const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`;
const MOVE = `${NOW}
local function move(at)
  for i = 1, 3 do redis.call('PEXPIREAT', KEYS[i], at) end
end`;

/** ARGV: seeker's anonymous id, topic or '', retention (ms). */
export const CREATE = `${MOVE}
redis.call('HSET', KEYS[1], 'version', 1, 'status', 'queued', 'seeker', ARGV[1], 'topic', ARGV[2])
move(now() + ARGV[3])`;

/** Who may act in a session under which name. ARGV: 1 side, 2 anonymous id. Leaves what it read in `known`. */
const REQUIRE_SEAT = (...fields: string[]): string => `
local known = redis.call('HMGET', KEYS[1], 'status', ARGV[1]${fields.map((field) => `, ${field}`).join('')})
if not known[1] then return 'gone' end
if known[1] == 'ended' then return 'ended' end
if known[2] ~= ARGV[2] then return 'replaced' end`;

/**
 * Stores a message, moves everything's expiry, and publishes it, unless all seats are at the gateway it came from:
 * who takes one from here on finds it in the history. That saves Redis 7 % of a message's CPU; client ids and the
 * summary under keys of their own would cost it an eighth more.
 * ARGV: side, anonymous id, the field of its client id or '', content as JSON, origin, gateway, channel,
 * retention (ms), most messages, most bytes.
 * @returns {seq, ms, 0 or 1 for a repeat, the helper's anonymous id or '', other gateways of the other side's seats …},
 * or why not
 */
export const APPEND = `${MOVE}${REQUIRE_SEAT("'last'", 'ARGV[3]', "'helper'", "'bytes'")}
local helper = known[5] or ''
if known[4] then
  local line = redis.call('LINDEX', KEYS[2], known[4] - 1)
  -- A Redis that came back with less than it had may have the id without the message.
  if line then return { tonumber(known[4]), tonumber(string.match(line, '^%d+')), 1, helper } end
end
local clock = now()
local at = clock
if known[3] and tonumber(known[3]) > at then at = tonumber(known[3]) end
local line = string.format('%.0f %s %s %s %s', at, ARGV[1], ARGV[2], ARGV[5], ARGV[4])
local bytes = (known[6] or 0) + #line
if bytes > tonumber(ARGV[10]) then return 'full' end
local seq = redis.call('RPUSH', KEYS[2], line)
if seq > tonumber(ARGV[9]) then
  redis.call('RPOP', KEYS[2])
  return 'full'
end
if ARGV[3] == '' then redis.call('HSET', KEYS[1], 'last', at, ARGV[1] .. '_spoke', at, 'bytes', bytes)
else redis.call('HSET', KEYS[1], 'last', at, ARGV[1] .. '_spoke', at, 'bytes', bytes, ARGV[3], seq) end
move(clock + ARGV[8])
local answer, elsewhere = { seq, at, 0, helper }, false
for _, seat in ipairs(redis.call('HVALS', KEYS[3])) do
  if string.sub(seat, -#ARGV[6]) ~= ARGV[6] then
    elsewhere = true
    if string.sub(seat, 1, #ARGV[1]) ~= ARGV[1] then answer[#answer + 1] = string.match(seat, '%S+$') end
  end
end
if elsewhere then redis.call('PUBLISH', ARGV[7], string.format('m %d %s %s', seq, helper, line)) end
return answer`;

/**
 * Takes a seat; it lasts as long as the session does.
 * ARGV: side, anonymous id, socket, gateway.
 * @returns {version, messages so far, ms of the last}, or why not
 */
export const SIT = `${REQUIRE_SEAT("'version'")}
redis.call('HSET', KEYS[3], ARGV[3], ARGV[1] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', KEYS[3], redis.call('PTTL', KEYS[1]))
local count, last = redis.call('LLEN', KEYS[2]), '0'
if count > 0 then last = string.match(redis.call('LINDEX', KEYS[2], -1), '^%d+') end
return { tonumber(known[3]), count, tonumber(last) }`;

/**
 * Brings Redis to the state that Postgres has; an older one than it has is not taken over. A helper gets an
 * anonymous id with the session, and that moves everything's expiry: somebody has come.
 * ARGV: version, status, ended by or '', an anonymous id for a new helper, channel, retention (ms).
 * @returns 'gone', or nothing
 */
export const APPLY = `${MOVE}
local version = redis.call('HGET', KEYS[1], 'version')
if not version then return 'gone' end
if tonumber(version) >= tonumber(ARGV[1]) then return nil end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'status', ARGV[2])
if ARGV[2] ~= 'ended' then redis.call('HDEL', KEYS[1], 'helper', 'helper_spoke') end
if ARGV[2] == 'active' then
  redis.call('HSET', KEYS[1], 'helper', ARGV[4])
  move(now() + ARGV[6])
end
if ARGV[2] == 'ended' then redis.call('HSET', KEYS[1], 'ended_by', ARGV[3]) end
redis.call('PUBLISH', ARGV[5], 's')
return nil`;

/**
 * Publishes a sign and keeps nothing of it; who writes moves everything's expiry.
 * ARGV: side, anonymous id, channel, sign, retention (ms) or '' to leave it. @returns why not, if not
 */
export const SIGN = `${MOVE}${REQUIRE_SEAT()}
if ARGV[5] ~= '' then move(now() + ARGV[5]) end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return nil`;

/**
 * What stands by now.
 * @returns {status, version, seeker, helper, topic, ended by, messages, ms of the last, ms of its expiry}, or 'gone'
 */
export const LOOK = `${NOW}
local known = redis.call('HMGET', KEYS[1], 'status', 'version', 'seeker', 'helper', 'topic', 'ended_by')
if not known[1] then return 'gone' end
known[7] = redis.call('LLEN', KEYS[2])
known[8] = known[7] > 0 and string.match(redis.call('LINDEX', KEYS[2], -1), '^%d+') or '0'
known[9] = now() + redis.call('PTTL', KEYS[1])
return known`;

/**
 * A page of messages, oldest first. ARGV: side, anonymous id, before (a seq, '' for the end, or 't' and ms), limit.
 * @returns {seq of the first, line …}, or why not
 */
export const PAGE = `${REQUIRE_SEAT()}
local to = redis.call('LLEN', KEYS[2])
if string.sub(ARGV[3], 1, 1) == 't' then
  local ms = tonumber(string.sub(ARGV[3], 2))
  local low, high = 0, to
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(string.match(redis.call('LINDEX', KEYS[2], middle), '^%d+')) < ms then low = middle + 1
    else high = middle end
  end
  to = low
elseif ARGV[3] ~= '' then
  to = math.min(to, tonumber(ARGV[3]) - 1)
end
local from = math.max(0, to - ARGV[4])
local page = { from + 1 }
if to > from then
  for _, line in ipairs(redis.call('LRANGE', KEYS[2], from, to - 1)) do page[#page + 1] = line end
end
return page`;

/** Keeps the summary no longer than the session. ARGV: the summary as JSON. */
export const KEEP_SUMMARY = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'summary', ARGV[1]) end
return nil`;
