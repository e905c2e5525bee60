-- Hooks of modules: functions that are called before and after forward, or in the backward pass.
local host = ...
local raise = error
local error = host.nn.error  -- names the script's line
local Module = host.nn.Module

-- The field _hooks of a module is false until the first hook: {before = {}, after = {},
-- backward = {}}, lists of functions in the order in which they were registered.
local Handle = {}
Handle.__index = Handle
function Handle:remove()
  for i, hook in ipairs(self.hooks) do
    if hook == self.hook then
      table.remove(self.hooks, i)
      return
    end
  end
end

local function add(module, method, kind, hook)
  if type(hook) ~= "function" then
    error(string.format("%s: expected a function, got %s", method, type(hook)))
  end
  module._hooks = module._hooks or {before = {}, after = {}, backward = {}}
  -- A separate entry for each registration, so that a handle removes only its own hook.
  local entry = {call = hook}
  table.insert(module._hooks[kind], entry)
  return setmetatable({hooks = module._hooks[kind], hook = entry}, Handle)
end

function Module:register_forward_pre_hook(hook)
  return add(self, "register_forward_pre_hook", "before", hook)
end
function Module:register_forward_hook(hook)
  return add(self, "register_forward_hook", "after", hook)
end
function Module:register_full_backward_hook(hook)
  return add(self, "register_full_backward_hook", "backward", hook)
end

local function pack(...) return {n = select("#", ...), ...} end
local function values(list) return unpack(list, 1, list.n or #list) end

-- Returns the values of the list unchanged. In the backward pass, calls on_gradients with the list
-- of their gradients; a list that it returns replaces them.
local function watch(list, on_gradients)
  local tensors, positions, count = {}, {}, list.n
  for i = 1, count do
    if torch.is_tensor(list[i]) and list[i].requires_grad then
      tensors[#tensors + 1] = list[i]
      positions[#positions + 1] = i
    end
  end
  if #tensors == 0 then return list end
  local identity = torch.autograd.Function {
    forward = function(_, ...)
      local views = {...}
      for i, tensor in ipairs(views) do views[i] = tensor:view_as(tensor) end
      return unpack(views)
    end,
    backward = function(_, ...)
      local gradients = {n = count}  -- not `list`: it would keep its tensors alive
      for i = 1, #positions do gradients[positions[i]] = (select(i, ...)) end
      gradients = on_gradients(gradients) or gradients
      local kept = {}
      for i, position in ipairs(positions) do kept[i] = gradients[position] end
      return unpack(kept, 1, #positions)
    end,
  }
  local watched, result = {identity(unpack(tensors))}, {n = list.n}
  for i = 1, list.n do result[i] = list[i] end
  for i, position in ipairs(positions) do result[position] = watched[i] end
  return result
end

-- A list of gradients. A hook may return a single Tensor instead of a list of one.
local function as_list(gradients)
  return torch.is_tensor(gradients) and {gradients} or gradients
end

function host.nn.call_with_hooks(module, ...)
  local hooks, inputs, of_outputs = module._hooks, pack(...), nil
  for _, hook in ipairs {unpack(hooks.before)} do
    local changed = pack(hook.call(module, inputs))
    if changed[1] ~= nil then inputs = changed end
  end
  local backward = {unpack(hooks.backward)}
  if #backward > 0 then
    inputs = watch(inputs, function(gradients)
      local changed
      for _, hook in ipairs(backward) do
        local result = as_list(hook.call(module, changed or gradients, of_outputs))
        changed = result or changed
      end
      of_outputs = nil
      return changed
    end)
  end
  local outputs = pack(module:forward(values(inputs)))
  for _, hook in ipairs {unpack(hooks.after)} do
    local changed = pack(hook.call(module, inputs, values(outputs)))
    if changed[1] ~= nil then outputs = changed end
  end
  if #backward > 0 then
    outputs = watch(outputs, function(gradients) of_outputs = gradients end)
  end
  return values(outputs)
end

-- For hfc.features: the outputs of layers, filled in when the network runs, and a function that
-- removes the hooks.
host.export("watch_layers", function(network, names)
  local parts, outputs, hooks = {}, {}, {}
  local function remove()
    for _, hook in pairs(hooks) do hook:remove() end
  end
  local function add_hook(i, name)
    local part = name ~= "" and parts[name] or error("the network has no layer '" .. name .. "'")
    if not part.register_forward_hook then
      error(string.format("layer '%s' is a network: choose a layer inside it", name))
    end
    hooks[i] = part:register_forward_hook(function(_, _, output)
      outputs[i] = torch.is_tensor(output) and output:clone()
    end)
  end
  for name, part in network:named_modules() do parts[name] = part end
  for i, name in ipairs(names) do
    local done, message = pcall(add_hook, i, name)
    if not done then
      remove()
      raise(message, 0)
    end
  end
  return outputs, remove
end)

local handle = " The handle's remove() removes the hook."
local documentation = {
  register_forward_pre_hook = "\z
    module:register_forward_pre_hook(function(module, inputs) ... end) -> handle\n\n\z
    Registers a hook that is called before forward with a list of the arguments. If the hook \z
    returns values, they replace the arguments." .. handle,
  register_forward_hook = "\z
    module:register_forward_hook(function(module, inputs, output) ... end) -> handle\n\n\z
    Registers a hook that is called after forward with a list of the arguments, followed by the \z
    results. module(x) calls hooks, but module:forward(x) does not. If the hook returns values, \z
    they replace the results." .. handle,
  register_full_backward_hook = "\z
    module:register_full_backward_hook(function(module, grad_inputs, grad_outputs) ... end) -> \z
    handle\n\n\z
    Registers a hook that is called in the backward pass with the gradients of forward's \z
    arguments and results, as lists. The hook runs only if an argument requires grad. If it \z
    returns a list, this list replaces grad_inputs." .. handle,
}
for name, text in pairs(documentation) do host.declare("Module:" .. name, text, Module[name]) end
