-- torch.nn.Sequential and lists of modules: children can also be accessed by zero-based index.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.nn
local class_name = host.nn.class_name

-- A container has these raw fields: its children by name ("0", "1", ...), for the rest of torch.nn
-- and the C++ core; its children by number, from 0; and `false` after the last number, so that #
-- (which LuaJIT computes from the raw fields) is the number of children. `_seen` records the names
-- and children after each use, so that the next use notices any assignment to these fields.

local function children_of(self)
  local names, modules, kinds = {}, {}, shared.kinds_of(self)
  for _, name in ipairs(shared.order_of(self)) do
    local child = rawget(self, name)
    if child ~= nil and kinds[name] == self._of then
      names[#names + 1] = name
      modules[#modules + 1] = child
    end
  end
  return names, modules
end

-- Sets the numbered fields and records the children in `_seen`.
local function settle(self)
  local names, modules = children_of(self)
  local before, count = self._seen or {n = 0}, #modules
  for i = count, before.n + 1 do rawset(self, i, nil) end
  local seen = {n = count, names = names, order = #shared.order_of(self)}
  for i = 1, count do
    seen[i] = modules[i]
    rawset(self, i - 1, modules[i])
  end
  rawset(self, count, false)
  if count == 0 then rawset(self, 0, false) end
  rawset(self, "_seen", seen)
  return seen
end

local function forget(self, name)
  rawset(self, name, nil)
  local order = shared.order_of(self)
  for i, known in ipairs(order) do
    if known == name then
      table.remove(order, i)
      break
    end
  end
  shared.kinds_of(self)[name] = nil
end

-- Gives the children the names 0, 1, 2 ..., as PyTorch does after a removal by number.
local function renumber(self, modules)
  for _, name in ipairs(self._seen.names) do forget(self, name) end
  for i, module in ipairs(modules) do
    shared.remember(self, tostring(i - 1), self._of)
    rawset(self, tostring(i - 1), module)
  end
  return settle(self)
end

local function expected(self, value, where)
  if self._of == "parameter" then
    if torch.is_tensor(value) then return shared.as_parameter(value) end
    error(string.format("%s: expected a Tensor, got %s", where, tostring(value)))
  end
  if nn.is_module(value) then return value end
  error(string.format("%s: expected a module, got %s%s", where, tostring(value),
    value == nil and "; leave it out, or use torch.nn.Identity() instead"
      or type(value) == "table" and " (to create a module, call the class: torch.nn.ReLU())" or ""))
end

-- Applies the assignments by number that the script has made since the last call.
local function adopt(self, seen)
  local modules, removed = {}, false
  for i = 1, seen.n do
    local now = rawget(self, i - 1)
    if now == nil then
      removed = true
    elseif not rawequal(now, seen[i]) then  -- tensors cannot be compared with ~=
      rawset(self, seen.names[i], expected(self, now, string.format("element %d", i - 1)))
    end
    if now ~= nil then modules[#modules + 1] = rawget(self, seen.names[i]) end
  end
  local last = rawget(self, seen.n)
  if last then modules[#modules + 1] = expected(self, last, string.format("element %d", seen.n)) end
  if removed or last then return renumber(self, modules) end
  return settle(self)
end

-- The children as a list {n = 3, child, child, child}, after applying any new assignments.
local function current(self)
  local seen = self._seen
  if not seen then return settle(self) end
  for i = 1, seen.n do
    if not rawequal(rawget(self, i - 1), seen[i]) then return adopt(self, seen) end
  end
  if rawget(self, seen.n) ~= false then return adopt(self, seen) end
  for i = 1, seen.n do
    if not rawequal(rawget(self, seen.names[i]), seen[i]) then return settle(self) end
  end
  if #shared.order_of(self) ~= seen.order then return settle(self) end
  return seen
end

shared.take_over = current

-- Converts a zero-based index to a position in the list; negative indices count from the end.
-- Returns nil if the index is out of range.
local function position(seen, i)
  if i < 0 then i = i + seen.n end
  if i >= 0 and i < seen.n then return i + 1 end
end

local container = {
  get = function(self, i)
    local seen = current(self)
    local at = position(seen, i)
    return at and seen[at]
  end,
  set = function(self, i, value)
    local seen = current(self)
    local at = position(seen, i)
    if not at then
      error(string.format("%s: index %s is out of range for %d elements",
        class_name(self), tostring(i), seen.n))
    end
    rawset(self, at - 1, value)
    adopt(self, seen)
  end,
}

-- Reads elements given as arguments or as one table. An element may be a pair {name, module}; a
-- hole is an error.
local function elements(self, ...)
  local list, count = {...}, select("#", ...)
  if count == 1 and type(list[1]) == "table" and not nn.is_module(list[1]) then
    if getmetatable(list[1]) then expected(self, list[1], "element 1") end
    list, count = list[1], table.maxn(list[1])
  end
  local result = {}
  for i = 1, count do
    local value, name = list[i], nil
    local named = type(value) == "table" and not getmetatable(value) and type(value[1]) == "string"
    if named then name, value = value[1], value[2] end
    result[i] = {name, expected(self, value, string.format("torch.nn.%s: element %d of %d",
      class_name(self), i, count))}
  end
  return result
end

local function free_name(self)
  local kinds, number = shared.kinds_of(self), current(self).n
  while kinds[tostring(number)] and rawget(self, tostring(number)) ~= nil do
    number = number + 1
  end
  return tostring(number)
end

local function add(self, name, value)
  name = name or free_name(self)
  -- If the name was used before and is free again, it moves to the end of the order.
  if rawget(self, name) == nil then forget(self, name) end
  shared.remember(self, name, self._of)
  rawset(self, name, value)
  settle(self)
end

local methods = {}
function methods:append(value)
  add(self, nil, expected(self, value, "append"))
  return self
end
function methods:extend(values)
  if not nn.is_module(values) and type(values) ~= "table" then
    error("extend: expected a list, got " .. type(values))
  end
  local list = nn.is_module(values) and values:children() or values
  for _, entry in ipairs(elements(self, {unpack(list, 1, table.maxn(list))})) do
    add(self, entry[1], entry[2])
  end
  return self
end
function methods:insert(i, value)
  local seen = current(self)
  local at = i == seen.n and i + 1 or position(seen, i)
  if not at then
    error(string.format("insert: position %s is out of range for %d modules", tostring(i), seen.n))
  end
  local list = {unpack(seen, 1, seen.n)}
  table.insert(list, at, (expected(self, value, "insert")))
  renumber(self, list)
  return self
end
function methods:pop(i)
  local seen = current(self)
  local at = position(seen, i or -1)
  if not at then
    error(string.format("pop: index %s is out of range for %d elements", tostring(i), seen.n))
  end
  local list = {unpack(seen, 1, seen.n)}
  local removed = table.remove(list, at)
  renumber(self, list)
  return removed
end
function methods:len() return current(self).n end

local function make(name, of, text)
  local class = shared.new_class(name, shared.Module, container)
  class._of = of
  function class:init(...)
    for _, entry in ipairs(elements(self, ...)) do add(self, entry[1], entry[2]) end
    settle(self)
  end
  for method, f in pairs(methods) do class[method] = f end
  nn[name] = host.declare("torch.nn." .. name, text, class)
  return class
end

local numbers = "\z
  \n\n\z
  net[0] is the first module, net[-1] is the last, and #net is the number of modules. net[i] = \z
  module replaces module i; its entry by name (such as net[\"0\"]) is updated when the network is \z
  next used. append(module), insert(i, module), extend(list) and pop(i) work as in PyTorch. To \z
  loop over the modules, use \"for i = 0, #net - 1 do\" or ipairs(net:children()). A nil in the \z
  list is an error."

local Sequential = make("Sequential", "module", "\z
  torch.nn.Sequential(module, ...) or torch.nn.Sequential {module, ...} -> module\n\n\z
  Calls modules one after another, each with the result of the previous one. Their names \z
  are 0, 1, 2 and so on; a pair {\"conv\", module} in the list gives a module its own name."
  .. numbers)
function Sequential:forward(x)
  local modules = current(self)
  for i = 1, modules.n do x = modules[i](x) end
  return x
end

make("ModuleList", "module", "\z
  torch.nn.ModuleList {module, ...} -> module\n\n\z
  Makes a list of modules that belong to a network. The network's forward method decides how to \z
  call them." .. numbers)

local ParameterList = make("ParameterList", "parameter", "\z
  torch.nn.ParameterList {tensor, ...} -> module\n\n\z
  Makes a list of parameters that belong to a network. Parameters are kept as they are; other \z
  tensors are converted to parameters. list[0] is the first parameter, and #list is the number of \z
  parameters. append(tensor), extend(list) and pop(i) work as in PyTorch.")
function ParameterList:extra_repr()
  local lines = {}
  for i, tensor in ipairs(current(self)) do
    lines[i] = string.format("(%d): Parameter containing: [torch.%s of size %s]",
      i - 1, tensor.dtype, table.concat(tensor.shape, "x"))
  end
  return table.concat(lines, "\n")
end

host.accept_small_names(nn, "torch.nn")
