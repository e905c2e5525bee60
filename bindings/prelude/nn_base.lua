-- torch.nn.module: networks written in Lua. A module is a table. The names of its parameters,
-- buffers and modules are recorded in the order in which they were first set, for parameters(),
-- state_dict(), to() and the C++ core. nn_base_*.lua define the methods of modules.
local host = ...

-- torch.nn may already contain torch.nn.utils, which is defined in C++.
local nn = rawget(torch, "nn") or {}
torch.nn = nn

local getinfo, raise = debug.getinfo, error

-- Like error(), but names the innermost line of the script itself, because calls between the files
-- of torch.nn are nested to varying depths.
local function error(message)
  local level, info = 2, getinfo(2, "S")
  while info and (info.what == "C" or string.find(info.source, "^=hfc:")) do
    level = level + 1
    info = getinfo(level, "S")
  end
  raise(message, info and level or 0)
end

-- module -> its record: {name = the name of its class, order = names in the order in which they
-- were first set, kinds = name -> "parameter", "buffer" or "module", transient = names of the
-- buffers that are not saved}. Only objects made by a class have a record. Scripts cannot access
-- this table, so they cannot forge records. The C++ core reads it. A record must not contain its
-- own module, because the weak table would then keep the module alive.
local records = setmetatable({}, {__mode = "k"})
host.export("module_records", records)

-- class -> its methods and its container (see field_access).
local classes = setmetatable({}, {__mode = "k"})

-- The methods of all modules; those in `common` are also methods of Model.
local common, Module = {}, {}

-- Tensors made by torch.nn.Parameter, which are parameters even if they do not require grad.
local made_parameters = setmetatable({}, {__mode = "k"})

local function is_module(value) return value ~= nil and records[value] ~= nil end

-- Whether the value is a network of hfc.model, or one of its layers.
local function is_model(value)
  local kind = type(value) == "userdata" and getmetatable(value)
  return kind == "Model" or kind == "ModelPart"
end

-- Whether the value can be a part of a network; a layer of hfc.model cannot be called.
local function is_any_module(value)
  return is_module(value) or type(value) == "userdata" and getmetatable(value) == "Model"
end

-- The kind of a field with this value: "module"; "parameter" (a torch.nn.Parameter, or a leaf that
-- requires grad); nil for any other value.
local function kind_of(value)
  if is_any_module(value) then return "module" end
  if torch.is_tensor(value)
      and (made_parameters[value] or value.requires_grad and value.is_leaf) then
    return "parameter"
  end
end

local function record_of(module)
  return records[module]
    or error(string.format("expected a torch.nn module, got a %s", type(module)))
end

-- The name of a module's class.
local function class_name(module) return record_of(module).name end

-- The names of a module's parameters, buffers and modules in order, and the kind of each.
local function order_of(module) return record_of(module).order end
local function kinds_of(module) return record_of(module).kinds end

-- The names of the buffers that state_dict() leaves out.
local function transient_of(module) return record_of(module).transient end

local function remember(module, name, kind)
  if type(name) ~= "string" then
    error(string.format("a %s must have a name, got field %s; \z
      to store modules by number, use torch.nn.ModuleList", kind, tostring(name)))
  end
  local record = record_of(module)
  local order, kinds = record.order, record.kinds
  if not kinds[name] then order[#order + 1] = name end
  kinds[name] = kind
end

-- Finds fields that have become parameters or modules since they were first set: Lua does not call
-- __newindex for a field that already exists.
local function find_new(module)
  local found, kinds = nil, kinds_of(module)
  if rawget(module, "_seen") then host.nn.take_over(module) end  -- a list: see nn_sequential.lua
  for key, value in next, module do
    local of = type(value)
    if (of == "userdata" or of == "table") and type(key) == "string" and not kinds[key]
        and kind_of(value) then
      found = found or {}
      found[#found + 1] = key
    end
  end
  if not found then return end
  table.sort(found)
  for _, key in ipairs(found) do remember(module, key, kind_of(rawget(module, key))) end
end
host.export("find_new_fields", find_new)

-- Iterates over the fields of one kind: for name, value in each(module, "parameter"). current: if
-- true, find_new has just been called.
local function each(module, kind, current)
  if not current then find_new(module) end
  local i, order, kinds = 0, order_of(module), kinds_of(module)
  return function()
    while i < #order do
      i = i + 1
      local name = order[i]
      local value = rawget(module, name)
      local fits = kind == "module" and is_any_module(value)
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

-- The children as lines "  (name): text". Adjacent equal children of a ModuleList share one line:
-- "(0-2): 3 x text".
local function describe_children(module)
  local entries, lines = {}, {}
  for name, child in each(module, "module") do
    local text, last = string.gsub(tostring(child), "\n", "\n  "), entries[#entries]
    if last and last.text == text and class_name(module) == "ModuleList" then
      last.name, last.count = last.first .. "-" .. name, last.count + 1
    else
      entries[#entries + 1] = {name = name, first = name, count = 1, text = text}
    end
  end
  for i, entry in ipairs(entries) do
    local times = entry.count > 1 and entry.count .. " x " or ""
    lines[i] = string.format("  (%s): %s%s", entry.name, times, entry.text)
  end
  return lines
end

local describing = {}  -- the modules around the one that is described

local function describe(module)
  local name = class_name(module)
  if describing[module] then return name .. "(...)" end
  describing[module] = true
  local ok, lines = pcall(describe_children, module)
  describing[module] = nil
  if not ok then raise(lines, 0) end
  local extra = module:extra_repr()
  if #lines == 0 then return string.format("%s(%s)", name, extra) end
  if extra ~= "" then table.insert(lines, 1, "  " .. (string.gsub(extra, "\n", "\n  "))) end
  return string.format("%s(\n%s\n)", name, table.concat(lines, "\n"))
end

local function set_field(module, key, value)
  local kind = kind_of(value)
  if kind then remember(module, key, kind) end
  rawset(module, key, value)
end

-- Without `results`, this would be a tail call, and a traceback could not name the layer.
local function results(...) return ... end

local function call(module, ...)
  if module._hooks then return results(host.nn.call_with_hooks(module, ...)) end
  return results(module:forward(...))
end

-- How the instances of a class find and set fields. A container (torch.nn.Sequential, ...) also
-- accepts numbers as keys.
local function field_access(methods, container)
  if not container then return methods, set_field end
  return function(module, key)
    local method = methods[key]
    if method == nil and type(key) == "number" then return container.get(module, key) end
    return method
  end, function(module, key, value)
    if type(key) == "number" then return container.set(module, key, value) end
    set_field(module, key, value)
  end
end

-- Makes a class of modules. Calling the class makes a new instance and then calls its
-- init(self, ...).
local function new_class(name, parent, container)
  local methods = setmetatable({}, {__index = parent})
  local index, new_index = field_access(methods, container)
  local meta = {
    name = name, methods = methods, __tostring = describe, __call = call, __metatable = name,
    __index = index, __newindex = new_index,
  }
  local class = {}
  classes[class] = {methods = methods, container = container}
  return setmetatable(class, {
    __index = methods, __newindex = methods, __metatable = {is_class = true, name = name},
    __tostring = function() return "class " .. name end,
    __call = function(_, ...)
      local module = setmetatable({_hooks = false, training = true}, meta)
      records[module] = {name = name, order = {}, kinds = {}, transient = {}}
      if module.init then module:init(...) end
      return module
    end,
  })
end

nn.module = host.declare("torch.nn.module", "\z
  torch.nn.module(name, parent) -> class\n\n\z
  Makes a class for your own networks. Define its methods `init(self, ...)`, which sets fields, \z
  and `forward(self, x)`. Then call class(...) to make a network.\n\z
  A field belongs to the network if it is a module, a torch.nn.Parameter or a leaf tensor with \z
  requires_grad.\n\z
  parameters(), named_parameters(), state_dict(), load_state_dict(state, {strict = true}), \z
  train(), eval(), to(device or dtype), apply(f), clone(), zero_grad(), children(), \z
  named_modules(), register_buffer(name, tensor) and hooks work as in PyTorch. You can use the \z
  network wherever a function of hfc expects a model.\n\z
  parent: a class whose methods are inherited, such as torch.nn.Sequential.\n\z
  A field that does not exist is nil, as in any Lua table, so a misspelled field name \z
  does not cause an error by itself.", function(name, parent)
  if type(name) ~= "string" then
    error("torch.nn.module: expected a name, got " .. type(name))
  end
  if parent == nil then return new_class(name, Module) end
  local known = classes[parent]
  if not known then
    error("torch.nn.module: the parent must be a class created by torch.nn.module")
  end
  return new_class(name, known.methods, known.container)
end)

nn.Parameter = host.declare("torch.nn.Parameter", [[
torch.nn.Parameter(tensor, requires_grad = true) -> Tensor

Makes a leaf tensor that becomes a parameter of the module it is assigned to. requires_grad: if
false, the parameter is not trained.]],
  function(tensor, requires_grad)
    if not torch.is_tensor(tensor) then
      error("torch.nn.Parameter: expected a Tensor, got " .. type(tensor))
    end
    local parameter = tensor:detach():requires_grad_(requires_grad ~= false)
    made_parameters[parameter] = true
    return parameter
  end)

-- Returns a parameter unchanged, and any other tensor as a new parameter with the same values.
local function as_parameter(tensor)
  return kind_of(tensor) == "parameter" and tensor or nn.Parameter(tensor)
end

nn.is_module = host.declare("torch.nn.is_module", [[
torch.nn.is_module(value) -> boolean

Returns true if the value is a network: a module written in Lua or a Model from hfc.model.]],
is_any_module)

host.is_module = is_module
function host.class_name_of(module) return records[module] and records[module].name end

-- Registers `copy`, a table with the module's fields, as a module of the same class.
local function copy_record(module, copy)
  local record = records[module]
  if not record then return end
  local result = {name = record.name, order = {}, kinds = {}, transient = {}}
  for i, name in ipairs(record.order) do result.order[i] = name end
  for name, kind in pairs(record.kinds) do result.kinds[name] = kind end
  for name in pairs(record.transient) do result.transient[name] = true end
  records[copy] = result
end

-- Shared with the other files of torch.nn.
host.nn = {
  common = common, Module = Module, is_module = is_module, is_model = is_model,
  order_of = order_of, kinds_of = kinds_of, remember = remember, each = each, iterate = iterate,
  new_class = new_class, made_parameters = made_parameters, as_parameter = as_parameter,
  error = error,
  class_name = class_name, transient_of = transient_of, copy_record = copy_record,
}
