-- torch.nn: convolutions of one, two and three dimensions.
local host = ...
local error = host.nn.error  -- names the script's line
local shared = host.layers
local layer, fill, python, times = shared.layer, shared.fill, shared.python, shared.times
local check, set_weights = shared.check, shared.set_weights

local function product(list)
  local result = 1
  for _, x in ipairs(list) do result = result * x end
  return result
end

local function check_channels(class, o)
  for _, name in ipairs {"in_channels", "out_channels", "groups"} do
    check(type(o[name]) == "number" and o[name] >= 1, class, "%s must be a number >= 1, got %s",
          name, tostring(o[name]))
  end
  check(o.in_channels % o.groups == 0, class, "in_channels must be divisible by groups, \z
    got %d and %d", o.in_channels, o.groups)
  check(o.out_channels % o.groups == 0, class, "out_channels must be divisible by groups, \z
    got %d and %d", o.out_channels, o.groups)
end

local padding_modes = {zeros = true, reflect = true, replicate = true, circular = true}

local function check_conv(class, o)
  check_channels(class, o)
  check(padding_modes[o.padding_mode], class, "padding_mode must be 'zeros', 'reflect', \z
    'replicate' or 'circular', got '%s'", tostring(o.padding_mode))
  check(type(o.padding) ~= "string" or o.padding == "same" or o.padding == "valid", class,
        "padding must be a number, a list, 'same' or 'valid', got '%s'", tostring(o.padding))
end

-- The amounts of padding for modes other than "zeros", last dimension first.
local function paddings(self, dims)
  local list = {}
  local kernel, dilation = times(self.kernel_size, dims), times(self.dilation, dims)
  for i = dims, 1, -1 do
    local left, right = 0, 0
    if self.padding == "same" then
      local total = dilation[i] * (kernel[i] - 1)
      left = math.floor(total / 2)
      right = total - left
    elseif self.padding ~= "valid" then
      left = times(self.padding, dims)[i]
      right = left
    end
    list[#list + 1] = left
    list[#list + 1] = right
  end
  return list
end

-- ", stride=(2, 2)" unless every element is `usual`.
local function unless(self, name, usual, dims)
  if type(self[name]) == "string" then return string.format(", %s=%s", name, self[name]) end
  local list = times(self[name], dims)
  for _, x in ipairs(list) do
    if x ~= usual then return string.format(", %s=%s", name, python(list)) end
  end
  return ""
end

local function conv_repr(dims)
  return function(self)
    return fill("{in_channels}, {out_channels}, kernel_size=", self)
      .. python(times(self.kernel_size, dims)) .. ", stride=" .. python(times(self.stride, dims))
      .. unless(self, "padding", 0, dims) .. unless(self, "dilation", 1, dims)
      .. (self.output_padding and unless(self, "output_padding", 0, dims) or "")
      .. (self.groups ~= 1 and fill(", groups={groups}", self) or "")
      .. (self.bias == nil and ", bias=False" or "")
      .. (self.padding_mode ~= "zeros" and fill(", padding_mode={padding_mode}", self) or "")
  end
end

local function conv(class, dims, sizes)
  local operator = torch["conv" .. dims .. "d"]
  layer(class, {
    names = {
      "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups",
      "bias", "padding_mode",
    },
    defaults = {
      stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, padding_mode = "zeros",
    },
    text = string.format(
      "Applies a convolution to [N, C, %s]. kernel_size, stride, padding and dilation are \z
      numbers, or lists with one number per dimension; padding can also be \"same\" or \z
      \"valid\". padding_mode: \"zeros\", \"reflect\", \"replicate\" or \"circular\". \z
      Parameters: weight [out, in / groups, kernel sizes], bias [out].", sizes),
    setup = function(self, o)
      check_conv(class, o)
      local kernel = times(o.kernel_size, dims)
      local inputs = o.in_channels / o.groups
      set_weights(self, {o.out_channels, inputs, unpack(kernel)}, inputs * product(kernel),
                  o.out_channels, o.bias)
    end,
    forward = function(self, x)
      local padding = self.padding
      if self.padding_mode ~= "zeros" then
        x = torch.pad(x, paddings(self, dims), self.padding_mode)
        padding = 0
      end
      return operator(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
    end,
    repr = conv_repr(dims),
  })
end

-- The output padding that gives the output the requested size.
local function output_padding(self, x, size, dims)
  local shape, result = x.shape, {}
  local skipped = #size > dims and #size - dims or 0
  local stride, padding = times(self.stride, dims), times(self.padding, dims)
  local kernel, dilation = times(self.kernel_size, dims), times(self.dilation, dims)
  for i = 1, dims do
    local smallest = (shape[#shape - dims + i] - 1) * stride[i] - 2 * padding[i]
      + dilation[i] * (kernel[i] - 1) + 1
    local wanted = size[skipped + i]
    if wanted < smallest or wanted > smallest + stride[i] - 1 then
      error(string.format("output_size: dimension %d must be between %d and %d, got %d",
        i - 1, smallest, smallest + stride[i] - 1, wanted))
    end
    result[i] = wanted - smallest
  end
  return result
end

local function conv_transpose(class, dims, sizes)
  local operator = torch["conv_transpose" .. dims .. "d"]
  layer(class, {
    names = {
      "in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding",
      "groups", "bias", "dilation", "padding_mode",
    },
    defaults = {stride = 1, padding = 0, output_padding = 0, groups = 1, bias = true, dilation = 1,
                padding_mode = "zeros"},
    text = string.format(
      "Applies a transposed convolution to [N, C, %s]. To choose among the output sizes that the \z
      stride permits, call module(x, output_size). Parameters: weight [in, out / groups, kernel \z
      sizes], bias [out].", sizes),
    setup = function(self, o)
      check_channels(class, o)
      check(o.padding_mode == "zeros", class, "padding_mode must be 'zeros', got '%s'",
            tostring(o.padding_mode))
      local kernel = times(o.kernel_size, dims)
      local outputs = o.out_channels / o.groups
      set_weights(self, {o.in_channels, outputs, unpack(kernel)}, outputs * product(kernel),
                  o.out_channels, o.bias)
    end,
    forward = function(self, x, output_size)
      local extra = output_size and output_padding(self, x, output_size, dims)
        or self.output_padding
      return operator(x, self.weight, self.bias, self.stride, self.padding, extra, self.groups,
                      self.dilation)
    end,
    repr = conv_repr(dims),
  })
end

for dims, sizes in ipairs {"L", "H, W", "D, H, W"} do
  conv(string.format("Conv%dd", dims), dims, sizes)
  conv_transpose(string.format("ConvTranspose%dd", dims), dims, sizes)
end
