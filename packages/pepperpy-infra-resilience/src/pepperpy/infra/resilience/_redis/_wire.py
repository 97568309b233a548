"""Key names, scripts, and what they answer: everything that the server sees.

Every script has one key, so a cluster takes them all; every key has a time to live.  Times are the
server's.  A circuit is a hash: whether it is `open`, the `version` of that, `until` when it may not
be probed, the `rounds` of probes that failed, the `proofs` of those that did not, and for each lease
a field ``p:<token>`` with the time at which it ends.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pepperpy.infra.resilience._share import View

_CIRCUIT = """\
local key, channel, name = KEYS[1], ARGV[1], ARGV[2]
local keep, expected = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local granted = 0

-- What others put here counts as nothing, and the next change replaces it.
local has = redis.pcall('HMGET', key, 'open', 'version', 'until', 'rounds', 'proofs')
local function number(text) return tonumber(text) or 0 end
local open, version = has[1] == '1', number(has[2])
local ends, rounds, proofs = number(has[3]), number(has[4]), number(has[5])

local function reply()
  return {granted, open and 1 or 0, version, math.max(0, ends - now), rounds}
end

local function become(opens, at, failed)
  version = math.max(version + 1, expected + 1, time[1] * 1000000 + time[2])
  open, ends, rounds, proofs = opens, at, failed, 0
  redis.call('DEL', key)
  redis.call('HSET', key, 'open', open and 1 or 0, 'version', string.format('%.0f', version),
    'until', ends, 'rounds', rounds, 'proofs', 0)
  redis.call('PEXPIRE', key, math.max(0, ends - now) + keep)
  redis.call('PUBLISH', channel, string.format('%d %.0f %d %d %s', open and 1 or 0, version,
    math.max(0, ends - now), rounds, name))
end
"""

LOOK = f"{_CIRCUIT}return reply()"

OPEN = f"""{_CIRCUIT}
if version <= expected then
  granted = 1
  become(true, now + tonumber(ARGV[5]), tonumber(ARGV[6]))
end
return reply()
"""

CLOSE = f"""{_CIRCUIT}
granted = 1
become(false, now, 0)
return reply()
"""

# A caller whose circuit is open knows better than a store that lost it, or never heard of it.
LEASE = f"""{_CIRCUIT}
local token, ttl, most = 'p:' .. ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
if not open and version <= expected then become(true, now, tonumber(ARGV[8])) end
if not open or now < ends then return reply() end
local used, fields = 0, redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  if fields[i] ~= token and string.sub(fields[i], 1, 2) == 'p:' then
    if number(fields[i + 1]) > now then used = used + 1 else redis.call('HDEL', key, fields[i]) end
  end
end
if used < most then
  redis.call('HSET', key, token, now + ttl)
  redis.call('PEXPIRE', key, ttl + keep)
  granted = 1
end
return reply()
"""

RENEW = f"""{_CIRCUIT}
local token, ttl = 'p:' .. ARGV[5], tonumber(ARGV[6])
if version == expected and redis.call('HEXISTS', key, token) == 1 then
  redis.call('HSET', key, token, now + ttl)
  redis.call('PEXPIRE', key, ttl + keep)
  granted = 1
end
return reply()
"""

PROVE = f"""{_CIRCUIT}
if version == expected and redis.call('HDEL', key, 'p:' .. ARGV[5]) == 1 then
  granted = 1
  if proofs + 1 >= tonumber(ARGV[6]) then
    become(false, now, 0)
  else
    redis.call('HINCRBY', key, 'proofs', 1)
  end
end
return reply()
"""

REFUTE = f"""{_CIRCUIT}
if version == expected and redis.call('HDEL', key, 'p:' .. ARGV[5]) == 1 then
  granted = 1
  become(true, now + tonumber(ARGV[6]), tonumber(ARGV[7]))
end
return reply()
"""

RELEASE = f"""{_CIRCUIT}
if version == expected then granted = redis.call('HDEL', key, 'p:' .. ARGV[5]) end
return reply()
"""

# Refused by a server that is full (which asks before the first write only), by a replica, and for who may
# not do what the other scripts do.
CHECK = """\
redis.call('SET', KEYS[1], '', 'PX', 1000)
redis.call('PUBLISH', ARGV[1], '')
"""

# A bucket is the time at which it is full again, in microseconds.
TAKE = """\
local time = redis.call('TIME')
local now, taken = time[1] * 1000000 + time[2], tonumber(ARGV[1])
local full = math.max(tonumber(redis.pcall('GET', KEYS[1])) or 0, now) + taken
if taken ~= 0 then
  full = math.max(full, now)
  local ttl = math.ceil((full - now) / 1000) + 1000
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', ttl))
end
return string.format('%.0f', full - now)
"""

# What was spent of a budget may be more than it had, as nobody waits for the answer.
SPEND = """\
local most = tonumber(ARGV[2])
local left = tonumber(redis.pcall('GET', KEYS[1])) or most
left = math.max(-most, math.min(most, left + tonumber(ARGV[1])))
if tonumber(ARGV[1]) ~= 0 then
  redis.call('SET', KEYS[1], string.format('%.9g', left), 'PX', ARGV[3])
end
return string.format('%.9g', left)
"""


class Reply(NamedTuple):
    """What a script of circuits answers."""

    granted: bool
    view: View


def read_reply(reply: Any) -> Reply:
    """What the server sent, as values."""
    granted, is_open, version, remaining, rounds = map(int, reply)
    return Reply(bool(granted), View(version, bool(is_open), remaining / 1000, rounds))


def read_message(data: bytes) -> tuple[str, View]:
    """The name of a circuit that changed, and what it is."""
    is_open, version, remaining, rounds, name = data.split(b" ", 4)
    view = View(int(version), is_open == b"1", int(remaining) / 1000, int(rounds))
    return name.decode("utf-8", "surrogatepass"), view


def milliseconds(seconds: float) -> int:
    """As the scripts want them."""
    return math.ceil(seconds * 1000)
