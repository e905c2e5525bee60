-- state_dict of modules and of the networks of hfc.model; load_state.lua has load_state_dict.
local host = ...
local shared = host.nn
local common, collect = shared.common, shared.collect

local function is_transient(module, name)
  return shared.is_module(module) and shared.transient_of(module)[name] == true
end

-- Lists {name, tensor} for everything in the state, with shared tensors under each of their names.
local function entries(module)
  local list = collect(module, "parameter", "", {})
  for _, entry in ipairs(collect(module, "buffer", "", {})) do
    if not is_transient(entry[3], entry[4]) then list[#list + 1] = entry end
  end
  return list
end

function common:state_dict(...)
  local o = host.arguments("Module:state_dict", {"prefix"}, {prefix = ""}, 2, ...)
  local state = {}
  for _, entry in ipairs(entries(self)) do state[o.prefix .. entry[1]] = entry[2]:detach() end
  return state
end

common.load_state_dict = host.make_load_state_dict(function(module, visit)
  for _, entry in ipairs(entries(module)) do visit(entry[1], entry[2]) end
end)
