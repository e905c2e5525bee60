-- torch.nn: activations and dropout.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.layers
local layer, none, fill = shared.layer, shared.none, shared.fill

local function with_inplace(repr)
  return function(self)
    local text = fill(repr, self)
    return text .. (self.inplace and (text ~= "" and ", " or "") .. "inplace=True" or "")
  end
end

-- An activation that applies one operator to the input and the layer's arguments. If inplace is
-- true, it applies the operator whose name ends in "_".
local function activation(class, operator, names, defaults, repr, has_inplace)
  local plain = torch[operator]
  local inplace = has_inplace and torch[operator .. "_"]
  local first, second = names[1], names[2]
  if has_inplace then
    names[#names + 1] = "inplace"
    defaults.inplace = false
  end
  layer(class, {
    names = names, defaults = defaults,
    text = string.format("Applies torch.%s %s.%s", operator,
      class == "GLU" and "along dim" or "to each element",
      has_inplace and " inplace = true overwrites the input." or ""),
    forward = function(self, x)
      local f = self.inplace and inplace or plain
      if second then return f(x, self[first], self[second]) end
      if first then return f(x, self[first]) end
      return f(x)
    end,
    repr = repr and has_inplace and with_inplace(repr) or repr,
  })
end

for class, operator in pairs {
  ReLU = "relu", ReLU6 = "relu6", SiLU = "silu", SELU = "selu", Mish = "mish",
} do
  activation(class, operator, {}, {}, "", true)
end
activation("Hardswish", "hardswish", {}, {}, nil, true)
activation("Hardsigmoid", "hardsigmoid", {}, {}, nil, true)
for class, operator in pairs {
  Sigmoid = "sigmoid", Tanh = "tanh", LogSigmoid = "log_sigmoid",
} do
  activation(class, operator, {}, {}, "")
end
activation("LeakyReLU", "leaky_relu", {"negative_slope"}, {negative_slope = 0.01},
           "negative_slope={negative_slope:f}", true)
activation("ELU", "elu", {"alpha"}, {alpha = 1}, "alpha={alpha:f}", true)
activation("CELU", "celu", {"alpha"}, {alpha = 1}, "alpha={alpha:f}", true)
activation("Threshold", "threshold", {"threshold", "value"}, {},
           "threshold={threshold}, value={value}", true)
activation("Hardtanh", "hardtanh", {"min_val", "max_val"}, {min_val = -1, max_val = 1},
           "min_val={min_val:f}, max_val={max_val:f}", true)
activation("Hardshrink", "hardshrink", {"lambd"}, {lambd = 0.5}, "{lambd:f}")
activation("Softshrink", "softshrink", {"lambd"}, {lambd = 0.5}, "{lambd:f}")
activation("Softplus", "softplus", {"beta", "threshold"}, {beta = 1, threshold = 20},
           "beta={beta:f}, threshold={threshold:f}")
activation("GLU", "glu", {"dim"}, {dim = -1}, "dim={dim}")

local function simple(class, text, forward) layer(class, {text = text, forward = forward}) end
simple("Tanhshrink", "Computes x - tanh(x).", function(_, x) return x - x:tanh() end)
simple("Softsign", "Computes x / (1 + |x|).", function(_, x) return x / (x:abs() + 1) end)
simple("Softmax2d", "Applies softmax over the channels of [N, C, H, W] or [C, H, W].",
       function(_, x) return torch.softmax(x, -3) end)

-- The dimension that PyTorch uses by default: 0 for tensors of 0, 1 and 3 dimensions, 1 otherwise.
local function usual_dim(x)
  local dims = x:dim()
  return (dims == 0 or dims == 1 or dims == 3) and 0 or 1
end
for class, entry in pairs {
  Softmax = {"softmax", 1}, LogSoftmax = {"log_softmax", 1}, Softmin = {"softmax", -1},
} do
  local operator, sign = torch[entry[1]], entry[2]
  layer(class, {
    names = {"dim"}, defaults = {dim = none},
    text = string.format("Applies torch.%s %salong dim.", entry[1], sign < 0 and "to -x " or ""),
    forward = function(self, x)
      return operator(sign < 0 and -x or x, self.dim or usual_dim(x))
    end,
    repr = class == "Softmin" and "dim={dim}" or "dim={dim}",
  })
end

layer("GELU", {
  names = {"approximate"}, defaults = {approximate = "none"},
  text = "Applies torch.gelu to each element. approximate: \"none\" or \"tanh\".",
  forward = function(self, x) return torch.gelu(x, {approximate = self.approximate}) end,
  repr = "approximate={approximate:r}",
})
layer("PReLU", {
  names = {"num_parameters", "init"}, defaults = {num_parameters = 1, init = 0.25},
  text = "Computes max(0, x) + weight * min(0, x). Parameter: weight [num_parameters].",
  setup = function(self, o)
    rawset(self, "init", nil)  -- the class's method of that name
    self.weight = nn.Parameter(torch.full({o.num_parameters}, o.init, {dtype = "float32"}))
  end,
  forward = function(self, x) return torch.prelu(x, self.weight) end,
  repr = "num_parameters={num_parameters}",
})
layer("RReLU", {
  names = {"lower", "upper", "inplace"}, defaults = {lower = 1 / 8, upper = 1 / 3, inplace = false},
  text = "\z
    Applies a leaky ReLU. Its slope is random in [lower, upper] in training, and the mean of \z
    lower and upper in evaluation.",
  forward = function(self, x)
    return (self.inplace and torch.rrelu_ or torch.rrelu)(x, self.lower, self.upper, self.training)
  end,
  repr = with_inplace("lower={lower:f}, upper={upper:f}"),
})

-- For each dropout: its operator, the number of dimensions of an input without a batch (or nil),
-- and the description of its effect.
for class, entry in pairs {
  Dropout = {"dropout", nil, "elements to zero"},
  Dropout1d = {"feature_dropout", 2, "whole channels of [N, C, L] to zero"},
  Dropout2d = {"feature_dropout", 3, "whole channels of [N, C, H, W] to zero"},
  Dropout3d = {"feature_dropout", 4, "whole channels of [N, C, D, H, W] to zero"},
  AlphaDropout = {"alpha_dropout", nil, "elements to SELU's saturation value (not to zero)"},
  FeatureAlphaDropout = {"feature_alpha_dropout", nil,
                         "whole channels to SELU's saturation value (not to zero)"},
} do
  local plain, inplace, unbatched = torch[entry[1]], torch[entry[1] .. "_"], entry[2]
  layer(class, {
    names = {"p", "inplace"}, defaults = {p = 0.5, inplace = false},
    text = string.format("In training, sets %s with probability p. In evaluation, returns its \z
      input.", entry[3]),
    setup = function(_, o)
      if type(o.p) ~= "number" or not (o.p >= 0 and o.p <= 1) then
        error(string.format("torch.nn.%s: p must be in [0,1], got %s", class, tostring(o.p)))
      end
    end,
    forward = function(self, x)
      local f = self.inplace and inplace or plain
      -- Dropout2d treats three dimensions as a batch, as PyTorch does for old programs.
      if unbatched and x:dim() == unbatched and class ~= "Dropout2d" then
        return f(x:unsqueeze(0), self.p, self.training):squeeze(0)
      end
      return f(x, self.p, self.training)
    end,
    repr = "p={p:f}, inplace={inplace}",
  })
end
