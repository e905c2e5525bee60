-- torch.nn.utils: parameters as one vector, reparametrisations, packed sequences. The functions
-- that clip gradients are in C++.
local host = ...
local error = host.nn.error  -- names the script's line
local nn = torch.nn
local utils = nn.utils

local function declare(name, text, f)
  utils[name] = host.declare("torch.nn.utils." .. name, text, f)
end

declare("parameters_to_vector", [[
torch.nn.utils.parameters_to_vector(parameters) -> Tensor

Returns all elements of a list of tensors, such as model:parameters(), as one vector.]],
  function(parameters)
    local flat = {}
    for i, parameter in ipairs(parameters) do flat[i] = parameter:reshape(-1) end
    return torch.cat(flat)
  end)

declare("vector_to_parameters", [[
torch.nn.utils.vector_to_parameters(vector, parameters)

Writes a vector from parameters_to_vector into the parameters.]],
  function(vector, parameters)
    local at = 0
    for _, parameter in ipairs(parameters) do at = at + parameter:numel() end
    if vector:numel() ~= at then
      error(string.format(
        "torch.nn.utils.vector_to_parameters: the vector has %d elements, \z
        but the parameters have %d", vector:numel(), at))
    end
    at = 0
    for _, parameter in ipairs(parameters) do
      local count = parameter:numel()
      torch.no_grad(function()
        parameter:copy_(vector:narrow(0, at, count):reshape(parameter.shape))
      end)
      at = at + count
    end
  end)

-- Reparametrisations: before each forward pass, module[name] is set to compute(module).

-- Removes a parameter, so that its name can be used for a plain field.
local function forget(module, name)
  local shared = host.nn
  local order = shared.order_of(module)
  for i = #order, 1, -1 do
    if order[i] == name then table.remove(order, i) end
  end
  shared.kinds_of(module)[name] = nil
  rawset(module, name, nil)
end

-- The field in which a module stores the handles of its reparametrised fields, by name. A table in
-- this file would keep the module alive, because a hook may refer to its module.
local field = "_reparametrised"

local function reparametrise(module, name, compute)
  local handles = rawget(module, field) or {}
  rawset(module, field, handles)
  handles[name] = module:register_forward_pre_hook(function(inner)
    rawset(inner, name, compute(inner))
  end)
  rawset(module, name, compute(module))
  return module
end

local function restore(owner, module, name, left_over)
  local handles = rawget(module, field) or {}
  local handle = handles[name]
  if not handle then error(string.format("%s: '%s' is not reparametrised", owner, name)) end
  handle:remove()
  handles[name] = nil
  local value = module[name]
  for _, suffix in ipairs(left_over) do forget(module, name .. suffix) end
  rawset(module, name, nil)
  module:register_parameter(name, nn.Parameter(value))
  return module
end

local function weight_of(owner, module, name)
  local weight = nn.is_module(module) and module[name]
  if not torch.is_tensor(weight) then
    error(string.format("%s: the module has no Tensor '%s'", owner, tostring(name)))
  end
  local handles = rawget(module, field)
  if handles and handles[name] then
    error(string.format("%s: '%s' is already reparametrised", owner, name))
  end
  return weight
end

-- The norms over all dimensions except `dim`, or over all dimensions if dim is false.
local function norm_but(weight, dim)
  if dim == false then return weight:norm() end
  local others = {}
  for d = 0, weight.ndim - 1 do
    if d ~= dim % weight.ndim then others[#others + 1] = d end
  end
  return torch.linalg_vector_norm(weight, 2, others, true)
end

declare("weight_norm", "\z
  torch.nn.utils.weight_norm(module, {name = \"weight\", dim = 0}) -> module\n\n\z
  Splits a weight into its length, NAME_g, and its direction, NAME_v. With dim = false, the whole \z
  weight has a single length.", function(module, ...)
  local owner = "torch.nn.utils.weight_norm"
  local o = host.arguments(owner, {"name", "dim"}, {name = "weight", dim = 0}, 2, ...)
  local weight = weight_of(owner, module, o.name)
  forget(module, o.name)
  module:register_parameter(o.name .. "_g", nn.Parameter(norm_but(weight:detach(), o.dim)))
  module:register_parameter(o.name .. "_v", nn.Parameter(weight))
  return reparametrise(module, o.name, function(inner)
    local v = inner[o.name .. "_v"]
    return v * (inner[o.name .. "_g"] / norm_but(v, o.dim))
  end)
end)

declare("remove_weight_norm", "\z
  torch.nn.utils.remove_weight_norm(module, {name = \"weight\"}) -> module\n\n\z
  Turns the weight back into a single parameter.", function(module, ...)
  local owner = "torch.nn.utils.remove_weight_norm"
  local name = host.arguments(owner, {"name"}, {name = "weight"}, 2, ...).name
  return restore(owner, module, name, {"_g", "_v"})
end)

-- The weight as a matrix with one row for each index along `dim`.
local function as_matrix(weight, dim)
  if dim ~= 0 then weight = weight:transpose(0, dim) end
  return weight:reshape(weight:size(0), -1)
end

local function normalised(x, eps) return x / x:norm():clamp_min(eps) end

-- Runs `steps` steps of the power method for the singular vectors of the largest singular value.
local function iterate(matrix, u, v, steps, eps)
  torch.no_grad(function()
    for _ = 1, steps do
      v:copy_(normalised(torch.mv(matrix:t(), u), eps))
      u:copy_(normalised(torch.mv(matrix, v), eps))
    end
  end)
  return u:clone(), v:clone()
end

declare("spectral_norm", "\z
  torch.nn.utils.spectral_norm(module, {name = \"weight\", n_power_iterations = 1, eps = 1e-12, \z
  dim = 0}) -> module\n\n\z
  Divides a weight by its largest singular value. In training mode, each forward pass updates the \z
  estimate of this singular value with n_power_iterations steps of the power method. Parameter: \z
  NAME_orig. Buffers: NAME_u, NAME_v.",
  function(module, ...)
  local owner = "torch.nn.utils.spectral_norm"
  local o = host.arguments(owner, {"name", "n_power_iterations", "eps", "dim"},
                           {name = "weight", n_power_iterations = 1, eps = 1e-12, dim = 0}, 2, ...)
  local weight = weight_of(owner, module, o.name)
  forget(module, o.name)
  local matrix = as_matrix(weight:detach(), o.dim)
  local u = normalised(torch.randn(matrix:size(0), {dtype = matrix.dtype}), o.eps)
  local v = normalised(torch.randn(matrix:size(1), {dtype = matrix.dtype}), o.eps)
  module:register_parameter(o.name .. "_orig", nn.Parameter(weight))
  module:register_buffer(o.name .. "_u", u:to(matrix.device))
  module:register_buffer(o.name .. "_v", v:to(matrix.device))
  return reparametrise(module, o.name, function(inner)
    local raw = inner[o.name .. "_orig"]
    local rows = as_matrix(raw, o.dim)
    local left, right = iterate(rows:detach(), inner[o.name .. "_u"], inner[o.name .. "_v"],
                                inner.training and o.n_power_iterations or 0, o.eps)
    return raw / torch.dot(left, torch.mv(rows, right))
  end)
end)

declare("remove_spectral_norm", "\z
  torch.nn.utils.remove_spectral_norm(module, {name = \"weight\"}) -> module\n\n\z
  Turns the weight back into a single parameter.", function(module, ...)
  local owner = "torch.nn.utils.remove_spectral_norm"
  local name = host.arguments(owner, {"name"}, {name = "weight"}, 2, ...).name
  return restore(owner, module, name, {"_orig", "_u", "_v"})
end)

-- A copy of a convolution or linear layer with a BatchNorm folded into it. shape: the shape in
-- which a vector with one value per output broadcasts to the weight's shape.
local function fuse(layer, norm, shape)
  if layer.training or norm.training then
    error("torch.nn.utils: only modules in evaluation mode can be fused; call module:eval() first")
  end
  local fused = layer:clone()
  torch.no_grad(function()
    local scale = (norm.running_var + norm.eps):rsqrt()
    if norm.weight then scale = scale * norm.weight end
    local shift = -norm.running_mean
    if layer.bias then shift = shift + layer.bias end
    shift = shift * scale
    if norm.bias then shift = shift + norm.bias end
    fused.weight:copy_(layer.weight * scale:reshape(shape))
    rawset(fused, "bias", nil)
    fused:register_parameter("bias", nn.Parameter(shift))
  end)
  return fused
end

declare("fuse_conv_bn_eval", "\z
  torch.nn.utils.fuse_conv_bn_eval(conv, bn, transpose = false) -> module\n\n\z
  Returns a single convolution that is equivalent to conv followed by bn, both in evaluation \z
  mode. transpose: true if conv is a ConvTranspose.", function(conv, bn, transpose)
  local shape = {}
  for d = 1, conv.weight.ndim do shape[d] = 1 end
  shape[transpose and 2 or 1] = -1
  return fuse(conv, bn, shape)
end)
declare("fuse_linear_bn_eval", "\z
  torch.nn.utils.fuse_linear_bn_eval(linear, bn) -> module\n\n\z
  Returns a single linear layer that is equivalent to linear followed by bn, both in evaluation \z
  mode.",
  function(linear, bn) return fuse(linear, bn, {-1, 1}) end)

-- Sequences of different lengths.
local rnn = {}
utils.rnn = rnn

local function declare_rnn(name, text, f)
  rnn[name] = host.declare("torch.nn.utils.rnn." .. name, text, f)
end

declare_rnn("PackedSequence", "\z
  torch.nn.utils.rnn.PackedSequence(data, batch_sizes, sorted_indices, unsorted_indices) -> \z
  table\n\n\z
  Stores sequences step by step: data contains the first step of all sequences, then the second \z
  step of each sequence that is long enough, and so on. batch_sizes: the number of sequences at \z
  each step. RNN, GRU and LSTM accept this table.",
  function(data, batch_sizes, sorted_indices, unsorted_indices)
    return {data = data, batch_sizes = batch_sizes, sorted_indices = sorted_indices,
            unsorted_indices = unsorted_indices}
  end)

declare_rnn("pad_sequence", "\z
  torch.nn.utils.rnn.pad_sequence(sequences, {batch_first = false, padding_value = 0}) -> \z
  Tensor\n\n\z
  Pads the tensors [L, ...] in a list to equal length and stacks them: [longest, N, ...], or [N, \z
  longest, ...] with batch_first.",
  function(sequences, ...)
    local o = host.arguments(
      "torch.nn.utils.rnn.pad_sequence", {"batch_first", "padding_value"},
      {batch_first = false, padding_value = 0}, 2, ...)
    return torch.pad_sequence(sequences, o.batch_first, o.padding_value)
  end)

local function check_lengths(lengths, batch, longest)
  if #lengths ~= batch then
    error(string.format("torch.nn.utils.rnn.pack_padded_sequence: expected %d lengths, got %d",
      batch, #lengths))
  end
  for i, length in ipairs(lengths) do
    if length < 1 or length > longest then
      error(string.format(
        "torch.nn.utils.rnn.pack_padded_sequence: the length of sequence %d must be between \z
        1 and %d, got %g", i, longest, length))
    end
  end
end

local function pack_sorted(x, lengths)
  local steps, sizes = {}, {}
  for t = 0, lengths[1] - 1 do
    local count = 0
    while lengths[count + 1] and lengths[count + 1] > t do count = count + 1 end
    steps[t + 1] = x:select(0, t):narrow(0, 0, count)
    sizes[t + 1] = count
  end
  return torch.cat(steps), torch.tensor(sizes, {dtype = "int64"})
end

declare_rnn("pack_padded_sequence", "\z
  torch.nn.utils.rnn.pack_padded_sequence(x, lengths, {batch_first = false, enforce_sorted = \z
  true}) -> PackedSequence\n\n\z
  Removes the padding from padded sequences [L, N, ...]. lengths: a list or a Tensor, in \z
  descending order unless enforce_sorted is false.", function(x, lengths, ...)
  local o = host.arguments(
    "torch.nn.utils.rnn.pack_padded_sequence", {"batch_first", "enforce_sorted"},
    {batch_first = false, enforce_sorted = true}, 2, ...)
  if torch.is_tensor(lengths) then lengths = lengths:tolist() end
  if o.batch_first then x = x:transpose(0, 1) end
  check_lengths(lengths, x:size(1), x:size(0))
  local order = {}
  for i = 1, #lengths do order[i] = i end
  table.sort(order, function(a, b)
    return lengths[a] > lengths[b] or lengths[a] == lengths[b] and a < b
  end)
  local sorted, zero_based, is_sorted = {}, {}, true
  for i, k in ipairs(order) do
    sorted[i], zero_based[i], is_sorted = lengths[k], k - 1, is_sorted and k == i
  end
  if o.enforce_sorted then
    for i = 2, #lengths do
      if lengths[i] > lengths[i - 1] then
        error("torch.nn.utils.rnn.pack_padded_sequence: the lengths must be in descending \z
          order unless enforce_sorted is false")
      end
    end
    return rnn.PackedSequence(pack_sorted(x, sorted))
  end
  local indices = torch.tensor(zero_based, {dtype = "int64"}):to(x.device)
  local data, sizes = pack_sorted(x:index_select(1, indices), sorted)
  return rnn.PackedSequence(data, sizes, indices, indices:argsort())
end)

declare_rnn("pad_packed_sequence", "\z
  torch.nn.utils.rnn.pad_packed_sequence(packed, {batch_first = false, padding_value = 0}) -> \z
  Tensor, lengths\n\n\z
  Inverts pack_padded_sequence.", function(packed, ...)
  local o = host.arguments(
    "torch.nn.utils.rnn.pad_packed_sequence", {"batch_first", "padding_value", "total_length"},
    {batch_first = false, padding_value = 0, total_length = host.optional}, 2, ...)
  local sizes, batch = packed.batch_sizes:tolist(), packed.batch_sizes[0]:item()
  local steps, lengths, at = {}, {}, 0
  for t, count in ipairs(sizes) do
    local step = packed.data:narrow(0, at, count)
    local missing = {}
    for d = 1, 2 * (step.ndim - 1) do missing[d] = 0 end
    missing[#missing + 1], missing[#missing + 2] = 0, batch - count
    steps[t] = torch.pad(step, missing, "constant", o.padding_value)
    for i = 1, count do lengths[i] = t end
    at = at + count
  end
  local x = torch.stack(steps)
  if o.total_length and o.total_length > #steps then
    local padding = {}
    for d = 1, 2 * (x.ndim - 1) do padding[d] = 0 end
    padding[#padding + 1], padding[#padding + 2] = 0, o.total_length - #steps
    x = torch.pad(x, padding, "constant", o.padding_value)
  end
  lengths = torch.tensor(lengths, {dtype = "int64"})
  if packed.unsorted_indices then
    x = x:index_select(1, packed.unsorted_indices)
    lengths = lengths:index_select(0, packed.unsorted_indices:cpu())
  end
  return o.batch_first and x:transpose(0, 1) or x, lengths
end)
