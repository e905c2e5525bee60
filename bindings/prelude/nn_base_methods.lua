-- The methods of modules: contents, modes, moving and copying. State dicts and hooks have their own
-- files.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.nn
local Module, common, each, iterate = shared.Module, shared.common, shared.each, shared.iterate
local is_model = shared.is_model
local class_name = host.nn.class_name
local get_metatable, set_metatable = debug.getmetatable, debug.setmetatable

-- Adds {name, tensor} for the tensors of one kind in and below a module. seen: tensors and modules
-- that are already listed and are skipped; if nil, lists a shared tensor under each of its names.
-- around: the modules that contain this one, because a network may contain itself.
local function collect(module, kind, prefix, list, seen, recurse, around)
  local function add(name, tensor)
    if seen and seen[tensor] then return end
    if seen then seen[tensor] = true end
    list[#list + 1] = {prefix .. name, tensor, module, name}
  end
  if is_model(module) then
    local method = kind == "parameter" and module.named_parameters or module.named_buffers
    for name, tensor in method(module) do add(name, tensor) end
    return list
  end
  around = around or {}
  local visited = seen or around
  if visited[module] then return list end
  visited[module] = true
  for name, tensor in each(module, kind) do add(name, tensor) end
  if recurse ~= false then
    for name, child in each(module, "module", true) do
      collect(child, kind, prefix .. name .. ".", list, seen, true, around)
    end
  end
  around[module] = nil
  return list
end
shared.collect = collect

local function listed(module, method, kind, ...)
  local o = host.arguments("Module:" .. method, {"prefix", "recurse", "remove_duplicate"},
                           {prefix = "", recurse = true, remove_duplicate = true}, 3, ...)
  local prefix = o.prefix == "" and "" or o.prefix .. "."
  return collect(module, kind, prefix, {}, o.remove_duplicate and {} or nil, o.recurse)
end

function Module:named_parameters(...)
  return iterate(listed(self, "named_parameters", "parameter", ...))
end
function Module:named_buffers(...)
  return iterate(listed(self, "named_buffers", "buffer", ...))
end

local function tensors_of(list)
  for i, entry in ipairs(list) do list[i] = entry[2] end
  return list
end

function common:parameters(recurse)
  return tensors_of(collect(self, "parameter", "", {}, {}, recurse))
end
function common:buffers(recurse) return tensors_of(collect(self, "buffer", "", {}, {}, recurse)) end

function Module:named_children() return each(self, "module") end

function common:children()
  local list = {}
  for _, child in self:named_children() do list[#list + 1] = child end
  return list
end

local function walk(module, prefix, list, seen)
  if seen[module] then return list end
  seen[module] = true
  list[#list + 1] = {prefix, module}
  for name, child in module:named_children() do
    walk(child, prefix == "" and name or prefix .. "." .. name, list, seen)
  end
  return list
end

function common:named_modules() return iterate(walk(self, "", {}, {})) end

function common:modules()
  local list = {}
  for _, module in self:named_modules() do list[#list + 1] = module end
  return list
end

-- The module that `path` ("layer1.0.conv") names, for messages of `method`.
local function find(module, path, method)
  if type(path) ~= "string" then
    error(string.format("%s: expected a name, got %s", method, type(path)))
  end
  local found, at = module, "the module"
  for name in string.gmatch(path, "[^.]+") do
    local inner
    for child_name, child in found:named_children() do
      if child_name == name then inner = child end
    end
    if not inner then
      error(string.format("%s: %s has no submodule '%s' (in the path '%s')",
        method, at, name, path))
    end
    found, at = inner, "'" .. name .. "'"
  end
  return found
end

function common:get_submodule(path) return find(self, path, "get_submodule") end

local function find_tensor(module, path, method, kind)
  local owner, name = string.match(tostring(path), "^(.-)%.?([^.]*)$")
  local holder = find(module, owner, method)
  local each_tensor = kind == "parameter" and holder.named_parameters or holder.named_buffers
  for found, tensor in each_tensor(holder) do
    if found == name then return tensor end
  end
  error(string.format("%s: there is no %s '%s'", method, kind, tostring(path)))
end
function common:get_parameter(path)
  return find_tensor(self, path, "get_parameter", "parameter")
end
function common:get_buffer(path) return find_tensor(self, path, "get_buffer", "buffer") end

function common:zero_grad()
  for _, tensor in ipairs(self:parameters()) do tensor.grad = nil end
  return self
end

function common:requires_grad_(mode)
  for _, tensor in ipairs(self:parameters()) do tensor:requires_grad_(mode ~= false) end
  return self
end

function common:eval() return self:train(false) end

function Module:train(mode)
  if mode ~= nil and type(mode) ~= "boolean" then
    error("Module:train: mode must be true or false, got " .. type(mode))
  end
  self.training = mode ~= false
  for _, child in each(self, "module") do child:train(mode ~= false) end
  return self
end

function common:apply(visit)
  for _, child in self:named_children() do child:apply(visit) end
  visit(self)
  return self
end

-- Memory formats and the number of dimensions of the tensors to which they apply.
local format_dims = {channels_last = 4, channels_last_3d = 5}

-- The arguments of x:to() in two lists: for tensors to which the memory format applies, and for all
-- other tensors.
local function arguments_of_to(...)
  local count = select("#", ...)
  local last = count > 0 and select(count, ...)
  if type(last) ~= "table" or not last.memory_format then return {...}, {...}, nil end
  local others = {...}
  others[count] = {}
  for key, value in pairs(last) do
    if key ~= "memory_format" then others[count][key] = value end
  end
  return {...}, others, format_dims[last.memory_format]
end

function common:to(...)
  local formatted, others, dims = arguments_of_to(...)
  local function moved(tensor)
    local result = tensor:detach():to(unpack(tensor.ndim == dims and formatted or others))
    if tensor:is_floating_point() or tensor:is_complex() then
      if not result:is_floating_point() and not result:is_complex() then
        error("Module:to: expected a floating-point dtype, got " .. result.dtype)
      end
      return result
    end
    -- Integers, such as a count of batches, keep their type.
    return tensor:detach():to(result.device)
  end
  local function move(tensor)
    local gradient = tensor.grad and moved(tensor.grad)
    local result = moved(tensor)
    tensor.grad = nil
    tensor:set_data(result)
    tensor.grad = gradient
  end
  for _, tensor in ipairs(self:parameters()) do move(tensor) end
  for _, tensor in ipairs(self:buffers()) do move(tensor) end
  return self
end

for name, target in pairs {
  half = "float16", float = "float32", double = "float64", bfloat16 = "bfloat16", cpu = "cpu",
} do
  common[name] = function(self) return self:to(target) end
end
function common:cuda(index) return self:to(index and "cuda:" .. index or "cuda") end

local function check_name(method, name)
  if type(name) ~= "string" or name == "" or string.find(name, ".", 1, true) then
    error(string.format("%s: a name must be a non-empty string without dots, got %s",
      method, type(name) == "string" and "'" .. name .. "'" or type(name)))
  end
end

local function register(module, method, name, tensor, kind)
  check_name(method, name)
  if tensor ~= nil and not torch.is_tensor(tensor) then
    error(string.format("%s: expected a Tensor, got %s", method, type(tensor)))
  end
  shared.remember(module, name, kind)
  rawset(module, name, tensor)
end

function Module:register_parameter(name, tensor)
  register(self, "register_parameter", name, tensor, "parameter")
end

function Module:register_buffer(name, tensor, ...)
  local o = host.arguments("register_buffer", {"persistent"}, {persistent = true}, 2, ...)
  register(self, "register_buffer", name, tensor, "buffer")
  shared.transient_of(self)[name] = not o.persistent or nil
end

function Module:add_module(name, module)
  check_name("add_module", name)
  if module ~= nil and not nn.is_module(module) then
    error("add_module: expected a module, got " .. type(module))
  end
  shared.remember(self, name, "module")
  rawset(self, name, module)
end
Module.register_module = Module.add_module

-- A copy that shares no tensors with the original. A value that occurs twice is copied only once.
local function copy(value, seen)
  if seen[value] then return seen[value] end
  if getmetatable(value) == "Model" then
    seen[value] = value:clone()
  elseif torch.is_tensor(value) then
    -- A result of the graph, such as a weight from weight_norm, does not become a parameter.
    seen[value] = value:detach():clone():requires_grad_(value.requires_grad and value.is_leaf)
    shared.made_parameters[seen[value]] = shared.made_parameters[value]
  elseif type(value) == "table" then
    local result = {}
    seen[value] = result
    for key, field in next, value do rawset(result, key, copy(field, seen)) end
    shared.copy_record(value, result)
    -- These are the functions of `debug`, because a module hides its metatable.
    set_metatable(result, get_metatable(value))
    return result
  end
  return seen[value] or value
end

function Module:clone() return copy(self, {}) end
function Module:extra_repr() return "" end
function Module:forward()
  error(string.format("%s has no forward method: define function %s:forward(x)",
    class_name(self), class_name(self)))
end
