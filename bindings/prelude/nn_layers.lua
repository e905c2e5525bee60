-- torch.nn: how layers are declared, and the layers that only multiply or reshape. Layers have
-- PyTorch's names, arguments, defaults, initial values and printed form.
local host = ...
local error = host.nn.error  -- names the script's line
local nn = torch.nn
local none = host.optional

local function signature(class, names, defaults)
  local parts, named = {}, {}
  for _, name in ipairs(names) do
    if defaults[name] == nil then
      parts[#parts + 1] = name
    elseif defaults[name] == none then
      named[#named + 1] = name
    else
      named[#named + 1] = string.format("%s = %s",
        name, type(defaults[name]) == "string" and string.format("%q", defaults[name])
          or tostring(defaults[name]))
    end
  end
  if #named > 0 then parts[#parts + 1] = "{" .. table.concat(named, ", ") .. "}" end
  return string.format("torch.nn.%s(%s) -> module", class, table.concat(parts, ", "))
end

-- A float as Python prints it: the fewest digits that read back as the same value, and 1.0 for 1.
local function float_text(x)
  if x ~= x then return "nan" end
  if x == math.huge or x == -math.huge then return x > 0 and "inf" or "-inf" end
  local size = math.abs(x)
  for digits = 1, 17 do
    local text = string.format("%." .. digits .. "g", x)
    if tonumber(text) == x then
      if size ~= 0 and (size < 1e-4 or size >= 1e16) then return text end
      if string.find(text, "e") then text = string.format("%.0f", x) end
      return string.find(text, "%.") and text or text .. ".0"
    end
  end
end

-- A value as Python's str() prints it. kind: "f" prints a number as a float, "r" puts a string in
-- quotes.
local function python(value, kind)
  if value == nil then return "None" end
  if type(value) == "boolean" then return value and "True" or "False" end
  if type(value) == "number" then
    local whole = value == math.floor(value) and math.abs(value) < 2 ^ 53
    return kind ~= "f" and whole and string.format("%d", value) or float_text(value)
  end
  if type(value) == "table" and not getmetatable(value) then
    local parts = {}
    for i, part in ipairs(value) do parts[i] = python(part, kind) end
    return "(" .. table.concat(parts, ", ") .. (#parts == 1 and ",)" or ")")
  end
  return kind == "r" and type(value) == "string" and "'" .. value .. "'" or tostring(value)
end

-- Replaces {name} or {name:f} in a pattern with the value of that field, as Python prints it.
local function fill(pattern, self)
  return (string.gsub(pattern, "{(%w[%w_]*):?(%a?)}", function(name, kind)
    return python(rawget(self, name), kind)
  end))
end

-- A list of n copies of the value, or the value itself if it already is a list.
local function times(value, n)
  if type(value) == "table" then return value end
  local list = {}
  for i = 1, n do list[i] = value end
  return list
end

-- Stores the arguments of a layer in its fields.
local function take_arguments(self, o, buffers)
  for key, value in pairs(o) do rawset(self, key, value) end
  for _, name in ipairs(buffers or {}) do
    rawset(self, name, nil)
    self:register_buffer(name, o[name])
  end
end

-- Every layer accepts a device and a dtype in a final table. Returns {device, dtype}, or nil if
-- neither is given, then the other arguments.
local function without_placement(...)
  local count = select("#", ...)
  local last = count > 0 and select(count, ...)
  if type(last) ~= "table" or getmetatable(last) or not (last.device or last.dtype) then
    return nil, ...
  end
  local given, rest = {...}, {}
  for key, value in pairs(last) do
    if key ~= "device" and key ~= "dtype" then rest[key] = value end
  end
  given[count] = rest
  return {device = last.device, dtype = last.dtype}, unpack(given, 1, count)
end

-- Declares torch.nn.CLASS. definition: names and defaults of its arguments; text;
-- setup(self, o); forward(self, x, ...); repr: the text in parentheses when the layer is printed, a
-- pattern with {name} or a function(self); buffers: arguments that are tensors, which move with the
-- module. Arguments are fields of the module.
local function layer(class, definition)
  local made = nn.module(class)
  local names, defaults = definition.names or {}, definition.defaults or {}
  local repr = definition.repr or ""
  local function build(self, placement, ...)
    local o = host.arguments("torch.nn." .. class, names, defaults, 4, ...)
    take_arguments(self, o, definition.buffers)
    if definition.setup then definition.setup(self, o) end
    if placement then self:to(placement) end
  end
  function made:init(...) build(self, without_placement(...)) end
  made.forward = definition.forward
  function made:extra_repr()
    if type(repr) == "function" then return repr(self) end
    return fill(repr, self)
  end
  for name, method in pairs(definition.methods or {}) do made[name] = method end
  nn[class] = host.declare(
    "torch.nn." .. class, signature(class, names, defaults) .. "\n\n" .. definition.text, made)
end

-- A parameter with uniformly distributed values between -bound and bound.
local function uniform(shape, bound)
  return nn.Parameter(torch.empty(shape):uniform_(-bound, bound))
end

-- Initialises the weight and, if `bias` is true, the bias of a module, both uniformly between
-- -bound and bound = 1 / sqrt(fan_in), like PyTorch's kaiming_uniform_ with a = sqrt(5).
local function set_weights(self, shape, fan_in, outputs, bias)
  local bound = fan_in > 0 and 1 / math.sqrt(fan_in) or 0
  self.weight = uniform(shape, bound)
  rawset(self, "bias", nil)  -- the argument of that name gives way to the parameter
  if bias then
    self.bias = uniform({outputs}, bound)
  else
    self:register_parameter("bias", nil)
  end
end

-- Raises an error that names the class of the layer, unless the condition holds.
local function check(condition, class, message, ...)
  if not condition then error(string.format("torch.nn.%s: " .. message, class, ...)) end
end

host.layers = {
  layer = layer, none = none, fill = fill, python = python, times = times, uniform = uniform,
  set_weights = set_weights, check = check,
}

layer("Linear", {
  names = {"in_features", "out_features", "bias"}, defaults = {bias = true},
  text = "Computes x W^T + b over the last dimension. Parameters: weight [out, in], bias [out].",
  setup = function(self, o)
    set_weights(self, {o.out_features, o.in_features}, o.in_features, o.out_features, o.bias)
  end,
  forward = function(self, x) return torch.linear(x, self.weight, self.bias) end,
  repr = function(self)
    return fill("in_features={in_features}, out_features={out_features}, bias=", self)
      .. python(self.bias ~= nil)
  end,
})

layer("Bilinear", {
  names = {"in1_features", "in2_features", "out_features", "bias"}, defaults = {bias = true},
  text = "Computes x1^T W x2 + b over the last dimensions. Parameters: weight [out, in1, in2], \z
    bias [out].",
  setup = function(self, o)
    set_weights(self, {o.out_features, o.in1_features, o.in2_features}, o.in1_features,
                o.out_features, o.bias)
  end,
  forward = function(self, x1, x2) return torch.bilinear(x1, x2, self.weight, self.bias) end,
  repr = function(self)
    return fill("in1_features={in1_features}, in2_features={in2_features}, \z
      out_features={out_features}, bias=", self) .. python(self.bias ~= nil)
  end,
})

local Identity = nn.module("Identity")
function Identity:init() end
function Identity:forward(x) return x end
nn.Identity = host.declare("torch.nn.Identity", "\z
  torch.nn.Identity(...) -> module\n\n\z
  Returns its input unchanged and ignores the arguments of the constructor. Use it to replace a \z
  layer that you want to remove.",
  Identity)

layer("Flatten", {
  names = {"start_dim", "end_dim"}, defaults = {start_dim = 1, end_dim = -1},
  text = "Flattens the dimensions start_dim to end_dim into one.",
  forward = function(self, x) return x:flatten(self.start_dim, self.end_dim) end,
  repr = "start_dim={start_dim}, end_dim={end_dim}",
})
layer("Unflatten", {
  names = {"dim", "unflattened_size"}, text = "\z
    Splits the dimension dim into several dimensions. unflattened_size: the list of their sizes.",
  forward = function(self, x) return x:unflatten(self.dim, self.unflattened_size) end,
  repr = "dim={dim}, unflattened_size={unflattened_size}",
})
layer("PixelShuffle", {
  names = {"upscale_factor"},
  text = "Rearranges [N, C r^2, H, W] to [N, C, H r, W r], like torch.pixel_shuffle.",
  forward = function(self, x) return torch.pixel_shuffle(x, self.upscale_factor) end,
  repr = "upscale_factor={upscale_factor}",
})
layer("PixelUnshuffle", {
  names = {"downscale_factor"},
  text = "Rearranges [N, C, H r, W r] to [N, C r^2, H, W], like torch.pixel_unshuffle.",
  forward = function(self, x) return torch.pixel_unshuffle(x, self.downscale_factor) end,
  repr = "downscale_factor={downscale_factor}",
})
layer("ChannelShuffle", {
  names = {"groups"}, text = "Shuffles channels between groups, like torch.channel_shuffle.",
  forward = function(self, x) return torch.channel_shuffle(x, self.groups) end,
  repr = "groups={groups}",
})

local windows = {dilation = 1, padding = 0, stride = 1}
layer("Unfold", {
  names = {"kernel_size", "dilation", "padding", "stride"}, defaults = windows,
  text = "Extracts sliding blocks from [N, C, H, W] into [N, C * kernel elements, blocks].",
  forward = function(self, x)
    return torch.im2col(x, times(self.kernel_size, 2), times(self.dilation, 2),
                        times(self.padding, 2), times(self.stride, 2))
  end,
  repr = "kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}",
})
layer("Fold", {
  names = {"output_size", "kernel_size", "dilation", "padding", "stride"}, defaults = windows,
  text = "Adds up the blocks extracted by Unfold, each at its position in [N, C, H, W].",
  forward = function(self, x)
    return torch.col2im(x, times(self.output_size, 2), times(self.kernel_size, 2),
                        times(self.dilation, 2), times(self.padding, 2), times(self.stride, 2))
  end,
  repr = "output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, \z
    padding={padding}, stride={stride}",
})

local function upsample(self, x)
  local o = {
    size = self.size, scale_factor = self.scale_factor, mode = self.mode,
    recompute_scale_factor = self.recompute_scale_factor,
  }
  if self.align_corners ~= nil then o.align_corners = self.align_corners end
  return torch.nn.functional.interpolate(x, o)
end
local function upsample_repr(self)
  local what = self.scale_factor and fill("scale_factor={scale_factor:f}", self)
    or fill("size={size}", self)
  return what .. fill(", mode={mode:r}", self)
end
layer("Upsample", {
  names = {"size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"},
  defaults = {size = none, scale_factor = none, mode = "nearest", align_corners = none,
              recompute_scale_factor = none},
  text = "Resizes its input; see torch.nn.functional.interpolate.",
  forward = upsample, repr = upsample_repr,
})
for class, mode in pairs {
  UpsamplingNearest2d = "nearest", UpsamplingBilinear2d = "bilinear",
} do
  layer(class, {
    names = {"size", "scale_factor"}, defaults = {size = none, scale_factor = none},
    text = string.format("Works like Upsample with mode %q%s.",
      mode, mode == "bilinear" and " and align_corners = true" or ""),
    setup = function(self)
      rawset(self, "mode", mode)
      if mode == "bilinear" then rawset(self, "align_corners", true) end
    end,
    forward = upsample, repr = upsample_repr,
  })
end

layer("CosineSimilarity", {
  names = {"dim", "eps"}, defaults = {dim = 1, eps = 1e-8},
  text = "Computes the cosine of the angle between x1 and x2 along dim.",
  forward = function(self, a, b) return torch.cosine_similarity(a, b, self.dim, self.eps) end,
})
layer("PairwiseDistance", {
  names = {"p", "eps", "keepdim"}, defaults = {p = 2, eps = 1e-6, keepdim = false},
  text = "Computes the p-norm of x1 - x2 + eps along the last dimension.",
  forward = function(self, a, b)
    return torch.pairwise_distance(a, b, self.p, self.eps, self.keepdim)
  end,
})
