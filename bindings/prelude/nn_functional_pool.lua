-- torch.nn.functional: pooling, resizing, sampling.
local host = ...
local define, repeated = host.define_functional, host.repeated

local function indexed(values, indices, wanted)
  if wanted then return values, indices end
  return values
end

-- In {2, nil}, {nil, 2} and {nil, nil}, nil stands for the input's own size.
local function filled_size(name, size, input, dims)
  if type(size) ~= "table" then return repeated(size, dims) end
  local shape, result = input.shape, {}
  if #shape <= dims then
    error(string.format("%s: expected at least %d dimensions, got %d", name, dims + 1, #shape), 3)
  end
  for i = 1, dims do
    local value = size[i]
    if value == nil or rawequal(value, torch.none) then value = shape[#shape - dims + i] end
    result[i] = value
  end
  return result
end

for dims = 1, 3 do
  local suffix = dims .. "d"
  local name = "adaptive_avg_pool" .. suffix
  define(name, "input, output_size", "\z
    -> Tensor\n\n\z
    Divides the input into output_size parts and returns the mean of each part. If output_size \z
    does not divide the input's size, some parts overlap, and their sizes may differ by 1. \z
    output_size: a number, or a list with one number per dimension. In a list, nil or torch.none \z
    keeps the input's size in that dimension.", function(input, output_size)
    return torch[name](input, filled_size(name, output_size, input, dims))
  end)
  local name_of_max = "adaptive_max_pool" .. suffix
  define(name_of_max, "input, output_size, return_indices = false", "-> Tensor [, indices]\n\n\z
    Divides the input into output_size parts, like adaptive_avg_pool" .. suffix .. ", and \z
    returns the maximum of each part. output_size: as for adaptive_avg_pool" .. suffix .. ".",
    function(input, output_size, return_indices)
      local size = filled_size(name_of_max, output_size, input, dims)
      local values, indices = torch[name_of_max](input, size)
      return indexed(values, indices, return_indices)
    end)
  local max_pool = "max_pool" .. suffix
  define(max_pool, "input, kernel_size, stride = nil, padding = 0, dilation = 1, \z
    ceil_mode = false, return_indices = false", "\z
    -> Tensor [, indices]\n\n\z
    Returns the maximum of each window. stride: the step between windows (default kernel_size).",
    function(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
      if not return_indices then
        return torch[max_pool](input, kernel_size, stride or {}, padding, dilation, ceil_mode)
      end
      return torch[max_pool .. "_with_indices"](
        input, kernel_size, stride or {}, padding, dilation, ceil_mode)
    end)
end

-- The size of the tensor from which max_pool took its windows.
local function unpooled_size(name, input, kernel, stride, padding, wanted)
  local shape, dims, size = input.shape, #kernel, {}
  for i = 1, dims do
    size[i] = (shape[#shape - dims + i] - 1) * stride[i] + kernel[i] - 2 * padding[i]
  end
  if not wanted then return size end
  local first = #wanted == dims + 2 and 2 or 0
  if #wanted - first ~= dims then
    error(string.format("%s: output_size must have %d or %d elements, got %d",
      name, dims, dims + 2, #wanted), 3)
  end
  for i = 1, dims do
    local value = wanted[i + first]
    if not (value > size[i] - stride[i] and value < size[i] + stride[i]) then
      error(string.format("%s: output_size[%d] must be greater than %d and less than %d, got %d",
        name, i + first, size[i] - stride[i], size[i] + stride[i], value), 3)
    end
    size[i] = value
  end
  return size
end

for dims = 1, 3 do
  local name = "max_unpool" .. dims .. "d"
  define(name, "input, indices, kernel_size, stride = nil, padding = 0, output_size = nil",
    "-> Tensor\n\nPuts the values from max_pool" .. dims
      .. "d back at their positions and fills the rest with zeros.",
    function(input, indices, kernel_size, stride, padding, output_size)
      local kernel, pad = repeated(kernel_size, dims), repeated(padding, dims)
      local step = stride and repeated(stride, dims) or kernel
      local size = unpooled_size(name, input, kernel, step, pad, output_size)
      if dims == 1 then
        return torch.max_unpool2d(
          input:unsqueeze(-1), indices:unsqueeze(-1), {size[1], 1}):squeeze(-1)
      elseif dims == 2 then
        return torch.max_unpool2d(input, indices, size)
      end
      return torch.max_unpool3d(input, indices, size, step, pad)
    end)
end

for dims = 2, 3 do
  local name = string.format("fractional_max_pool%dd", dims)
  define(name, "input, kernel_size, output_size = nil, output_ratio = nil, \z
    return_indices = false, _random_samples = nil", "-> Tensor [, indices]\n\n\z
    Returns the maximum of each window; the windows are at random positions. Set output_size or \z
    output_ratio. If both are set, output_size is used, as in PyTorch.",
    function(input, kernel_size, output_size, ratio, return_indices, samples)
      if not output_size and not ratio then
        error(name .. ": expected output_size or output_ratio", 2)
      end
      local shape = input.shape
      if not output_size then
        ratio, output_size = repeated(ratio, dims), {}
        for i = 1, dims do output_size[i] = math.floor(shape[#shape - dims + i] * ratio[i]) end
      end
      samples = samples or torch.rand(#shape == dims + 1 and 1 or shape[1], shape[#shape - dims],
                                      dims, {dtype = input.dtype, device = input.device})
      local values, indices = torch[name](input, kernel_size, output_size, samples)
      return indexed(values, indices, return_indices)
    end)
end

for dims = 1, 3 do
  local name = string.format("lp_pool%dd", dims)
  local average, maximum = "avg_pool" .. dims .. "d", "max_pool" .. dims .. "d"
  define(name, "input, norm_type, kernel_size, stride = nil, ceil_mode = false", "-> Tensor\n\n\z
    Returns the norm of each window. norm_type: the order of the norm, which must not be 0; \z
    math.huge gives the largest absolute value.",
    function(input, norm_type, kernel_size, stride, ceil_mode)
      if norm_type == 0 then error(name .. ": norm_type must not be 0", 2) end
      local step = stride or {}
      if norm_type == math.huge then
        return torch[maximum](input:abs(), kernel_size, step, 0, 1, ceil_mode)
      elseif norm_type == -math.huge then
        return -torch[maximum](-input:abs(), kernel_size, step, 0, 1, ceil_mode)
      end
      local mean = torch[average](input:pow(norm_type), kernel_size, step, 0, ceil_mode)
      return (mean:sign() * mean:abs():relu())
        :mul(host.product(repeated(kernel_size, dims), 1)):pow(1 / norm_type)
    end)
end

local interpolations = {
  nearest = {"upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"},
  ["nearest-exact"] = {
    "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
  },
  linear = {"upsample_linear1d"},
  bilinear = {nil, "upsample_bilinear2d"},
  bicubic = {nil, "upsample_bicubic2d"},
  trilinear = {nil, nil, "upsample_trilinear3d"},
  lanczos = {nil, "upsample_lanczos2d"},
  area = {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"},
}

local function each_dimension(value, i)
  if type(value) == "table" then return value[i] end
  return value
end

local function output_size(input, size, factor, dims)
  if (size == nil) == (factor == nil) then
    error("interpolate: expected either size or scale_factor", 3)
  end
  for _, given in ipairs {size or factor} do
    if type(given) == "table" and #given ~= dims then
      error(string.format("interpolate: %s must have %d values for a tensor with %d dimensions, \z
        got %d", size and "size" or "scale_factor", dims, dims + 2, #given), 3)
    end
  end
  local result, shape = {}, input.shape
  for i = 1, dims do
    result[i] = size and each_dimension(size, i)
      or math.floor(shape[i + 2] * each_dimension(factor, i))
  end
  return result
end

local function check_mode(mode, align_corners, antialias)
  if align_corners ~= nil and (string.find(mode, "nearest") or mode == "area") then
    error("interpolate: align_corners requires mode 'linear', 'bilinear', 'bicubic' or \z
      'trilinear', got '" .. mode .. "'", 3)
  end
  if antialias and mode ~= "bilinear" and mode ~= "bicubic" and mode ~= "lanczos" then
    error("interpolate: antialias requires mode 'bilinear', 'bicubic' or 'lanczos', got '" .. mode
      .. "'", 3)
  end
  if mode == "lanczos" and not antialias then
    error("interpolate: mode 'lanczos' requires antialias = true", 3)
  end
end

local function interpolate(input, size, factor, mode, align_corners, recompute, antialias)
  local dims = input.ndim - 2
  local operator = interpolations[mode] and interpolations[mode][dims]
  if not operator then
    error(string.format("interpolate: there is no mode '%s' for a tensor with %d dimensions",
      tostring(mode), input.ndim), 2)
  end
  check_mode(mode, align_corners, antialias)
  local result = output_size(input, size, factor, dims)
  if mode == "area" then return torch[operator](input, result) end
  local factors = {}
  if factor and not recompute then
    for i = 1, dims do factors[i] = each_dimension(factor, i) end
  end
  if string.find(mode, "nearest") then
    return torch[operator](input, result, unpack(factors))
  end
  if antialias then operator = "_" .. operator .. "_aa" end
  return torch[operator](input, result, align_corners or false, unpack(factors))
end

define("interpolate", "input, size = nil, scale_factor = nil, mode = \"nearest\", \z
  align_corners = nil, recompute_scale_factor = nil, antialias = false", "-> Tensor\n\n\z
  Resizes input [N, C, ...]. size or scale_factor: a number, or one number per dimension. mode: \z
  nearest, nearest-exact, linear, bilinear, bicubic, trilinear, area or lanczos. antialias: if \z
  true, smooths the result when the size is reduced (default false). It works only with \z
  bilinear, bicubic and lanczos, and lanczos requires it. lanczos works only on the CPU and \z
  for inputs with 4 dimensions, and only if LibTorch supports it.", interpolate)
define("upsample", "input, size = nil, scale_factor = nil, mode = \"nearest\", align_corners = nil",
  "-> Tensor\n\nWorks like interpolate, which has replaced it.", interpolate)
define("upsample_nearest", "input, size = nil, scale_factor = nil",
  "-> Tensor\n\nWorks like interpolate with mode \"nearest\".", function(input, size, factor)
    return interpolate(input, size, factor, "nearest")
  end)
define("upsample_bilinear", "input, size = nil, scale_factor = nil",
  "-> Tensor\n\nWorks like interpolate with mode \"bilinear\" and align_corners = true.",
  function(input, size, factor)
    return interpolate(input, size, factor, "bilinear", true)
  end)

local grid_modes = {bilinear = 0, nearest = 1, bicubic = 2}
local grid_paddings = {zeros = 0, border = 1, reflection = 2}
define("grid_sample", "input, grid, mode = \"bilinear\", padding_mode = \"zeros\", \z
  align_corners = false", "\z
  -> Tensor\n\n\z
  Samples input [N, C, H, W] at the points (x, y) in grid [N, H', W', 2]. The coordinates run \z
  from -1 to 1 across the input.",
  function(input, grid, mode, padding_mode, align_corners)
    if not grid_modes[mode] then
      error(string.format("grid_sample: mode must be 'bilinear', 'nearest' or 'bicubic', got '%s'",
        tostring(mode)), 2)
    end
    if not grid_paddings[padding_mode] then
      error(string.format("grid_sample: padding_mode must be 'zeros', 'border' or 'reflection', \z
        got '%s'", tostring(padding_mode)), 2)
    end
    return torch.grid_sampler(input, grid, grid_modes[mode], grid_paddings[padding_mode],
                              align_corners)
  end)
