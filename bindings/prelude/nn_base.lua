-- torch.nn.module: networks written in Lua. A module is a table with fields; those that are
-- parameters, buffers or modules are known by name, in the order in which they were first set, to
-- parameters(), state_dict(), to() and the C++ core.
local host = ...

-- torch.nn.utils is the host's.
local nn = rawget(torch, "nn") or {}
torch.nn = nn

-- What belongs to a module, by the module: {name = its class's, order = names in the order in which
-- they were first set, kinds = name -> "parameter", "buffer" or "module"}. Only what a class made
-- has a record, and no script sees this table, so a record cannot be forged. The C++ core reads it.
local records = setmetatable({}, {__mode = "k"})
host.export("module_records", records)

-- The methods of each class, by the class.
local classes = setmetatable({}, {__mode = "k"})

-- The methods that all modules have; those that only need named_parameters and named_buffers serve
-- the C++ models too.
local common, Module = {}, {}

local function is_module(value) return value ~= nil and records[value] ~= nil end
host.is_module = is_module

function host.class_name_of(module) return records[module] and records[module].name end

local function is_model(value)
  return type(value) == "userdata" and getmetatable(value) == "Model"
end

-- What a field is when it is set: a module; a parameter (a leaf that asks for its gradient);
-- nothing special.
local function kind_of(value)
  if is_module(value) or is_model(value) then return "module" end
  if torch.is_tensor(value) and value.requires_grad and value.is_leaf then return "parameter" end
end

local function remember(module, name, kind)
  if type(name) ~= "string" then
    error(string.format("a %s must have a name, got field %s; \z
      torch.nn.ModuleList holds modules by number", kind, tostring(name)), 3)
  end
  local record = records[module]
  if not record then
    error(string.format("expected a module of torch.nn, got a %s", type(module)), 3)
  end
  if not record.kinds[name] then record.order[#record.order + 1] = name end
  record.kinds[name] = kind
end

-- A field that was something else when it was first set escapes __newindex: looks for those that
-- have become parameters or modules since.
local function find_new(module)
  local found, kinds = {}, records[module].kinds
  for key, value in next, module do
    if type(key) == "string" and not kinds[key] and kind_of(value) then
      found[#found + 1] = key
    end
  end
  table.sort(found)
  for _, key in ipairs(found) do remember(module, key, kind_of(rawget(module, key))) end
end
host.export("find_new_fields", find_new)

-- Iterates over the fields of one kind: for name, value in each(module, "parameter").
local function each(module, kind)
  local record = records[module]
  if not record then
    error(string.format("expected a module of torch.nn, got a %s", type(module)), 3)
  end
  find_new(module)
  local order, kinds, i = record.order, record.kinds, 0
  return function()
    while i < #order do
      i = i + 1
      local name = order[i]
      local value = rawget(module, name)
      local fits = kind == "module" and (is_module(value) or is_model(value))
        or kind ~= "module" and torch.is_tensor(value)
      if kinds[name] == kind and fits then return name, value end
    end
  end
end

local function iterate(list)
  local i = 0
  return function()
    i = i + 1
    if list[i] then return list[i][1], list[i][2] end
  end
end

-- All tensors of one kind below a module as {name, tensor}; one that stands at two places counts
-- once.
local function collect(module, kind, prefix, list, seen)
  if is_model(module) then
    for name, tensor in
      (kind == "parameter" and module.named_parameters or module.named_buffers)(module)
    do
      list[#list + 1] = {prefix .. name, tensor}
    end
    return list
  end
  if seen[module] then return list end
  seen[module] = true
  for name, tensor in each(module, kind) do
    if not seen[tensor] then
      seen[tensor] = true
      list[#list + 1] = {prefix .. name, tensor}
    end
  end
  for name, child in each(module, "module") do
    collect(child, kind, prefix .. name .. ".", list, seen)
  end
  return list
end

function Module:named_parameters() return iterate(collect(self, "parameter", "", {}, {})) end
function Module:named_buffers() return iterate(collect(self, "buffer", "", {}, {})) end
function Module:named_children() return each(self, "module") end

function Module:children()
  local list = {}
  for _, child in each(self, "module") do list[#list + 1] = child end
  return list
end

local function walk(module, prefix, list, around)
  if around[module] then error("the network contains itself at '" .. prefix .. "'", 0) end
  around[module] = true
  list[#list + 1] = {prefix, module}
  if is_module(module) then
    for name, child in each(module, "module") do
      walk(child, prefix == "" and name or prefix .. "." .. name, list, around)
    end
  end
  around[module] = nil
  return list
end

function Module:named_modules() return iterate(walk(self, "", {}, {})) end

function Module:modules()
  local list = {}
  for _, module in self:named_modules() do list[#list + 1] = module end
  return list
end

function common:parameters()
  local list = {}
  for _, tensor in self:named_parameters() do list[#list + 1] = tensor end
  return list
end

function common:buffers()
  local list = {}
  for _, tensor in self:named_buffers() do list[#list + 1] = tensor end
  return list
end

-- One function for the parameters and buffers of a model: visit(name, tensor).
local function each_state(module, visit)
  for name, tensor in module:named_parameters() do visit(name, tensor) end
  for name, tensor in module:named_buffers() do visit(name, tensor) end
end

function common:state_dict()
  local state = {}
  each_state(self, function(name, tensor) state[name] = tensor:detach() end)
  return state
end

common.load_state_dict = host.make_load_state_dict(each_state)

function common:zero_grad()
  for _, tensor in self:named_parameters() do tensor.grad = nil end
  return self
end

function common:requires_grad_(mode)
  for _, tensor in self:named_parameters() do tensor:requires_grad_(mode ~= false) end
  return self
end

function common:eval() return self:train(false) end

function Module:train(mode)
  self.training = mode ~= false
  for _, child in each(self, "module") do child:train(mode ~= false) end
  return self
end

function Module:to(...)
  local arguments = {...}
  each_state(self, function(_, tensor)
    local moved = tensor:detach():to(unpack(arguments))
    -- Whole numbers, such as a count of batches, keep their type.
    if not tensor:is_floating_point() then moved = tensor:detach():to(moved.device) end
    tensor:set_data(moved)
    if tensor.grad then tensor.grad = tensor.grad:to(unpack(arguments)) end
  end)
  return self
end

function Module:apply(visit)
  for _, child in each(self, "module") do child:apply(visit) end
  visit(self)
  return self
end

function Module:register_parameter(name, tensor)
  if tensor ~= nil and not torch.is_tensor(tensor) then
    error("register_parameter: expected a Tensor, got " .. type(tensor), 2)
  end
  remember(self, name, "parameter")
  rawset(self, name, tensor)
end

function Module:register_buffer(name, tensor)
  if tensor ~= nil and not torch.is_tensor(tensor) then
    error("register_buffer: expected a Tensor, got " .. type(tensor), 2)
  end
  remember(self, name, "buffer")
  rawset(self, name, tensor)
end

function Module:add_module(name, module)
  if not is_module(module) and not is_model(module) then
    error("add_module: expected a module, got " .. type(module), 2)
  end
  remember(self, name, "module")
  rawset(self, name, module)
end

-- A copy that shares no tensor; what stands at two places is copied once.
local function copy(value, seen)
  if seen[value] then return seen[value] end
  if is_model(value) then
    seen[value] = value:clone()
  elseif torch.is_tensor(value) then
    seen[value] = value:detach():clone():requires_grad_(value.requires_grad)
  elseif type(value) == "table" then
    local result, record = {}, records[value]
    seen[value] = result
    if record then
      records[result] = {
        name = record.name, order = copy(record.order, {}), kinds = copy(record.kinds, {}),
      }
    end
    for key, field in next, value do rawset(result, key, copy(field, seen)) end
    debug.setmetatable(result, debug.getmetatable(value))
    return result
  end
  return seen[value] or value
end

function Module:clone() return copy(self, {}) end
function Module:extra_repr() return "" end
function Module:forward()
  error(string.format("%s has no forward: write function %s:forward(x)",
    records[self].name, records[self].name), 2)
end

local describing = {}  -- the modules around the one that is described

local function describe(module)
  local name, lines = records[module].name, {}
  if describing[module] then return name .. "(...)" end
  describing[module] = true
  for child_name, child in each(module, "module") do
    local ok, text = pcall(tostring, child)
    if not ok then
      describing[module] = nil
      error(text, 0)
    end
    lines[#lines + 1] = string.format("  (%s): %s", child_name, (string.gsub(text, "\n", "\n  ")))
  end
  describing[module] = nil
  local extra = module:extra_repr()
  if #lines == 0 then return string.format("%s(%s)", name, extra) end
  return string.format("%s(%s\n%s\n)", name, extra, table.concat(lines, "\n"))
end

local function results(...) return ... end

-- Calls forward. Without `results` this were a tail call, and tracebacks could not name the layer.
local function call(module, ...) return results(module:forward(...)) end

-- Makes a class of modules. A new instance is made by calling the class: the fields' tables, then
-- init(self, ...).
local function new_class(name, parent)
  local methods = setmetatable({}, {__index = parent})
  local meta = {
    name = name, __index = methods, __tostring = describe, __metatable = name, __call = call,
    __newindex = function(module, key, value)
      local kind = kind_of(value)
      if kind then remember(module, key, kind) end
      rawset(module, key, value)
    end,
  }
  local class = {}
  classes[class] = methods
  return setmetatable(class, {
    __index = methods, __newindex = methods, __metatable = {is_class = true, name = name},
    __tostring = function() return "class " .. name end,
    __call = function(_, ...)
      local module = setmetatable({training = true}, meta)
      records[module] = {name = name, order = {}, kinds = {}}
      if module.init then module:init(...) end
      return module
    end,
  })
end

-- Those in `common` are methods of the networks of hfc.model too.
for name, method in pairs(common) do
  Module[name] = method
  host.methods("Model")[name] = method
end
for name, text in pairs(host.module_documentation) do
  host.declare("Module:" .. name, text, Module[name])
end

nn.module = host.declare("torch.nn.module", "\z
  torch.nn.module(name, parent) -> class\n\n\z
  A class of networks of one's own: give it `init(self, ...)`, which sets fields, and \z
  `forward(self, x)`; class(...) makes one.\n\z
  Fields that are modules, or leaf tensors with requires_grad (torch.nn.Parameter), belong to the \z
  network: parameters(), named_parameters(),\n\z
  state_dict(), load_state_dict(state), train(), eval(), to(device or dtype), \z
  apply(f), clone(), zero_grad(), children(),\n\z
  named_modules(), register_buffer(name, tensor) work as in PyTorch. Such a network is accepted \z
  wherever hfc takes a model.\n\z
  parent: a class whose methods are inherited.", function(name, parent)
  if type(name) ~= "string" then
    error("torch.nn.module: expected a name, got " .. type(name), 2)
  end
  local inherited = Module
  if parent ~= nil then
    inherited = classes[parent]
    if not inherited then
      error("torch.nn.module: the parent must be a class made by torch.nn.module", 2)
    end
  end
  return new_class(name, inherited)
end)

nn.Parameter = host.declare("torch.nn.Parameter", [[
torch.nn.Parameter(tensor, requires_grad = true) -> Tensor

A tensor that belongs to the module whose field it becomes: a leaf that asks for its gradient.]],
  function(tensor, requires_grad)
    return tensor:detach():requires_grad_(requires_grad ~= false)
  end)

nn.is_module = host.declare("torch.nn.is_module", [[
torch.nn.is_module(value) -> boolean

Whether the value is a network: a module written in Lua or a Model of hfc.model.]],
  function(value) return is_module(value) or is_model(value) end)
