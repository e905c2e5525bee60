-- torch.nn: PyTorch's layers and losses, with its names, arguments, defaults and initial values.
local host = ...
local nn, F = torch.nn, torch.nn.functional
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

-- Declares torch.nn.CLASS. definition: names, defaults, text, setup(self, o), forward(self, x,
-- ...); fields of o are kept in self.
local function layer(class, definition)
  local made = nn.module(class)
  local names, defaults = definition.names or {}, definition.defaults or {}
  function made:init(...)
    local o = host.arguments("torch.nn." .. class, names, defaults, 3, ...)
    for key, value in pairs(o) do rawset(self, key, value) end
    if definition.setup then definition.setup(self, o) end
  end
  made.forward = definition.forward
  function made:extra_repr()
    local shown = {}
    for _, name in ipairs(names) do
      local value = rawget(self, name)
      if value ~= nil and not torch.is_tensor(value) and value ~= defaults[name] then
        shown[#shown + 1] = name .. "="
          .. (type(value) == "table" and "{" .. table.concat(value, ", ") .. "}" or tostring(value))
      end
    end
    return table.concat(shown, ", ")
  end
  nn[class] = host.declare(
    "torch.nn." .. class, signature(class, names, defaults) .. "\n\n" .. definition.text, made)
end

local function pair(value) return type(value) == "table" and value or {value, value} end

-- Gives a module its weight and, where it wants one, its bias, uniform within 1 / sqrt(fan_in):
-- PyTorch's kaiming_uniform_ with a = sqrt(5).
local function set_weights(self, shape, fan_in, outputs, bias)
  local bound = fan_in > 0 and 1 / math.sqrt(fan_in) or 0
  self.weight = nn.Parameter(torch.empty(shape):uniform_(-bound, bound))
  rawset(self, "bias", nil)  -- the argument of that name gives way to the parameter
  if bias then self.bias = nn.Parameter(torch.empty(outputs):uniform_(-bound, bound)) end
end

-- The scale and shift of a normalisation.
local function set_affine(self, shape)
  self.weight = nn.Parameter(torch.ones(shape))
  self.bias = nn.Parameter(torch.zeros(shape))
end

layer("Linear", {
  names = {"in_features", "out_features", "bias"}, defaults = {bias = true},
  text = "x W^T + b over the last dimension. Parameters: weight [out, in], bias [out].",
  setup = function(self, o)
    set_weights(self, {o.out_features, o.in_features}, o.in_features, o.out_features, o.bias)
  end,
  forward = function(self, x) return torch.linear(x, self.weight, self.bias) end,
})

layer("Identity", {text = "Its input.", forward = function(_, x) return x end})
layer("Flatten", {
  names = {"start_dim", "end_dim"}, defaults = {start_dim = 1, end_dim = -1},
  text = "Dimensions start_dim to end_dim as one.",
  forward = function(self, x) return x:flatten(self.start_dim, self.end_dim) end,
})
layer("Unflatten", {
  names = {"dim", "unflattened_size"}, text = "Dimension dim as several, of the sizes of a list.",
  forward = function(self, x) return x:unflatten(self.dim, self.unflattened_size) end,
})

local function check_padding_mode(class, mode)
  if mode ~= "zeros" and mode ~= "reflect" and mode ~= "replicate" and mode ~= "circular" then
    error(string.format("torch.nn.%s: padding_mode must be zeros, reflect, replicate or circular, \z
      got %s", class, tostring(mode)), 5)
  end
end

layer("Conv2d", {
  names = {
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias",
    "padding_mode",
  },
  defaults = {
    stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, padding_mode = "zeros",
  },
  text = "A convolution of [N, C, H, W]; sizes are a number or {height, width}; padding may be \z
    \"same\" or \"valid\". padding_mode: zeros, "
    .. "reflect, replicate or circular. Parameters: weight [out, in / groups, height, width], \z
    bias [out].",
  setup = function(self, o)
    check_padding_mode("Conv2d", o.padding_mode)
    local kernel = pair(o.kernel_size)
    local inputs = o.in_channels / o.groups
    set_weights(self, {o.out_channels, inputs, kernel[1], kernel[2]},
                inputs * kernel[1] * kernel[2], o.out_channels, o.bias)
  end,
  forward = function(self, x)
    local padding = self.padding
    if self.padding_mode ~= "zeros" then
      local p = pair(padding)
      x = torch.pad(x, {p[2], p[2], p[1], p[1]}, self.padding_mode)
      padding = 0
    end
    return torch.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
  end,
})

layer("ConvTranspose2d", {
  names = {
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups",
    "bias", "dilation",
  },
  defaults = {stride = 1, padding = 0, output_padding = 0, groups = 1, bias = true, dilation = 1},
  text = "The transpose of a convolution of [N, C, H, W]. \z
    Parameters: weight [in, out / groups, height, width], bias [out].",
  setup = function(self, o)
    local kernel = pair(o.kernel_size)
    local outputs = o.out_channels / o.groups
    set_weights(self, {o.in_channels, outputs, kernel[1], kernel[2]},
                outputs * kernel[1] * kernel[2], o.out_channels, o.bias)
  end,
  forward = function(self, x)
    return torch.conv_transpose2d(x, self.weight, self.bias, self.stride, self.padding,
                                  self.output_padding, self.groups, self.dilation)
  end,
})

local batch_norm = {
  names = {"num_features", "eps", "momentum", "affine", "track_running_stats"},
  defaults = {eps = 1e-5, momentum = 0.1, affine = true, track_running_stats = true},
  text = "Normalises each channel by the batch's mean and variance in training, by running ones \z
    in evaluation. Parameters: weight, bias; "
    .. "buffers: running_mean, running_var, num_batches_tracked.",
  setup = function(self, o)
    if o.affine then set_affine(self, {o.num_features}) end
    if o.track_running_stats then
      self:register_buffer("running_mean", torch.zeros(o.num_features))
      self:register_buffer("running_var", torch.ones(o.num_features))
      self:register_buffer("num_batches_tracked", torch.zeros({}, {dtype = "int64"}))
    end
  end,
  forward = function(self, x)
    local by_batch = self.training or not self.track_running_stats
    if self.training and self.track_running_stats then self.num_batches_tracked:add_(1) end
    return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                            by_batch, self.momentum, self.eps, true)
  end,
}
layer("BatchNorm2d", batch_norm)
layer("BatchNorm1d", batch_norm)

layer("GroupNorm", {
  names = {"num_groups", "num_channels", "eps", "affine"}, defaults = {eps = 1e-5, affine = true},
  text = "Normalises groups of channels of each image. Parameters: weight, bias.",
  setup = function(self, o)
    if o.affine then set_affine(self, {o.num_channels}) end
  end,
  forward = function(self, x)
    return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
  end,
})

layer("LayerNorm", {
  names = {"normalized_shape", "eps", "elementwise_affine"},
  defaults = {eps = 1e-5, elementwise_affine = true},
  text = "Normalises over the last dimensions, of the shape given (a number or a list). \z
    Parameters: weight, bias.",
  setup = function(self, o)
    self.normalized_shape = type(o.normalized_shape) == "table" and o.normalized_shape
      or {o.normalized_shape}
    if o.elementwise_affine then set_affine(self, self.normalized_shape) end
  end,
  forward = function(self, x)
    return torch.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
  end,
})

layer("Embedding", {
  names = {"num_embeddings", "embedding_dim", "padding_idx"}, defaults = {padding_idx = none},
  text = "A row of weight [num_embeddings, embedding_dim] for each index.",
  setup = function(self, o)
    self.weight = nn.Parameter(torch.randn(o.num_embeddings, o.embedding_dim))
    if o.padding_idx then torch.no_grad(function() self.weight[o.padding_idx] = 0 end) end
  end,
  forward = function(self, x)
    return torch.embedding(self.weight, x, self.padding_idx or -1, false, false)
  end,
})

for class, dropout in pairs {
  Dropout = "dropout", Dropout2d = "feature_dropout", AlphaDropout = "alpha_dropout",
} do
  layer(class, {
    names = {"p"}, defaults = {p = 0.5},
    text = "In training sets elements (Dropout2d: whole channels) to zero with probability p; \z
      its input in evaluation.",
    setup = function(_, o)
      if type(o.p) ~= "number" or not (o.p >= 0 and o.p <= 1) then
        error(string.format("torch.nn.%s: p must be in [0,1], got %s", class, tostring(o.p)), 4)
      end
    end,
    forward = function(self, x) return torch[dropout](x, self.p, self.training) end,
  })
end

-- Activations: an operator, its arguments and their defaults.
local activations = {
  ReLU = {"relu"}, ReLU6 = {"relu6"}, Sigmoid = {"sigmoid"}, Tanh = {"tanh"}, SiLU = {"silu"},
  Mish = {"mish"}, SELU = {"selu"}, Hardswish = {"hardswish"}, Hardsigmoid = {"hardsigmoid"},
  LogSigmoid = {"log_sigmoid"}, LeakyReLU = {"leaky_relu", "negative_slope", 0.01},
  ELU = {"elu", "alpha", 1}, CELU = {"celu", "alpha", 1},
  Softmax = {"softmax", "dim", -1}, LogSoftmax = {"log_softmax", "dim", -1},
}
for class, activation in pairs(activations) do
  local operator, name, default = unpack(activation)
  layer(class, {
    names = {name}, defaults = name and {[name] = default} or {},
    text = string.format("The activation torch.%s, element by element%s.",
      operator, string.find(class, "oftmax") and " along dim" or ""),
    forward = function(self, x)
      if name then return torch[operator](x, self[name]) end
      return torch[operator](x)
    end,
  })
end
layer("GELU", {
  names = {"approximate"}, defaults = {approximate = "none"},
  text = "The activation torch.gelu; approximate: \"none\" or \"tanh\".",
  forward = function(self, x) return torch.gelu(x, {approximate = self.approximate}) end,
})
layer("Softplus", {
  names = {"beta", "threshold"}, defaults = {beta = 1, threshold = 20},
  text = "log(1 + exp(beta x)) / beta.",
  forward = function(self, x) return torch.softplus(x, self.beta, self.threshold) end,
})
layer("PReLU", {
  names = {"num_parameters", "init_value"}, defaults = {num_parameters = 1, init_value = 0.25},
  text = "max(0, x) + weight min(0, x). Parameter: weight [num_parameters].",
  setup = function(self, o)
    self.weight = nn.Parameter(torch.full({o.num_parameters}, o.init_value, {dtype = "float32"}))
  end,
  forward = function(self, x) return torch.prelu(x, self.weight) end,
})

layer("MaxPool2d", {
  names = {"kernel_size", "stride", "padding", "dilation", "ceil_mode"},
  defaults = {stride = none, padding = 0, dilation = 1, ceil_mode = false},
  text = "The largest value of each window; stride: kernel_size unless given.",
  forward = function(self, x)
    return torch.max_pool2d(x, self.kernel_size, self.stride or self.kernel_size, self.padding,
                            self.dilation, self.ceil_mode)
  end,
})
layer("AvgPool2d", {
  names = {"kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"},
  defaults = {stride = none, padding = 0, ceil_mode = false, count_include_pad = true},
  text = "The mean of each window; stride: kernel_size unless given.",
  forward = function(self, x)
    return torch.avg_pool2d(x, self.kernel_size, self.stride or self.kernel_size, self.padding,
                            self.ceil_mode, self.count_include_pad)
  end,
})
for class, operator in pairs {
  AdaptiveAvgPool2d = "adaptive_avg_pool2d", AdaptiveMaxPool2d = "adaptive_max_pool2d",
} do
  layer(class, {
    names = {"output_size"},
    text = "Pools to an output of the given size, a number or {height, width}.",
    forward = function(self, x) return (torch[operator](x, self.output_size)) end,
  })
end
layer("Upsample", {
  names = {"size", "scale_factor", "mode", "align_corners"},
  defaults = {size = none, scale_factor = none, mode = "nearest", align_corners = false},
  text = "torch.nn.functional.interpolate.",
  forward = function(self, x)
    return F.interpolate(x, {
      size = self.size, scale_factor = self.scale_factor,
      mode = self.mode, align_corners = self.align_corners,
    })
  end,
})

-- Losses: an operator of (input, target) with a reduction.
for class, operator in pairs {
  MSELoss = "mse_loss", L1Loss = "l1_loss", SmoothL1Loss = "smooth_l1_loss",
  HuberLoss = "huber_loss", BCELoss = "binary_cross_entropy",
  BCEWithLogitsLoss = "binary_cross_entropy_with_logits", KLDivLoss = "kl_div",
  SoftMarginLoss = "soft_margin_loss",
} do
  layer(class, {
    names = {"reduction"}, defaults = {reduction = "mean"},
    text = string.format("The loss torch.%s of (input, target); \z
      reduction: \"mean\", \"sum\" or \"none\".", operator),
    forward = function(self, input, target)
      return torch[operator](input, target, {reduction = self.reduction})
    end,
  })
end
layer("CrossEntropyLoss", {
  names = {"weight", "ignore_index", "reduction", "label_smoothing"},
  defaults = {weight = none, ignore_index = -100, reduction = "mean", label_smoothing = 0},
  text = "torch.nn.functional.cross_entropy of (logits, classes).",
  forward = function(self, input, target)
    return torch.cross_entropy_loss(input, target, {
      weight = self.weight, reduction = self.reduction, ignore_index = self.ignore_index,
      label_smoothing = self.label_smoothing,
    })
  end,
})
layer("NLLLoss", {
  names = {"weight", "ignore_index", "reduction"},
  defaults = {weight = none, ignore_index = -100, reduction = "mean"},
  text = "The negative log-likelihood of (log probabilities, classes).",
  forward = function(self, input, target)
    return torch.nll_loss(input, target, {
      weight = self.weight, reduction = self.reduction, ignore_index = self.ignore_index,
    })
  end,
})
