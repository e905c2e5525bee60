-- torch.nn.functional: the table, and layers composed of operators. nn_functional_*.lua contain the
-- rest.
local host = ...

-- The names of the operators that start with `prefix` (which is removed), and the keys of a table.
local function names_with(prefix, t)
  local names = {}
  for name in next, t do names[#names + 1] = name end
  for _, name in ipairs(host.operator_names()) do
    if string.sub(name, 1, #prefix) == prefix then
      names[#names + 1] = string.sub(name, #prefix + 1)
    end
  end
  return names
end

-- Tables of torch whose names are prefixes of operators: torch.linalg.svd calls linalg_svd.
local function namespace(prefix, functions)
  local owner = "torch." .. string.gsub(prefix, "_$", "")
  return setmetatable(functions or {}, {__metatable = owner, __index = function(t, name)
    local ok, operator = pcall(function() return torch[prefix .. name] end)
    if not ok then host.unknown(owner, name, names_with(prefix, t), 2) end
    rawset(t, name, operator)
    return operator
  end})
end
torch.linalg, torch.fft, torch.special = namespace "linalg_", namespace "fft_", namespace "special_"

local F = setmetatable({}, {__metatable = "torch.nn.functional", __index = function(t, name)
  if host.first_use("torch.nn.functional", name) then return rawget(t, name) end
  local ok, operator = pcall(function() return torch[name] end)
  if not ok then
    local names = names_with("", t)
    host.add_later_names("torch.nn.functional", names)
    host.unknown("torch.nn.functional", name, names, 2)
  end
  rawset(t, name, operator)
  return operator
end})
torch.nn.functional = F

-- Declares torch.nn.functional.NAME with Python's signature.
local function define(name, signature, text, f)
  F[name] = host.define("torch.nn.functional." .. name, signature, text, f)
end
host.define_functional = define

-- One value per dimension, as a list. A single value applies to all dimensions.
function host.repeated(value, count)
  if type(value) == "table" then return value end
  local list = {}
  for i = 1, count do list[i] = value end
  return list
end

local function product(list, from)
  local result = 1
  for i = from, #list do result = result * list[i] end
  return result
end
host.product = product

local function shape_text(shape) return "[" .. table.concat(shape, ", ") .. "]" end
host.shape_text = shape_text

local function check_batch(name, shape)
  if shape[1] * product(shape, 3) == 1 then
    error(string.format(
      "%s: expected more than 1 value per channel in training, got input of shape %s; a \z
       single value has no variance. If the last batch has only one image, drop it (drop_last); \z
       otherwise choose a different batch size or use evaluation mode",
      name, shape_text(shape)), 3)
  end
end

define("batch_norm", "input, running_mean = nil, running_var = nil, weight = nil, bias = nil, \z
  training = false, momentum = 0.1, eps = 1e-5", "-> Tensor\n\n\z
  Normalises input [N, C, ...] with statistics over all dimensions except C. If training is true, \z
  these are the statistics of the batch; otherwise they are running_mean and running_var.",
  function(input, mean, var, weight, bias, training, momentum, eps)
    if training then check_batch("batch_norm", input.shape) end
    if eps < 0 or (training and eps == 0) then
      error("batch_norm: eps must be above 0, got " .. eps, 2)
    end
    return torch.batch_norm(input, weight, bias, mean, var, training, momentum, eps, true)
  end)

define("instance_norm", "input, running_mean = nil, running_var = nil, weight = nil, bias = nil, \z
  use_input_stats = true, momentum = 0.1, eps = 1e-5", "-> Tensor\n\n\z
  Normalises each channel in each sample of input [N, C, ...] with its own mean and variance.",
  function(input, mean, var, weight, bias, use_input_stats, momentum, eps)
    if use_input_stats and product(input.shape, 3) == 1 then
      error("instance_norm: expected more than 1 spatial element, got input of shape "
        .. shape_text(input.shape), 2)
    end
    return torch.instance_norm(input, weight, bias, mean, var, use_input_stats, momentum, eps, true)
  end)

define("group_norm", "input, num_groups, weight = nil, bias = nil, eps = 1e-5", "-> Tensor\n\n\z
  Normalises each group of channels in each sample of input [N, C, ...] with its own mean and \z
  variance.",
  function(input, num_groups, weight, bias, eps)
    local shape = input.shape
    if #shape < 2 then
      error("group_norm: expected at least 2 dimensions, got input of shape "
        .. shape_text(shape), 2)
    end
    if math.floor(shape[1] * shape[2] / num_groups) * product(shape, 3) == 1 then
      error("group_norm: expected more than 1 value per group, got input of shape "
        .. shape_text(shape), 2)
    end
    return torch.group_norm(input, num_groups, weight, bias, eps, true)
  end)

define("layer_norm", "input, normalized_shape, weight = nil, bias = nil, eps = 1e-5",
  "-> Tensor\n\nNormalises input over its last dimensions. normalized_shape: their \z
  sizes (a number or a list).",
  function(input, normalized_shape, weight, bias, eps)
    return torch.layer_norm(input, host.repeated(normalized_shape, 1), weight, bias, eps, true)
  end)

define("local_response_norm", "input, size, alpha = 0.0001, beta = 0.75, k = 1", "-> Tensor\n\n\z
  Returns input / (k + alpha * m) ^ beta, where m is the mean of the squares over `size` \z
  neighbouring channels.",
  function(input, size, alpha, beta, k)
    local shape, dims = input.shape, input.ndim
    if dims < 3 then
      error("local_response_norm: expected at least 3 dimensions, got " .. dims, 2)
    end
    if input:numel() == 0 then return input end
    local before, behind, squares = math.floor(size / 2), math.floor((size - 1) / 2), input * input
    if dims == 3 then
      squares = torch.pad(squares:unsqueeze(1), {0, 0, before, behind})
      squares = torch.avg_pool2d(squares, {size, 1}, 1):squeeze(1)
    else
      squares = squares:view {shape[1], 1, shape[2], shape[3], -1}
      squares = torch.pad(squares, {0, 0, 0, 0, before, behind})
      squares = torch.avg_pool3d(squares, {size, 1, 1}, 1):squeeze(1):view(shape)
    end
    return input / squares:mul(alpha):add(k):pow(beta)
  end)

define("normalize", "input, p = 2, dim = 1, eps = 1e-12, out = nil", "-> Tensor\n\n\z
  Divides input by its p-norm along dim.", function(input, p, dim, eps, out)
  local norm = torch.linalg_vector_norm(input, p, host.repeated(dim, 1), true)
  norm = norm:clamp_min(eps):expand_as(input)
  if out then return torch.div(input, norm, {out = out}) end
  return input / norm
end)

local function renormalise(weight, input, max_norm, norm_type)
  torch.no_grad(torch.embedding_renorm_, weight, input, max_norm, norm_type)
end

define("embedding", "input, weight, padding_idx = nil, max_norm = nil, norm_type = 2, \z
  scale_grad_by_freq = false, sparse = false", "\z
  -> Tensor\n\n\z
  Returns an entry of `weight` for each index. input: int64 indices of any shape. weight: \z
  [entries, width]. The result has the shape of `input`, followed by `width`. padding_idx: \z
  the index of an entry that gets no gradient. max_norm: the largest norm; entries with a larger \z
  norm are scaled down in place when they are looked up.",
  function(input, weight, padding, max_norm, norm_type, scale_grad_by_freq, sparse)
    local entries = weight:size(0)
    if padding and (padding >= entries or padding < -entries) then
      error(string.format(
        "embedding: padding_idx %d is out of range for %d entries", padding, entries), 2)
    end
    if padding and padding < 0 then padding = padding + entries end
    if max_norm then
      input = input:contiguous()
      renormalise(weight, input, max_norm, norm_type)
    end
    return torch.embedding(weight, input, padding or -1, scale_grad_by_freq, sparse)
  end)

local bag_modes = {sum = 0, mean = 1, max = 2}

local function check_bag(input, weight, offsets, scale_grad, mode, sparse, weights)
  local wrong
  if not bag_modes[mode] then
    wrong = string.format("mode must be 'sum', 'mean' or 'max', got '%s'", tostring(mode))
  elseif weight.ndim ~= 2 then
    wrong = "weight must have 2 dimensions, got " .. weight.ndim
  elseif input.ndim ~= 1 and input.ndim ~= 2 then
    wrong = "input must have 1 or 2 dimensions, got " .. input.ndim
  elseif input.ndim == 2 and offsets then
    wrong = "offsets require an input with 1 dimension; in a 2-dimensional input, each row is a bag"
  elseif input.ndim == 1 and (not offsets or offsets.ndim ~= 1) then
    wrong = "an input with 1 dimension requires offsets with 1 dimension"
  elseif mode == "max" and (scale_grad or sparse) then
    wrong = "mode 'max' supports neither scale_grad_by_freq nor sparse"
  elseif weights and mode ~= "sum" then
    wrong = string.format("per_sample_weights requires mode 'sum', got '%s'", mode)
  elseif weights and shape_text(weights.shape) ~= shape_text(input.shape) then
    wrong = "per_sample_weights must have the same shape as input"
  end
  if wrong then error("embedding_bag: " .. wrong, 3) end
end

define("embedding_bag", "input, weight, offsets = nil, max_norm = nil, norm_type = 2, \z
  scale_grad_by_freq = false, mode = \"mean\", sparse = false, per_sample_weights = nil, \z
  include_last_offset = false, padding_idx = nil", "\z
  -> Tensor\n\n\z
  Returns the sum, mean or maximum of the entries of each bag. input: int64 indices [bags, n], \z
  or [n] with offsets. offsets: the position at which each bag starts.",
  function(input, weight, offsets, max_norm, norm_type, scale_grad, mode, sparse, weights,
           include_last, padding)
    check_bag(input, weight, offsets, scale_grad, mode, sparse, weights)
    if input.ndim == 2 then
      offsets = torch.arange(0, input:numel(), input:size(1),
                             {dtype = input.dtype, device = input.device})
      input, include_last = input:reshape(-1), false
      weights = weights and weights:reshape(-1)
    end
    if max_norm then renormalise(weight, input, max_norm, norm_type) end
    return (torch.embedding_bag(weight, input, offsets, scale_grad, bag_modes[mode], sparse,
                                weights, include_last, padding))
  end)

define("unfold", "input, kernel_size, dilation = 1, padding = 0, stride = 1", "\z
  -> Tensor\n\n\z
  Extracts sliding blocks from [N, C, H, W] into [N, C * kernel elements, blocks].",
  function(...) return torch.im2col(...) end)

define("fold", "input, output_size, kernel_size, dilation = 1, padding = 0, stride = 1",
  "-> Tensor\n\nAdds up the blocks extracted by torch.nn.functional.unfold, each at its \z
  position in [N, C, H, W].",
  function(...) return torch.col2im(...) end)

define("affine_grid", "theta, size, align_corners = false", "\z
  -> Tensor\n\n\z
  Makes a grid for grid_sample from the affine matrices theta [N, 2, 3]. size: the size of the \z
  output, {N, C, H, W}.",
  function(theta, size, align_corners)
    return torch.affine_grid_generator(theta, size, align_corners)
  end)

define("linear_cross_entropy", "input, linear_weight, target, linear_bias = nil, weight = nil, \z
  reduction = \"mean\", ignore_index = -100, label_smoothing = 0", "-> Tensor\n\n\z
  Returns the cross-entropy of linear(input, linear_weight, linear_bias). linear_weight: \z
  [classes, ..., features].",
  function(input, linear_weight, target, bias, weight, reduction, ignore_index, smoothing)
    local shape = linear_weight.shape
    if #shape > 2 and input.ndim == 1 then
      error("linear_cross_entropy: linear_weight of shape " .. shape_text(shape)
        .. " requires an input of shape [N, features]", 2)
    end
    local logits = torch.linear(input, linear_weight:reshape(-1, shape[#shape]),
                                bias and bias:reshape(-1))
    local wanted = {}
    if input.ndim == 2 then wanted[1] = input:size(0) end
    for i = 1, #shape - 1 do wanted[#wanted + 1] = shape[i] end
    return torch.cross_entropy_loss(logits:reshape(wanted), target, {
      weight = weight, reduction = reduction, ignore_index = ignore_index,
      label_smoothing = smoothing,
    })
  end)
