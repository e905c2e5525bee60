-- torch.vmap, torch.func and torch.autograd.functional: functions that transform functions.
local host = ...
local type, unpack, ipairs, select = type, unpack, ipairs, select

local function is_list(value) return type(value) == "table" end

-- A single value as a list with one element; a list as it is.
local function listed(value)
  if is_list(value) then return value end
  return {value}
end

-- The list if a list was given, or its element if a single value was given.
local function like(given, list)
  if is_list(given) then return list end
  return list[1]
end

-- The variable of a derivative: a new leaf, or a view if an outer derivative goes through x.
local function variable(owner, x)
  if not torch.is_tensor(x) then
    error(string.format("%s: expected a Tensor, got %s", owner, type(x)), 4)
  end
  if x.requires_grad then return x:view_as(x) end
  return x:detach():requires_grad_()
end

local function variables(owner, inputs)
  local list, outer = {}, false
  for i, x in ipairs(inputs) do
    outer = outer or (torch.is_tensor(x) and x.requires_grad)
    list[i] = variable(owner, x)
  end
  return list, outer
end

-- d output / d inputs, with zeros for unused inputs. weights: one for each element of output.
local function gradients(output, inputs, create_graph, weights)
  local list = {}
  if output.requires_grad then
    list = {torch.autograd.grad(output, inputs, {
      grad_outputs = weights, create_graph = create_graph, retain_graph = true,
      allow_unused = true,
    })}
  end
  for i, x in ipairs(inputs) do list[i] = list[i] or torch.zeros_like(x) end
  return list
end

-- The tensors without their history, unless create_graph is true.
local function finished(list, create_graph)
  for i, x in ipairs(list) do
    if torch.is_tensor(x) and not create_graph then list[i] = x:detach() end
  end
  return list
end

local function joined_shape(first, second)
  local shape = {}
  for _, length in ipairs(first) do shape[#shape + 1] = length end
  for _, length in ipairs(second) do shape[#shape + 1] = length end
  return shape
end

-- For each input, a tensor whose shape is output's shape followed by the input's.
local function jacobian_of(output, inputs, create_graph)
  local flat, rows, result = output:reshape(-1), {}, {}
  for i in ipairs(inputs) do rows[i] = {} end
  for k = 1, flat:numel() do
    for i, gradient in ipairs(gradients(flat[k - 1], inputs, create_graph)) do
      rows[i][k] = gradient
    end
  end
  for i, x in ipairs(inputs) do
    local shape = joined_shape(output.shape, x.shape)
    result[i] = #rows[i] > 0 and torch.stack(rows[i]):reshape(shape) or x:new_zeros(shape)
  end
  return result
end

local function scalar_output(owner, output)
  if not torch.is_tensor(output) or output:numel() ~= 1 then
    error(owner .. ": the function must return a single Tensor with one element", 4)
  end
  return output:reshape({})
end

local function call_list(f, inputs) return f(unpack(inputs, 1, #inputs)) end

local functional = {}
torch.autograd.functional = functional

local function define(name, signature, text, f)
  local owner = "torch.autograd.functional." .. name
  functional[name] = host.define(owner, signature, text, function(...)
    local arguments, count = {...}, select("#", ...)
    return torch.enable_grad(function() return f(owner, unpack(arguments, 1, count)) end)
  end)
end

define("jacobian", "func, inputs, create_graph = false, strict = false, vectorize = false, \z
  strategy = nil", "-> Tensor, or lists\n\n\z
  Returns the derivatives of each element of func(inputs) with respect to each element of inputs \z
  (a Tensor or a list). The shape of the result is the shape of the output followed by the shape \z
  of the input. If the output or the inputs are lists, so is the result.",
  function(owner, func, inputs, create_graph)
    local list, outer = variables(owner, listed(inputs))
    local keep, output, result = create_graph or outer, call_list(func, list), {}
    for k, one in ipairs(listed(output)) do
      result[k] = like(inputs, finished(jacobian_of(one, list, keep), keep))
    end
    return like(output, result)
  end)

define("hessian", "func, inputs, create_graph = false, strict = false, vectorize = false, \z
  outer_jacobian_strategy = nil", "-> Tensor, or lists\n\n\z
  Returns the second derivatives of func(inputs) with respect to inputs (a Tensor or a list). \z
  func must return a single number.",
  function(owner, func, inputs, create_graph)
    local list, outer = variables(owner, listed(inputs))
    local keep, result = create_graph or outer, {}
    local first = gradients(scalar_output(owner, call_list(func, list)), list, true)
    for i, gradient in ipairs(first) do
      result[i] = like(inputs, finished(jacobian_of(gradient, list, keep), keep))
    end
    return like(inputs, result)
  end)

-- The inner product of two lists of tensors.
local function dot(left, right)
  local sum
  for i, x in ipairs(left) do
    local product = (x * right[i]):sum()
    sum = sum and sum + product or product
  end
  return sum
end

local function ones_like(list)
  local result = {}
  for i, x in ipairs(list) do result[i] = torch.ones_like(x) end
  return result
end

-- v times the Jacobian, summed over the outputs.
local function products_back(outputs, list, v, keep)
  local weights = v ~= nil and listed(v) or ones_like(outputs)
  return gradients(dot(outputs, weights), list, keep)
end

define("vjp", "func, inputs, v = nil, create_graph = false, strict = false",
  "\z
  -> outputs, products\n\n\z
  Returns func(inputs) and v times its Jacobian. v: tensors with the shapes of the \z
  outputs; all ones by default.",
  function(owner, func, inputs, v, create_graph)
    local list, outer = variables(owner, listed(inputs))
    local keep, output = create_graph or outer, call_list(func, list)
    local outputs = listed(output)
    local products = finished(products_back(outputs, list, v, keep), keep)
    return like(output, finished({unpack(outputs)}, keep)), like(inputs, products)
  end)

-- The Jacobian J times v, for each output. (w J) v is linear in w, and its derivative with respect
-- to w is J v.
local function products_forward(outputs, list, v, keep)
  local weights, tangents = {}, v ~= nil and listed(v) or ones_like(list)
  for i, output in ipairs(outputs) do
    weights[i] = torch.zeros_like(output):detach():requires_grad_()
  end
  local back = gradients(dot(outputs, weights), list, true)
  return gradients(dot(back, tangents), weights, keep)
end

define("jvp", "func, inputs, v = nil, create_graph = false, strict = false",
  "\z
  -> outputs, products\n\n\z
  Returns func(inputs) and its Jacobian times v. v: tensors with the shapes of the \z
  inputs; all ones by default.",
  function(owner, func, inputs, v, create_graph)
    local list, outer = variables(owner, listed(inputs))
    local keep, output = create_graph or outer, call_list(func, list)
    local outputs = listed(output)
    local products = finished(products_forward(outputs, list, v, keep), keep)
    return like(output, finished({unpack(outputs)}, keep)), like(output, products)
  end)

for _, name in ipairs {"hvp", "vhp"} do
  define(name, "func, inputs, v = nil, create_graph = false, strict = false",
    "\z
      -> output, products\n\n\z
      Returns func(inputs) and its second derivatives times v. func must return a single number.",
    function(owner, func, inputs, v, create_graph)
      local list, outer = variables(owner, listed(inputs))
      local keep = create_graph or outer
      local output = scalar_output(owner, call_list(func, list))
      local first = gradients(output, list, true)
      local weights = v ~= nil and listed(v) or ones_like(list)
      local products = finished(gradients(dot(first, weights), list, keep), keep)
      return finished({output}, keep)[1], like(inputs, products)
    end)
end

-- Calls f with the arguments at `argnums` (from 0) as variables. Returns the variables, whether an
-- outer derivative goes through them, and f's results as a list.
local function call_with_variables(owner, f, argnums, ...)
  local arguments, count, chosen = {...}, select("#", ...), {}
  for i, number in ipairs(listed(argnums)) do chosen[i] = arguments[number + 1] end
  local list, outer = variables(owner, chosen)
  for i, number in ipairs(listed(argnums)) do arguments[number + 1] = list[i] end
  return list, outer, {f(unpack(arguments, 1, count))}
end

local func = {}
torch.func = func

-- torch.func.NAME(f, argnums, has_aux) -> function, which calls transform(owner, f, argnums, ...).
local function define_transform(name, text, transform)
  local owner = "torch.func." .. name
  func[name] = host.define(owner, "func, argnums = 0, has_aux = false", text,
    function(f, argnums)
      return function(...)
        local arguments, count = {...}, select("#", ...)
        return torch.enable_grad(function()
          return transform(owner, f, argnums, unpack(arguments, 1, count))
        end)
      end
    end)
end

local function gradient_and_results(owner, f, argnums, ...)
  local list, outer, results = call_with_variables(owner, f, argnums, ...)
  local found = gradients(scalar_output(owner, results[1]), list, outer)
  return like(argnums, finished(found, outer)), finished(results, outer)
end

define_transform("grad", "\z
  -> function\n\n\z
  Returns a function with the same arguments as func. This function returns the gradient of \z
  func's first result, which must be a single number, followed by func's other results. argnums: \z
  the index (from 0) of the argument to differentiate with respect to, or a list of \z
  indices.", function(...)
    local found, results = gradient_and_results(...)
    return found, unpack(results, 2)
  end)
define_transform("grad_and_value", "\z
  -> function\n\n\z
  Works like torch.func.grad, but the function returns the gradient followed by all of func's \z
  results.",
  function(...)
    local found, results = gradient_and_results(...)
    return found, unpack(results)
  end)

local function jacobian(owner, f, argnums, ...)
  local list, outer, results = call_with_variables(owner, f, argnums, ...)
  local found = like(argnums, finished(jacobian_of(results[1], list, outer), outer))
  return found, unpack(finished(results, outer), 2)
end
for _, name in ipairs {"jacrev", "jacfwd"} do
  define_transform(name, "\z
    -> function\n\n\z
    Returns a function with the same arguments as func. This function returns the Jacobian of \z
    func's result. argnums: as for torch.func.grad.",
    jacobian)
end
define_transform("hessian", "\z
  -> function\n\n\z
  Returns a function with the same arguments as func. This function returns the second \z
  derivatives of func's result, which must be a single number. argnums: the index (from 0) of the \z
  argument to differentiate with respect to.",
  function(_, f, argnums, ...)
    return func.jacrev(func.grad(f, argnums), argnums)(...)
  end)

-- The number of slices in a call of vmap.
local function mapped_length(arguments, count, dims)
  local length
  for i = 1, count do
    if dims[i] and torch.is_tensor(arguments[i]) then
      local own = arguments[i]:size(dims[i])
      if length and own ~= length then
        error(string.format(
          "torch.vmap: the mapped dimensions have different sizes: %d and %d", length, own), 3)
      end
      length = own
    end
  end
  if not length then error("torch.vmap: there is no Tensor to map over", 3) end
  return length
end

-- in_dims as a list: a dimension or false for each argument.
local function dims_of(in_dims, count)
  local dims = {}
  for i = 1, count do
    local dim = in_dims
    if is_list(in_dims) then dim = in_dims[i] end
    dims[i] = type(dim) == "number" and dim or false
  end
  return dims
end

local function map_slices(f, in_dims, out_dims, ...)
  local arguments, count = {...}, select("#", ...)
  local dims, columns = dims_of(in_dims, count), {}
  for k = 0, mapped_length(arguments, count, dims) - 1 do
    local slices = {}
    for i = 1, count do
      local x = arguments[i]
      slices[i] = dims[i] and torch.is_tensor(x) and x:select(dims[i], k) or x
    end
    for j, result in ipairs {f(unpack(slices, 1, count))} do
      columns[j] = columns[j] or {}
      columns[j][k + 1] = result
    end
  end
  for j, column in ipairs(columns) do
    columns[j] = torch.stack(column, is_list(out_dims) and out_dims[j] or out_dims)
  end
  return unpack(columns)
end

torch.vmap = host.define("torch.vmap",
  "func, in_dims = 0, out_dims = 0, randomness = \"error\", chunk_size = nil", "\z
  -> function\n\n\z
  Returns a function that calls func with each slice of the Tensor arguments along in_dims and \z
  stacks the results along out_dims. in_dims: a number, or a list with one entry per argument; \z
  for torch.none, each call gets the whole argument. vmap calls func once for each slice, so it \z
  makes code shorter but not faster.",
  function(f, in_dims, out_dims)
    return function(...) return map_slices(f, in_dims, out_dims, ...) end
  end)
func.vmap = torch.vmap

func.vjp = host.declare("torch.func.vjp", [[
torch.func.vjp(func, x, ...) -> output, function

Returns func(x, ...), and a function of v that returns v times the Jacobian with respect to
each x.]],
  function(f, ...)
    local list, outer = variables("torch.func.vjp", {...})
    local output = torch.enable_grad(function() return call_list(f, list) end)
    return output:detach(), function(v)
      return unpack(finished(gradients(output, list, outer, v), outer))
    end
  end)

func.jvp = host.define("torch.func.jvp", "func, primals, tangents", "\z
  -> output, products\n\n\z
  Returns the result of func for the arguments in the list `primals`, and the Jacobian of func \z
  times the list `tangents`.",
  function(f, primals, tangents) return functional.jvp(f, primals, tangents) end)
