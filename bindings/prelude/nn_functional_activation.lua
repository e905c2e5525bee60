-- torch.nn.functional: activations and dropout.
local host = ...
local define = host.define_functional

-- name, arguments between input and inplace, what it computes
local activations = {
  {"relu", "", "max(x, 0)"},
  {"relu6", "", "min(max(x, 0), 6)"},
  {"selu", "", "elu, scaled so that a mean of 0 and a variance of 1 are a fixed point"},
  {"silu", "", "x * sigmoid(x)"},
  {"mish", "", "x * tanh(softplus(x))"},
  {"hardsigmoid", "", "relu6(x + 3) / 6"},
  {"hardswish", "", "x * relu6(x + 3) / 6"},
  {"elu", ", alpha = 1", "x, or alpha * (exp(x) - 1) if x is below 0"},
  {"celu", ", alpha = 1", "max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)"},
  {"leaky_relu", ", negative_slope = 0.01", "x, or negative_slope * x if x is below 0"},
  {"threshold", ", threshold, value", "x if it is above `threshold`, otherwise `value`"},
}

-- Calls the operator or, if the last argument is true, its in-place variant.
local in_place = {
  [0] = function(plain, changing)
    return function(x, inplace)
      if inplace then return changing(x) end
      return plain(x)
    end
  end,
  [1] = function(plain, changing)
    return function(x, a, inplace) return (inplace and changing or plain)(x, a) end
  end,
  [2] = function(plain, changing)
    return function(x, a, b, inplace) return (inplace and changing or plain)(x, a, b) end
  end,
}

for _, activation in ipairs(activations) do
  local name, arguments, text = unpack(activation)
  local _, count = string.gsub(arguments, ",", "")
  define(name, "input" .. arguments .. ", inplace = false", "-> Tensor\n\nReturns " .. text .. ".",
         in_place[count](torch[name], torch[name .. "_"]))
end

define("hardtanh", "input, min_val = -1, max_val = 1, inplace = false", "-> Tensor\n\n\z
  Clips x to the range from min_val to max_val.", function(input, min_val, max_val, inplace)
  if min_val > max_val then
    error(string.format("hardtanh: min_val must not be above max_val, got %g and %g",
      min_val, max_val), 2)
  end
  return (inplace and torch.hardtanh_ or torch.hardtanh)(input, min_val, max_val)
end)

define("rrelu", "input, lower = 0.125, upper = 0.3333333333333333, training = false, \z
  inplace = false", "-> Tensor\n\n\z
  Returns x, or a * x if x is below 0. In training, the slope a is random between lower and \z
  upper; otherwise, it is the mean of lower and upper.",
  function(input, lower, upper, training, inplace)
    return (inplace and torch.rrelu_ or torch.rrelu)(input, lower, upper, training)
  end)

define("logsigmoid", "input", "-> Tensor\n\nReturns log(sigmoid(x)).", torch.log_sigmoid)
define("softsign", "input", "-> Tensor\n\nReturns x / (1 + |x|).",
  function(x) return x / (x:abs() + 1) end)
define("tanhshrink", "input", "-> Tensor\n\nReturns x - tanh(x).",
  function(x) return x - x:tanh() end)

-- The third positional argument is internal in Python. Here, it may also be the dtype.
local function softmax_like(operator, sign)
  return function(input, dim, level, dtype)
    if type(level) == "string" then dtype = level end
    local dims = input.ndim
    dim = dim or ((dims == 0 or dims == 1 or dims == 3) and 0 or 1)
    return operator(sign < 0 and -input or input, dim, dtype)
  end
end
local softmax_arguments = "input, dim = nil, _stacklevel = 3, dtype = nil"
define("softmax", softmax_arguments, "-> Tensor\n\nReturns exp(x) divided by its sum along dim.",
  softmax_like(torch.softmax, 1))
define("log_softmax", softmax_arguments, "\z
  -> Tensor\n\n\z
  Returns log(softmax(x)), computed in one step.",
  softmax_like(torch.log_softmax, 1))
define("softmin", softmax_arguments, "-> Tensor\n\nReturns softmax(-x).",
  softmax_like(torch.softmax, -1))

define("gumbel_softmax", "logits, tau = 1, hard = false, eps = 1e-10, dim = -1", "-> Tensor\n\n\z
  Returns samples from the Gumbel-softmax distribution. hard: if true, the samples are one-hot, \z
  with the gradient of the soft samples.",
  function(logits, tau, hard, _, dim)
    local noise = -torch.empty_like(logits):exponential_():log()
    local soft = ((logits + noise) / tau):softmax(dim)
    if not hard then return soft end
    local _, index = soft:max(dim, true)
    return torch.zeros_like(logits):scatter_(dim, index, 1) - soft:detach() + soft
  end)

local function check_probability(name, p)
  if not (p >= 0 and p <= 1) then
    error(string.format("%s: p must be between 0 and 1, got %g", name, p), 4)
  end
end

-- Declares a dropout function that calls the given operator.
local function dropout(name, training, operator, text, check)
  define(name, string.format("input, p = 0.5, training = %s, inplace = false", training),
    "-> Tensor\n\n" .. text, function(input, p, is_training, inplace)
      check_probability(name, p)
      if check then return check(input, p, is_training, inplace) end
      return torch[inplace and operator .. "_" or operator](input, p, is_training)
    end)
end

-- Drops whole channels. An input without a batch dimension is given one temporarily.
local function drop_channels(name, sample_dims)
  return function(input, p, training, inplace)
    local dims = input.ndim
    if dims ~= sample_dims and dims ~= sample_dims + 1 then
      error(string.format("%s: expected %d or %d dimensions, got %d",
        name, sample_dims, sample_dims + 1, dims), 4)
    end
    local operator = inplace and torch.feature_dropout_ or torch.feature_dropout
    if dims == sample_dims + 1 then return operator(input, p, training) end
    if inplace then
      operator(input:unsqueeze(0), p, training)
      return input
    end
    return operator(input:unsqueeze(0), p, training):squeeze(0)
  end
end

local scaled = " and scales the others by 1 / (1 - p). If training is false, returns the input \z
  itself."
dropout("dropout", "true", "dropout", "Sets elements to zero with probability p" .. scaled)
dropout("alpha_dropout", "false", "alpha_dropout",
  "Drops elements with probability p but keeps the mean and the variance, for use with selu.")
dropout("feature_alpha_dropout", "false", "feature_alpha_dropout",
  "Works like alpha_dropout, but drops whole channels.")
dropout("dropout1d", "true", nil, "Sets whole channels [L] to zero with probability p" .. scaled,
  drop_channels("dropout1d", 2))
dropout("dropout2d", "true", "feature_dropout",
  "Sets whole channels [H, W] to zero with probability p" .. scaled)
dropout("dropout3d", "true", nil,
  "Sets whole channels [D, H, W] to zero with probability p" .. scaled,
  drop_channels("dropout3d", 4))
