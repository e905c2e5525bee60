-- torch.nn: pooling and its inverse, padding.
local host = ...
local error = host.nn.error  -- names the script's line
local shared = host.layers
local layer, none, fill, times = shared.layer, shared.none, shared.fill, shared.times

for dims = 1, 3 do
  local pool = torch["max_pool" .. dims .. "d"]
  local both = torch["max_pool" .. dims .. "d_with_indices"]
  layer(string.format("MaxPool%dd", dims), {
    names = {"kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"},
    defaults = {stride = none, padding = 0, dilation = 1, return_indices = false,
                ceil_mode = false},
    text = string.format(
      "Returns the maximum of each window. stride is kernel_size by default. return_indices: if \z
      true, also returns the indices that MaxUnpool%dd needs.", dims),
    setup = function(self) self.stride = self.stride or self.kernel_size end,
    forward = function(self, x)
      return (self.return_indices and both or pool)(
        x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
    end,
    repr = "kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, \z
      ceil_mode={ceil_mode}",
  })
end

layer("AvgPool1d", {
  names = {"kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"},
  defaults = {stride = none, padding = 0, ceil_mode = false, count_include_pad = true},
  text = "Returns the mean of each window. stride is kernel_size by default.",
  setup = function(self)
    for _, name in ipairs {"kernel_size", "padding"} do self[name] = times(self[name], 1) end
    self.stride = times(self.stride or self.kernel_size, 1)
  end,
  forward = function(self, x)
    return torch.avg_pool1d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                            self.count_include_pad)
  end,
  repr = "kernel_size={kernel_size}, stride={stride}, padding={padding}",
})
for dims = 2, 3 do
  local pool = torch["avg_pool" .. dims .. "d"]
  layer(string.format("AvgPool%dd", dims), {
    names = {"kernel_size", "stride", "padding", "ceil_mode", "count_include_pad",
             "divisor_override"},
    defaults = {stride = none, padding = 0, ceil_mode = false, count_include_pad = true,
                divisor_override = none},
    text = "Returns the mean of each window. stride is kernel_size by default.",
    setup = function(self) self.stride = self.stride or self.kernel_size end,
    forward = function(self, x)
      return pool(x, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                  self.count_include_pad, self.divisor_override)
    end,
    repr = "kernel_size={kernel_size}, stride={stride}, padding={padding}",
  })
end

-- The output size of adaptive pooling. false (None in Python) keeps the input's size.
local function adaptive_size(self, x, dims)
  local size = self.output_size
  if type(size) ~= "table" then return size end
  local result = {}
  for i = 1, dims do result[i] = size[i] or x:size(i - dims - 1) end
  for i = 1, dims do
    if result[i] < 0 then result[i] = x:size(i - dims - 1) end
  end
  return result
end
local function adaptive_repr(self)
  if type(self.output_size) ~= "table" then return fill("output_size={output_size}", self) end
  local parts = {}
  for i = 1, table.maxn(self.output_size) do
    parts[i] = shared.python(self.output_size[i] or nil)
  end
  return "output_size=(" .. table.concat(parts, ", ") .. (#parts == 1 and ",)" or ")")
end
for dims = 1, 3 do
  local sizes = dims == 1 and "" or string.format(", as one number or a list of %d numbers", dims)
  local average, largest = torch["adaptive_avg_pool" .. dims .. "d"],
    torch["adaptive_max_pool" .. dims .. "d"]
  local text = "%s of each window. output_size: the number of windows" .. sizes
    .. ". In a list, -1 or false keeps the input's size in that dimension.%s"
  layer(string.format("AdaptiveAvgPool%dd", dims), {
    names = {"output_size"}, text = string.format(text, "Returns the mean", ""),
    forward = function(self, x) return average(x, adaptive_size(self, x, dims)) end,
    repr = adaptive_repr,
  })
  layer(string.format("AdaptiveMaxPool%dd", dims), {
    names = {"output_size", "return_indices"}, defaults = {return_indices = false},
    text = string.format(text, "Returns the maximum",
      " return_indices: if true, also returns the indices."),
    forward = function(self, x)
      local y, indices = largest(x, adaptive_size(self, x, dims))
      if self.return_indices then return y, indices end
      return y
    end,
    repr = adaptive_repr,
  })
end

-- MaxUnpool's output size (`size`, if given), stride and padding.
local function unpooled_size(self, x, size, dims)
  local kernel, stride = times(self.kernel_size, dims), times(self.stride, dims)
  local padding, usual, given = times(self.padding, dims), {}, {}
  for i = 1, dims do
    usual[i] = (x:size(i - dims - 1) - 1) * stride[i] + kernel[i] - 2 * padding[i]
    given[i] = size and size[#size - dims + i] or usual[i]
    if math.abs(given[i] - usual[i]) >= stride[i] then
      error(string.format(
        "torch.nn.MaxUnpool%dd: output_size: dimension %d must be between %d and %d, \z
        got %d", dims, i - 1, usual[i] - stride[i] + 1, usual[i] + stride[i] - 1,
                        given[i]))
    end
  end
  return given, stride, padding
end
for dims = 1, 3 do
  layer(string.format("MaxUnpool%dd", dims), {
    names = {"kernel_size", "stride", "padding"}, defaults = {stride = none, padding = 0},
    text = string.format(
      "module(x, indices, output_size) puts the values from MaxPool%dd back at the positions in \z
      `indices` and fills the rest with zeros.", dims),
    setup = function(self)
      for _, name in ipairs {"kernel_size", "padding"} do self[name] = times(self[name], dims) end
      self.stride = times(self.stride or self.kernel_size, dims)
    end,
    forward = function(self, x, indices, output_size)
      local size, stride, padding = unpooled_size(self, x, output_size, dims)
      if dims == 3 then return torch.max_unpool3d(x, indices, size, stride, padding) end
      if dims == 2 then return torch.max_unpool2d(x, indices, size) end
      return torch.max_unpool2d(x:unsqueeze(-1), indices:unsqueeze(-1), {size[1], 1}):squeeze(-1)
    end,
    repr = "kernel_size={kernel_size}, stride={stride}, padding={padding}",
  })
  layer(string.format("LPPool%dd", dims), {
    names = {"norm_type", "kernel_size", "stride", "ceil_mode"},
    defaults = {stride = none, ceil_mode = false},
    text = "Returns the norm of each window. norm_type: the order of the norm, which must not be \z
      0; math.huge gives the largest absolute value. stride is kernel_size by default.",
    setup = function(_, o)
      shared.check(o.norm_type ~= 0, string.format("LPPool%dd", dims), "norm_type must not be 0")
    end,
    forward = function(self, x)
      return torch.nn.functional["lp_pool" .. dims .. "d"](
        x, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
    end,
    repr = "norm_type={norm_type}, kernel_size={kernel_size}, stride={stride}, \z
      ceil_mode={ceil_mode}",
  })
end
for dims = 2, 3 do
  layer(string.format("FractionalMaxPool%dd", dims), {
    names = {"kernel_size", "output_size", "output_ratio", "return_indices"},
    defaults = {output_size = none, output_ratio = none, return_indices = false},
    text = "Applies max pooling over random windows. The size of the result is output_size, or \z
      output_ratio (above 0 and below 1) times the input's size. Set only one of them.",
    setup = function(_, o)
      local class = string.format("FractionalMaxPool%dd", dims)
      shared.check(o.output_size or o.output_ratio, class, "expected output_size or output_ratio")
      shared.check(not (o.output_size and o.output_ratio), class,
                   "expected only one of output_size and output_ratio")
      for _, ratio in ipairs(o.output_ratio and times(o.output_ratio, dims) or {}) do
        shared.check(type(ratio) == "number" and ratio > 0 and ratio < 1, class,
                     "output_ratio must be above 0 and below 1, got %s", tostring(ratio))
      end
    end,
    forward = function(self, x)
      local size = self.output_size and times(self.output_size, dims) or {}
      local ratio = self.output_ratio and times(self.output_ratio, dims)
      for i = 1, ratio and dims or 0 do
        size[i] = math.floor(x:size(i - dims - 1) * ratio[i])
      end
      local batch = x:dim() == dims + 1 and 1 or x:size(0)
      local samples = torch.rand(batch, x:size(-dims - 1), dims, {dtype = x.dtype,
                                                                 device = x.device})
      local y, indices = torch["fractional_max_pool" .. dims .. "d"](
        x, times(self.kernel_size, dims), size, samples)
      if self.return_indices then return y, indices end
      return y
    end,
  })
end

-- Declares a padding layer, such as ReflectionPad2d.
local function pad(kind, mode, dims)
  local class, constant = string.format("%sPad%dd", kind, dims), mode == "constant"
  local by_value = kind == "Constant"
  layer(class, {
    names = by_value and {"padding", "value"} or {"padding"},
    text = string.format(
      "Pads the last %s with %s. padding: a number, or a list {left, right%s.",
      dims == 1 and "dimension" or dims .. " dimensions",
      kind == "Zero" and "zeros" or by_value and "`value`"
        or mode == "reflect" and "values mirrored at the edge"
        or mode == "replicate" and "the values at the edge" or "the values from the opposite side",
      ({"}", ", top, bottom} (last dimension first)",
        ", top, bottom, front, back} (last dimension first)"})[dims]),
    setup = function(self) self.padding = times(self.padding, 2 * dims) end,
    forward = function(self, x)
      if constant then
        return torch.constant_pad_nd(x, self.padding, by_value and self.value or 0)
      end
      return torch.pad(x, self.padding, mode)
    end,
    repr = by_value and "padding={padding}, value={value}" or "{padding}",
  })
end
for dims = 1, 3 do
  for kind, mode in pairs {
    Zero = "constant", Constant = "constant", Reflection = "reflect", Replication = "replicate",
    Circular = "circular",
  } do
    pad(kind, mode, dims)
  end
end
