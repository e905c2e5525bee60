-- torch.nn.ModuleDict and ParameterDict: dictionaries of modules and of parameters.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.nn
local class_name = host.nn.class_name

local function check(self, name, value)
  if type(name) ~= "string" then
    error(string.format("torch.nn.%s: a name must be a string, got %s",
      class_name(self), type(name)))
  end
  local fits = self._of == "module" and nn.is_module(value)
    or self._of == "parameter" and torch.is_tensor(value)
  if not fits then
    error(string.format("torch.nn.%s: '%s' must be a %s, got %s",
      class_name(self), name, self._of == "module" and "module" or "Tensor",
      type(value)))
  end
end

local function put(self, name, value)
  check(self, name, value)
  if self[name] ~= nil and not shared.kinds_of(self)[name] then
    error(string.format("torch.nn.%s: '%s' is already the name of a method or field",
      class_name(self), name))
  end
  if self._of == "parameter" then value = shared.as_parameter(value) end
  shared.remember(self, name, self._of)
  rawset(self, name, value)
end

-- Adds {name = value} in alphabetical order, or a list of pairs {name, value} in the given order.
local function put_all(self, entries)
  if type(entries) ~= "table" then
    error(string.format("torch.nn.%s: expected a table, got %s",
      class_name(self), type(entries)))
  end
  for i = 1, table.maxn(entries) do
    local pair = entries[i]
    if type(pair) ~= "table" or getmetatable(pair) then
      error(string.format("torch.nn.%s: element %d must be a pair {name, value}",
        class_name(self), i))
    end
    put(self, pair[1], pair[2])
  end
  local names = {}
  for name in pairs(entries) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do put(self, name, entries[name]) end
end

local methods = {}
function methods:items() return shared.each(self, self._of) end
function methods:keys()
  local list = {}
  for name in self:items() do list[#list + 1] = name end
  return list
end
function methods:values()
  local list = {}
  for _, value in self:items() do list[#list + 1] = value end
  return list
end
function methods:len() return #self:keys() end
function methods:contains(name)
  return shared.kinds_of(self)[name] ~= nil and rawget(self, name) ~= nil
end
function methods:update(entries) put_all(self, entries) end
function methods:pop(name)
  local value = self:contains(name) and self[name]
  if not value then error(string.format("pop: there is no entry '%s'", tostring(name))) end
  rawset(self, name, nil)
  local order = shared.order_of(self)
  for i = #order, 1, -1 do
    if order[i] == name then table.remove(order, i) end
  end
  shared.kinds_of(self)[name] = nil
  return value
end
function methods:clear()
  for _, name in ipairs(self:keys()) do self:pop(name) end
end

local function make(name, of, text)
  local class = nn.module(name)
  class._of = of
  function class:init(entries)
    if entries ~= nil then put_all(self, entries) end
  end
  for method, f in pairs(methods) do class[method] = f end
  nn[name] = host.declare("torch.nn." .. name, text .. "\z
    \n\n\z
    dict[name] and dict.name return an entry. keys() and values() return lists, and \"for name, \z
    value in dict:items() do\" iterates over all entries in order. len(), contains(name), \z
    update(table) and pop(name) work as in PyTorch. A table {name = value} has no order in Lua, \z
    so it is sorted by name; a list of pairs {{name, value}, ...} keeps its order.", class)
  return class
end

make("ModuleDict", "module", "\z
  torch.nn.ModuleDict {name = module, ...} -> module\n\n\z
  Makes a table of named modules that belong to a network. The network's forward method decides \z
  how to call them.")
local ParameterDict = make("ParameterDict", "parameter", "\z
  torch.nn.ParameterDict {name = tensor, ...} -> module\n\n\z
  Makes a table of named parameters that belong to a network. Parameters are kept as they are; \z
  other tensors are converted to parameters.")
function ParameterDict:extra_repr()
  local lines = {}
  for name, tensor in self:items() do
    lines[#lines + 1] = string.format("(%s): Parameter containing: [torch.%s of size %s]",
      name, tensor.dtype, table.concat(tensor.shape, "x"))
  end
  return table.concat(lines, "\n")
end
