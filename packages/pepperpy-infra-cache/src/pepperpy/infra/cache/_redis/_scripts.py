"""What the server does in one step.

Each script touches the keys of one shard, so that it runs in a cluster.  Nothing that drops
something needs memory, so all of that works on a server that is full.
"""

from __future__ import annotations

from typing import Final

_TEXT: Final = """\
local function text(key, like)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and string.match(found, like)
end
"""
"""Gives what a key holds; false for a list, or what does not look *like* it should."""

BEGIN: Final = f"""\
{_TEXT}
local out = {{}}
for i = 2, #KEYS do
  local stamp = text(KEYS[i], i == 2 and '^[%w.]+ %d+%f[%z\\n].*$' or '^[%w.]+$')
  if not stamp then
    stamp = ARGV[5]
    if i == 2 then
      stamp = stamp .. ' 0'
      redis.call('SET', KEYS[i], stamp)
    else
      redis.call('SET', KEYS[i], stamp, 'PX', ARGV[4])
    end
  end
  out[i] = stamp
end
out[1] = 1
if ARGV[2] == 'look' then
  return out
end
local seen = out[2] .. ' ' .. table.concat(out, ' ', 4)
local owner, saw = string.match(text(KEYS[1], '.*') or '', '^(%S+) (.*)$')
if ARGV[2] == 'ask' and owner and owner ~= ARGV[1] and saw == seen then
  out[1] = 0
else
  redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. seen, 'PX', ARGV[3])
end
return out
"""
"""Keys: lock, ledger, the stamp of any invalidation, those of names.  Arguments: owner; ``look``,
``ask`` or ``seize``; milliseconds of the lock and of a new stamp; a new stamp.  Gives whether the
lock is the owner's, and all stamps.  Nobody waits for a load whose result is dropped already."""

STORE: Final = f"""\
{_TEXT}
if text(KEYS[2], '^%S+') ~= ARGV[1] then
  return 0
end
local good = text(KEYS[3], '^%S+') == ARGV[5]
for i = 4, #KEYS do
  good = good and text(KEYS[i], '.*') == ARGV[i + 2]
end
if good then
  for i = 4, #KEYS do
    if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[4]) then
      redis.call('PEXPIRE', KEYS[i], ARGV[4])
    end
  end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
redis.call('DEL', KEYS[2])
return good and 1 or 0
"""
"""Keys: value, lock, ledger, stamps.  Arguments: owner; the value; milliseconds of it and of the
stamps; what ledger and stamps were when the load began.  Stores nothing if one of them changed, or
if the lock is somebody else's by now."""

RELEASE: Final = """\
if string.match(redis.call('GET', KEYS[1]) or '', '^%S+') == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""

RENEW: Final = """\
if string.match(redis.call('GET', KEYS[1]) or '', '^%S+') == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
"""

FORGET: Final = """\
local count = redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return count
"""
"""Keys: value, lock.  Arguments: channel, message."""

DROP: Final = """\
local count = redis.call('DEL', KEYS[2])
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return count
"""
"""Keys: the stamp of any invalidation, that of a name.  Arguments: channel, message."""

NOTE: Final = f"""\
{_TEXT}
redis.call('DEL', KEYS[1])
local ledger = text(KEYS[2], '^%S+ %d+.*$')
if not ledger then
  redis.call('DEL', KEYS[2])
else
  local stamp, last = string.match(ledger, '^(%S+) (%d+)')
  local count = 1
  local lines = {{stamp .. ' ' .. (last + 1)}}
  for number, order in string.gmatch(ledger, '\\n(%d+) ([^\\n]+)') do
    if order ~= ARGV[3] then
      count = count + 1
      lines[count] = number .. ' ' .. order
    end
  end
  lines[count + 1] = (last + 1) .. ' ' .. ARGV[3]
  local wrote = false
  if count <= tonumber(ARGV[4]) then
    wrote = redis.pcall('SET', KEYS[2], table.concat(lines, '\\n'))
    wrote = type(wrote) == 'table' and not wrote['err']
  end
  if not wrote then
    redis.call('DEL', KEYS[2])
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 0
"""
"""Keys: the stamp of any invalidation, the ledger.  Arguments: channel, message, an order, how many
orders there may be.  Where there is no room for one more, everything is forgotten."""

CHECK: Final = f"""\
{_TEXT}
if text(KEYS[3], '.*') == ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.pcall('SET', KEYS[3], ARGV[1])
return 1
"""
"""Keys: the stamp of any invalidation, the ledger, the run.  Arguments: which run of the server it
is.  What was stored in an earlier one is forgotten: nobody knows what that has lost."""

WIPE: Final = """\
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 0
"""
"""Keys: the stamp of any invalidation, the ledger.  Arguments: channel, message."""
