-- Wall-clock time for the benchmarks written in Lua: local timing = dofile(FOLDER .. "timing.lua")
local ffi = require "ffi"
ffi.cdef [[
typedef struct { long seconds, nanoseconds; } hfc_time;
int clock_gettime(int clock, hfc_time* time);
]]
local time = ffi.new "hfc_time"
local timing = {}

function timing.now()
  ffi.C.clock_gettime(1, time)  -- CLOCK_MONOTONIC
  return tonumber(time.seconds) + 1e-9 * tonumber(time.nanoseconds)
end

-- Returns the time of the fastest of this many repeats, in seconds.
function timing.best(repeats, work)
  local least = math.huge
  for _ = 1, repeats do
    local start = timing.now()
    work()
    least = math.min(least, timing.now() - start)
  end
  return least
end

-- Prints one value in the format that bench/compare.py reads.
function timing.say(name, value) print(('{"name": "%s", "value": %.9g}'):format(name, value)) end

return timing
