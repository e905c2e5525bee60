-- torch.nn.functional, and the functions of torch that PyTorch composes of operators in Python.
local host = ...

-- Names below torch that are prefixes of operators: torch.linalg.svd is the operator linalg_svd.
local function namespace(prefix, functions)
  local owner = "torch." .. string.gsub(prefix, "_$", "")
  return setmetatable(functions or {}, {__metatable = owner, __index = function(t, name)
    local ok, operator = pcall(function() return torch[prefix .. name] end)
    if not ok then error(string.format("there is no %s.%s", owner, name), 2) end
    rawset(t, name, operator)
    return operator
  end})
end
torch.linalg, torch.fft, torch.special = namespace "linalg_", namespace "fft_", namespace "special_"

local F = setmetatable({}, {__metatable = "torch.nn.functional", __index = function(t, name)
  local ok, operator = pcall(function() return torch[name] end)
  if not ok then error(string.format("there is no torch.nn.functional.%s", name), 2) end
  rawset(t, name, operator)
  return operator
end})
torch.nn.functional = F

local optional = host.optional

local function declare(name, text, f)
  F[name] = host.declare("torch.nn.functional." .. name, text, f)
end

local function settings(name, names, defaults, ...)
  return host.arguments("torch.nn.functional." .. name, names, defaults, 3, ...)
end

declare("cross_entropy", '\z
  torch.nn.functional.cross_entropy(input, target, {weight, ignore_index = -100, \z
  reduction = "mean", label_smoothing = 0}) -> Tensor\n\n\z
  input: logits [N, C, ...]; target: int64 classes [N, ...] or probabilities of input\'s shape. \z
  reduction: "mean", "sum" or "none".',
  function(input, target, ...)
    local o = settings(
      "cross_entropy", {"weight", "ignore_index", "reduction", "label_smoothing"},
      {weight = optional, ignore_index = -100, reduction = "mean", label_smoothing = 0}, ...)
    return torch.cross_entropy_loss(input, target, o)
  end)

declare("dropout", "\z
  torch.nn.functional.dropout(input, {p = 0.5, training = true, inplace = false}) -> Tensor\n\n\z
  Sets elements to zero with probability p and scales the others by 1 / (1 - p); input itself \z
  when not training.", function(input, ...)
  local o = settings(
    "dropout", {"p", "training", "inplace"}, {p = 0.5, training = true, inplace = false}, ...)
  return (o.inplace and torch.dropout_ or torch.dropout)(input, o.p, o.training)
end)

declare("batch_norm", "\z
  torch.nn.functional.batch_norm(input, running_mean, running_var, {weight, bias, \z
  training = false, momentum = 0.1, eps = 1e-5}) -> Tensor\n\n\z
  input: [N, C, ...]; statistics over all dimensions but C, of the batch in training.",
  function(input, running_mean, running_var, ...)
    local o = settings(
      "batch_norm", {"weight", "bias", "training", "momentum", "eps"},
      {weight = optional, bias = optional, training = false, momentum = 0.1, eps = 1e-5}, ...)
    return torch.batch_norm(input, o.weight, o.bias, running_mean, running_var,
                            o.training, o.momentum, o.eps, true)
  end)

declare("embedding", "\z
  torch.nn.functional.embedding(input, weight, {padding_idx = -1}) -> Tensor\n\n\z
  input: int64 indices of any shape; weight: [entries, width]; the result has input's shape and \z
  the width behind.",
  function(input, weight, ...)
    local o = settings("embedding", {"padding_idx"}, {padding_idx = -1}, ...)
    return torch.embedding(weight, input, o.padding_idx, false, false)
  end)

declare("normalize", [[
torch.nn.functional.normalize(input, {p = 2, dim = 1, eps = 1e-12}) -> Tensor

input divided by its p-norm along dim.]], function(input, ...)
  local o = settings("normalize", {"p", "dim", "eps"}, {p = 2, dim = 1, eps = 1e-12}, ...)
  return input
    / torch.linalg_vector_norm(input, o.p, {o.dim}, true):clamp_min(o.eps):expand_as(input)
end)

declare("unfold", [[
torch.nn.functional.unfold(input, kernel_size, {dilation = 1, padding = 0, stride = 1}) -> Tensor

Sliding blocks of [N, C, H, W] as [N, C * kernel elements, blocks].]],
  function(input, kernel_size, ...)
    local o = settings(
      "unfold", {"dilation", "padding", "stride"}, {dilation = 1, padding = 0, stride = 1}, ...)
    return torch.im2col(input, kernel_size, o.dilation, o.padding, o.stride)
  end)

declare("fold", "\z
  torch.nn.functional.fold(input, output_size, kernel_size, {dilation = 1, padding = 0, \z
  stride = 1}) -> Tensor\n\n\z
  The sum of sliding blocks as made by unfold, [N, C, H, W].",
  function(input, output_size, kernel_size, ...)
    local o = settings(
      "fold", {"dilation", "padding", "stride"}, {dilation = 1, padding = 0, stride = 1}, ...)
    return torch.col2im(input, output_size, kernel_size, o.dilation, o.padding, o.stride)
  end)

local function length_of(list) return type(list) == "table" and #list or nil end

local interpolations = {
  nearest = {"upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"},
  ["nearest-exact"] = {
    "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
  },
  linear = {"upsample_linear1d"},
  bilinear = {nil, "upsample_bilinear2d"},
  bicubic = {nil, "upsample_bicubic2d"},
  trilinear = {nil, nil, "upsample_trilinear3d"},
  area = {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"},
}

local function output_size(input, o, dims)
  if (o.size == nil) == (o.scale_factor == nil) then
    error("interpolate: expected one of size and scale_factor", 4)
  end
  local size, shape = {}, input.shape
  for i = 1, dims do
    if o.size then
      size[i] = length_of(o.size) and o.size[i] or o.size
    else
      size[i] = math.floor(
        shape[i + 2] * (length_of(o.scale_factor) and o.scale_factor[i] or o.scale_factor))
    end
  end
  return size
end

local function scales(o, dims)
  local list = {}
  for i = 1, dims do
    list[i] = o.scale_factor
      and (length_of(o.scale_factor) and o.scale_factor[i] or o.scale_factor)
  end
  return list
end

declare("interpolate", '\z
  torch.nn.functional.interpolate(input, {size, scale_factor, mode = "nearest", \z
  align_corners = false, antialias = false}) -> Tensor\n\n\z
  Resizes [N, C, ...]. size or scale_factor: a number or one for each dimension. mode: nearest, \z
  nearest-exact, linear, bilinear, bicubic, trilinear, area.',
  function(input, ...)
    local o = settings(
      "interpolate",
      {"size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias"},
      {size = optional, scale_factor = optional, mode = "nearest", align_corners = false,
       recompute_scale_factor = false, antialias = false}, ...)
    local dims = input.ndim - 2
    local operator = interpolations[o.mode] and interpolations[o.mode][dims]
    if not operator then
      error(string.format("interpolate: no mode '%s' for a tensor of %d dimensions",
        tostring(o.mode), input.ndim), 2)
    end
    local size = output_size(input, o, dims)
    if o.mode == "area" then return torch[operator](input, size) end
    local factors = o.recompute_scale_factor and {} or scales(o, dims)
    if string.find(o.mode, "nearest") then return torch[operator](input, size, unpack(factors)) end
    if o.antialias then operator = "_" .. operator .. "_aa" end
    return torch[operator](input, size, o.align_corners, unpack(factors))
  end)

local grid_modes = {bilinear = 0, nearest = 1, bicubic = 2}
local grid_paddings = {zeros = 0, border = 1, reflection = 2}
declare("grid_sample", '\z
  torch.nn.functional.grid_sample(input, grid, {mode = "bilinear", padding_mode = "zeros", \z
  align_corners = false}) -> Tensor\n\n\z
  input [N, C, H, W] read at grid [N, H\', W\', 2] of (x, y) in [-1, 1].',
  function(input, grid, ...)
    local o = settings(
      "grid_sample", {"mode", "padding_mode", "align_corners"},
      {mode = "bilinear", padding_mode = "zeros", align_corners = false}, ...)
    if not grid_modes[o.mode] then
      error("grid_sample: mode must be bilinear, nearest or bicubic, got " .. tostring(o.mode), 2)
    end
    if not grid_paddings[o.padding_mode] then
      error("grid_sample: padding_mode must be zeros, border or reflection, got "
        .. tostring(o.padding_mode), 2)
    end
    return torch.grid_sampler(input, grid, grid_modes[o.mode], grid_paddings[o.padding_mode],
                              o.align_corners)
  end)

declare("affine_grid", [[
torch.nn.functional.affine_grid(theta, size, {align_corners = false}) -> Tensor

A grid for grid_sample from affine matrices [N, 2, 3]; size: of the output, {N, C, H, W}.]],
  function(theta, size, ...)
    return torch.affine_grid_generator(
      theta, size,
      settings("affine_grid", {"align_corners"}, {align_corners = false}, ...).align_corners)
  end)

-- What Python's torch composes.
local einsum = host.operator("einsum")
torch.einsum = host.declare("torch.einsum", [[
torch.einsum(equation, x, ...) or torch.einsum(equation, {x, ...}) -> Tensor

Sums of products in Einstein's notation: torch.einsum("bij,bjk->bik", a, b).]],
  function(equation, first, ...)
    return einsum(equation, torch.is_tensor(first) and {first, ...} or first)
  end)

torch.unique = host.declare("torch.unique", "\z
  torch.unique(x, {sorted = true, return_inverse = false, return_counts = false, dim}) -> Tensor \z
  [, inverse] [, counts]\n\n\z
  The different values of x, or its different slices along dim.", function(x, ...)
  local o = host.arguments(
    "torch.unique", {"sorted", "return_inverse", "return_counts", "dim"},
    {sorted = true, return_inverse = false, return_counts = false, dim = optional}, 2, ...)
  local values, inverse, counts
  if o.dim then
    values, inverse, counts = torch.unique_dim(
      x, o.dim, o.sorted, o.return_inverse, o.return_counts)
  else
    values, inverse, counts = torch._unique2(x, o.sorted, o.return_inverse, o.return_counts)
  end
  if o.return_inverse and o.return_counts then return values, inverse, counts end
  if o.return_inverse then return values, inverse end
  if o.return_counts then return values, counts end
  return values
end)
