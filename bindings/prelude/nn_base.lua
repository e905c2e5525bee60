-- torch.nn.module: networks written in Lua. A module is a table with fields; those that are
-- parameters, buffers or modules are known by name, in the order in which they were first set, to
-- parameters(), state_dict(), to() and the C++ core.
local host = ...

local nn = {}
torch.nn = nn

-- The methods that all modules have; those that only need named_parameters and named_buffers serve
-- the C++ models too.
local common, Module = {}, {}

local function is_module(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and meta.is_module == true
end

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
    error(("a %s must have a name, got field %s; \z
      torch.nn.ModuleList holds modules by number"):format(kind, tostring(name)), 3)
  end
  if not module._kind[name] then module._order[#module._order + 1] = name end
  module._kind[name] = kind
end

-- A field that was something else when it was first set escapes __newindex: looks for those that
-- have become parameters or modules since.
local function find_new(module)
  local found = {}
  for key, value in next, module do
    if type(key) == "string" and not module._kind[key] and kind_of(value) then
      found[#found + 1] = key
    end
  end
  table.sort(found)
  for _, key in ipairs(found) do remember(module, key, kind_of(module[key])) end
end

-- Iterates over the fields of one kind: for name, value in each(module, "parameter").
local function each(module, kind)
  find_new(module)
  local i = 0
  return function()
    while i < #module._order do
      i = i + 1
      local name = module._order[i]
      local value = rawget(module, name)
      local fits = kind == "module" and (is_module(value) or is_model(value))
        or kind ~= "module" and torch.is_tensor(value)
      if module._kind[name] == kind and fits then return name, value end
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

local function walk(module, prefix, list)
  list[#list + 1] = {prefix, module}
  if is_module(module) then
    for name, child in each(module, "module") do
      walk(child, prefix == "" and name or prefix .. "." .. name, list)
    end
  end
  return list
end

function Module:named_modules() return iterate(walk(self, "", {})) end

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

local function listed(names)
  table.sort(names)
  local shown = {}
  for i = 1, math.min(#names, 8) do shown[i] = names[i] end
  return table.concat(shown, ", ") .. (#names > 8 and (" and %d more"):format(#names - 8) or "")
end

function common:load_state_dict(state, options)
  local strict = not options or options.strict ~= false
  local missing, unexpected, wrong, own = {}, {}, {}, {}
  each_state(self, function(name, tensor)
    own[name] = tensor
    local given = state[name]
    if given == nil then
      missing[#missing + 1] = name
    elseif not torch.is_tensor(given) then
      wrong[#wrong + 1] = ("%s is no Tensor"):format(name)
    elseif table.concat(given.shape, "x") ~= table.concat(tensor.shape, "x") then
      wrong[#wrong + 1] = ("%s has shape [%s], expected [%s]"):format(
        name, table.concat(given.shape, ", "), table.concat(tensor.shape, ", "))
    end
  end)
  for name in pairs(state) do
    if not own[name] then unexpected[#unexpected + 1] = tostring(name) end
  end
  local faults = {}
  if #wrong > 0 then faults[#faults + 1] = listed(wrong) end
  if strict and #missing > 0 then faults[#faults + 1] = "missing: " .. listed(missing) end
  if strict and #unexpected > 0 then faults[#faults + 1] = "unexpected: " .. listed(unexpected) end
  if #faults > 0 then error("load_state_dict: " .. table.concat(faults, "; "), 2) end
  torch.no_grad(function()
    for name, tensor in pairs(own) do
      if state[name] then tensor:copy_(state[name]) end
    end
  end)
  return self
end

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
    local result = {}
    seen[value] = result
    for key, field in next, value do rawset(result, key, copy(field, seen)) end
    return setmetatable(result, getmetatable(value))
  end
  return seen[value] or value
end

function Module:clone() return copy(self, {}) end
function Module:extra_repr() return "" end
function Module:forward()
  error(("%s has no forward: write function %s:forward(x)"):format(
    getmetatable(self).name, getmetatable(self).name), 2)
end

local function describe(module)
  local name, lines = getmetatable(module).name, {}
  for child_name, child in each(module, "module") do
    lines[#lines + 1] = ("  (%s): %s"):format(child_name, (tostring(child):gsub("\n", "\n  ")))
  end
  local extra = module:extra_repr()
  if #lines == 0 then return ("%s(%s)"):format(name, extra) end
  return ("%s(%s\n%s\n)"):format(name, extra, table.concat(lines, "\n"))
end

local function results(...) return ... end

-- Calls forward. Without `results` this were a tail call, and tracebacks could not name the layer.
local function call(module, ...) return results(module:forward(...)) end

-- Makes a class of modules. A new instance is made by calling the class: the fields' tables, then
-- init(self, ...).
local function new_class(name, parent)
  local methods = setmetatable({}, {__index = parent})
  local meta = {
    name = name, is_module = true, find_new = find_new, __index = methods, __tostring = describe,
    __call = call,
    __newindex = function(module, key, value)
      local kind = kind_of(value)
      if kind then remember(module, key, kind) end
      rawset(module, key, value)
    end,
  }
  local class = {}
  return setmetatable(class, {
    __index = methods, __newindex = methods, is_class = true,
    __tostring = function() return "class " .. name end,
    __call = function(_, ...)
      local module = setmetatable({_order = {}, _kind = {}, training = true}, meta)
      if module.init then module:init(...) end
      return module
    end,
  })
end

-- Methods of networks written in Lua, and of those of hfc.model where it says so by standing in
-- `common`.
local documentation = {
  parameters = "module:parameters() -> list of Tensors\n\n\z
    The weights, in the order of named_parameters().",
  buffers = "module:buffers() -> list of Tensors\n\n\z
    What belongs to the state without being trained: running statistics and their like.",
  named_parameters = "for name, tensor in module:named_parameters() do\n\n\z
    The weights by name (\"conv.weight\"), each once.",
  named_buffers = "for name, tensor in module:named_buffers() do\n\nThe buffers by name.",
  children = "module:children() -> list of modules\n\nThe modules that are fields.",
  named_children = "for name, module in module:named_children() do\n\n\z
    The modules that are fields, in the order in which they were set.",
  modules = "module:modules() -> list of modules\n\nThe module itself and all below it.",
  named_modules = "for name, module in module:named_modules() do\n\n\z
    The module itself (name \"\") and all below it.",
  state_dict = "module:state_dict() -> table name -> Tensor\n\n\z
    Parameters and buffers; they share memory with the module's.",
  load_state_dict = "module:load_state_dict(state, {strict = true}) -> module\n\n\z
    Copies values by name. Errors: missing and unexpected names "
    .. "(unless strict is false), another shape; nothing is changed then.",
  zero_grad = "module:zero_grad() -> module\n\nDrops the gradients of the parameters.",
  requires_grad_ = "module:requires_grad_(mode = true) -> module\n\n\z
    Whether the parameters ask for gradients.",
  train = "module:train(mode = true) -> module\n\n\z
    Training mode for the module and all below it; evaluation mode with false.",
  eval = "module:eval() -> module\n\nEvaluation mode.",
  to = "module:to(device or dtype, ...) -> module\n\n\z
    Moves the parameters and buffers in place; whole numbers keep their dtype.",
  apply = "module:apply(f) -> module\n\nCalls f on each module below, then on the module itself.",
  register_parameter = "module:register_parameter(name, tensor)\n\n\z
    Makes a tensor a parameter, also one that asks for no gradient.",
  register_buffer = "module:register_buffer(name, tensor)\n\nMakes a tensor a buffer.",
  add_module = "module:add_module(name, module)\n\nMakes a module a field under any name.",
  clone = "module:clone() -> module\n\nA copy that shares nothing with the module.",
  extra_repr = "module:extra_repr() -> text\n\n\z
    What tostring(module) shows in its brackets; classes may give their own.",
  forward = "module:forward(x, ...) -> result\n\n\z
    What module(x, ...) calls; each class writes its own.",
}
for name, method in pairs(common) do
  Module[name] = method
  host.methods("Model")[name] = method
end
for name, text in pairs(documentation) do host.declare("Module:" .. name, text, Module[name]) end

nn.module = host.declare("torch.nn.module", "\z
  torch.nn.module(name, parent) -> class\n\n\z
  A class of networks of one's own: give it `init(self, ...)`, which sets fields, and \z
  `forward(self, x)`; class(...) makes one.\n\z
  Fields that are modules, or leaf tensors with requires_grad (torch.nn.Parameter), belong to the \z
  network: parameters(), named_parameters(),\n\z
  state_dict(), load_state_dict(state, {strict = true}), train(), eval(), to(device or dtype), \z
  apply(f), clone(), zero_grad(), children(),\n\z
  named_modules(), register_buffer(name, tensor) work as in PyTorch. Such a network is accepted \z
  wherever hfc takes a model.\n\z
  parent: a class whose methods are inherited.", function(name, parent)
  if type(name) ~= "string" then
    error("torch.nn.module: expected a name, got " .. type(name), 2)
  end
  local inherited = Module
  if parent ~= nil then
    local meta = type(parent) == "table" and getmetatable(parent)
    if not (type(meta) == "table" and meta.is_class) then
      error("torch.nn.module: the parent must be a class made by torch.nn.module", 2)
    end
    inherited = meta.__index
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
