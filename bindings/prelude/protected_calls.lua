-- pcall, xpcall and coroutine.resume catch errors, but do not keep the script from ending: --help,
-- a wrong option and Ctrl-C pass through them. This file also replaces collectgarbage.
local host = ...
local error, keep_frames, must_stop, type = error, host.keep_frames, host.must_stop, type
local pcall, xpcall = pcall, xpcall
local collect, collectgarbage = host.collect_garbage, collectgarbage
local create, resume = coroutine.create, coroutine.resume

local function pass(ok, ...)
  if not ok and must_stop() then error((...), 0) end
  return ok, ...
end

function _G.pcall(...) return pass(pcall(...)) end

function _G.xpcall(f, handler, ...)
  if type(handler) ~= "function" then return xpcall(f, handler, ...) end
  local function guarded_handler(value)
    if must_stop() then return value end
    return handler(value)
  end
  return pass(xpcall(f, guarded_handler, ...))
end

-- A hook that refers to its tensor becomes garbage only after C++ has released the tensor.
function _G.collectgarbage(what, ...)
  if what == nil or what == "collect" then
    collect()
    return 0
  end
  return collectgarbage(what, ...)
end

rawset(_G.coroutine, "resume", function(...) return pass(resume(...)) end)

-- Raises an error with its value unchanged, and keeps the coroutine's frames for the traceback.
local function leave(co, ok, ...)
  if ok then return ... end
  local value = ...
  keep_frames(co, value)
  error(value, value == "cannot resume dead coroutine" and 3 or 0)
end

rawset(_G.coroutine, "wrap", function(f)
  local co = create(f)
  return function(...) return leave(co, resume(co, ...)) end
end)
