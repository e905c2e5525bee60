-- torch.nn.init: fills a tensor in place, without recording gradients, and returns it.
local host = ...
local error = host.nn.error  -- names the script's line
local init = {}
torch.nn.init = init

-- The fan-in and fan-out of a weight [out, in, ...].
local function fans(tensor)
  local shape, field = tensor.shape, 1
  if #shape < 2 then
    error("expected a tensor with at least 2 dimensions, got " .. #shape)
  end
  for i = 3, #shape do field = field * shape[i] end
  return shape[2] * field, shape[1] * field
end

local gains = {
  linear = 1, conv1d = 1, conv2d = 1, conv3d = 1,
  conv_transpose1d = 1, conv_transpose2d = 1, conv_transpose3d = 1,
  sigmoid = 1, tanh = 5 / 3, relu = math.sqrt(2), selu = 3 / 4,
}

local function gain(nonlinearity, parameter)
  if nonlinearity == "leaky_relu" then return math.sqrt(2 / (1 + (parameter or 0.01) ^ 2)) end
  return gains[nonlinearity] or error("unknown nonlinearity '" .. tostring(nonlinearity) .. "'")
end

init.calculate_gain = host.declare("torch.nn.init.calculate_gain", "\z
  torch.nn.init.calculate_gain(nonlinearity, param) -> number\n\n\z
  Returns the gain that PyTorch recommends: 1 for linear, conv* and sigmoid, 5/3 for tanh, \z
  sqrt(2) for relu, sqrt(2 / (1 + slope^2)) for leaky_relu, and 3/4 for selu.", gain)

local function declare(name, text, fill)
  init[name] = host.declare("torch.nn.init." .. name, text, function(tensor, ...)
    return torch.no_grad(fill, tensor, ...)
  end)
end

local function read(names, defaults, ...)
  return host.arguments("torch.nn.init", names, defaults, 5, ...)
end

declare("uniform_", [[
torch.nn.init.uniform_(tensor, {a = 0, b = 1}) -> tensor

Fills the tensor with uniformly distributed values in [a, b).]], function(tensor, ...)
  local o = read({"a", "b"}, {a = 0, b = 1}, ...)
  return tensor:uniform_(o.a, o.b)
end)
declare("normal_", [[
torch.nn.init.normal_(tensor, {mean = 0, std = 1}) -> tensor

Fills the tensor with normally distributed values.]], function(tensor, ...)
  local o = read({"mean", "std"}, {mean = 0, std = 1}, ...)
  return tensor:normal_(o.mean, o.std)
end)
-- Draws normally distributed values, and redraws those outside [a, b].
local function draw_again(tensor, o)
  local low = torch.tensor(o.a, {dtype = "float64"}):to(tensor.dtype)
  local high = torch.tensor(o.b, {dtype = "float64"}):to(tensor.dtype)
  local result = tensor:normal_(o.mean, o.std)
  while true do
    local outside = torch.logical_or(result:lt(low:item()), result:gt(high:item()))
    if not outside:any():item() then return tensor:copy_(result) end
    result = torch.where(outside, torch.empty_like(result):normal_(o.mean, o.std), result)
  end
end

-- For [a, b] in the tails of the normal distribution: draws uniform values in [a, b], and accepts
-- each with a probability proportional to its density.
local function reject(tensor, o)
  local mode = math.max(o.a, math.min(o.mean, o.b))
  local log_peak = -0.5 * ((mode - o.mean) / o.std) ^ 2
  local function refused(candidates)
    local density = ((candidates - o.mean) / o.std):square() * -0.5 - log_peak
    return torch.empty_like(candidates):uniform_(0, 1):log():gt(density)
  end
  local result = tensor:uniform_(o.a, o.b):clone()
  local pending = refused(result)
  while pending:any():item() do
    local candidates = torch.empty_like(tensor):uniform_(o.a, o.b)
    result = torch.where(pending, candidates, result)
    pending = torch.logical_and(pending, refused(candidates))
  end
  return tensor:copy_(result)
end

declare("trunc_normal_", [[
torch.nn.init.trunc_normal_(tensor, {mean = 0, std = 1, a = -2, b = 2}) -> tensor

Fills the tensor with normally distributed values, restricted to [a, b].]], function(tensor, ...)
  local o = read({"mean", "std", "a", "b"}, {mean = 0, std = 1, a = -2, b = 2}, ...)
  if not (o.a < o.b and o.std > 0) then
    error(string.format(
      "torch.nn.init.trunc_normal_: expected a < b and std above 0, got a = %g, b = %g, \z
      std = %g", o.a, o.b, o.std))
  end
  local function below(x)
    return torch.special.ndtr(torch.tensor((x - o.mean) / o.std, {dtype = "float64"})):item()
  end
  return (below(o.b) - below(o.a) > 0.3 and draw_again or reject)(tensor, o)
end)
declare("constant_", [[
torch.nn.init.constant_(tensor, val) -> tensor

Fills the tensor with the value val.]], function(tensor, val) return tensor:fill_(val) end)
declare("zeros_", [[
torch.nn.init.zeros_(tensor) -> tensor

Fills the tensor with zeros.]], function(tensor) return tensor:zero_() end)
declare("ones_", [[
torch.nn.init.ones_(tensor) -> tensor

Fills the tensor with ones.]], function(tensor) return tensor:fill_(1) end)
declare("eye_", [[
torch.nn.init.eye_(tensor) -> tensor

Fills a two-dimensional tensor with the identity matrix.]], function(tensor)
  return tensor:copy_(torch.eye(tensor.shape[1], tensor.shape[2]))
end)
declare("xavier_uniform_", [[
torch.nn.init.xavier_uniform_(tensor, {gain = 1}) -> tensor

Fills the tensor with uniformly distributed values in [-b, b], with b = gain * sqrt(6 /
(fan_in + fan_out)).]], function(tensor, ...)
  local o = read({"gain"}, {gain = 1}, ...)
  local inputs, outputs = fans(tensor)
  local bound = o.gain * math.sqrt(6 / (inputs + outputs))
  return tensor:uniform_(-bound, bound)
end)
declare("xavier_normal_", [[
torch.nn.init.xavier_normal_(tensor, {gain = 1}) -> tensor

Fills the tensor with normally distributed values of standard deviation gain * sqrt(2 /
(fan_in + fan_out)).]], function(tensor, ...)
  local o = read({"gain"}, {gain = 1}, ...)
  local inputs, outputs = fans(tensor)
  return tensor:normal_(0, o.gain * math.sqrt(2 / (inputs + outputs)))
end)

local function kaiming(tensor, ...)
  local o = read({"a", "mode", "nonlinearity"},
                 {a = 0, mode = "fan_in", nonlinearity = "leaky_relu"}, ...)
  local inputs, outputs = fans(tensor)
  if o.mode ~= "fan_in" and o.mode ~= "fan_out" then
    error(string.format("mode must be 'fan_in' or 'fan_out', got '%s'", tostring(o.mode)))
  end
  return gain(o.nonlinearity, o.a) / math.sqrt(o.mode == "fan_in" and inputs or outputs)
end
declare("kaiming_uniform_", '\z
  torch.nn.init.kaiming_uniform_(tensor, {a = 0, mode = "fan_in", nonlinearity = "leaky_relu"}) \z
  -> tensor\n\n\z
  Fills the tensor with uniformly distributed values in [-b, b], with b = gain * sqrt(3 / fan).',
  function(tensor, ...)
  local bound = math.sqrt(3) * kaiming(tensor, ...)
  return tensor:uniform_(-bound, bound)
end)
declare("kaiming_normal_", '\z
  torch.nn.init.kaiming_normal_(tensor, {a = 0, mode = "fan_in", nonlinearity = "leaky_relu"}) -> \z
  tensor\n\n\z
  Fills the tensor with normally distributed values of standard deviation gain / sqrt(fan).',
  function(tensor, ...) return tensor:normal_(0, kaiming(tensor, ...)) end)
declare("orthogonal_", [[
torch.nn.init.orthogonal_(tensor, {gain = 1}) -> tensor

Fills the tensor with a (semi-)orthogonal matrix; all dimensions after the first are flattened.]],
function(tensor, ...)
  local o = read({"gain"}, {gain = 1}, ...)
  local rows = tensor.shape[1]
  local columns = tensor:numel() / rows
  local flat = torch.empty(rows, columns, {dtype = tensor.dtype}):normal_(0, 1)
  if rows < columns then flat = flat:t() end
  local q, r = torch.linalg.qr(flat)
  q = q * torch.diagonal(r):sign()
  if rows < columns then q = q:t() end
  return tensor:copy_(q:reshape(tensor.shape)):mul_(o.gain)
end)
declare("dirac_", [[
torch.nn.init.dirac_(tensor, {groups = 1}) -> tensor

Fills the weight of a convolution (3, 4 or 5 dimensions) so that the convolution returns its input,
as far as the number of channels allows.]], function(tensor, ...)
  local groups = read({"groups"}, {groups = 1}, ...).groups
  local shape = tensor.shape
  if #shape < 3 or #shape > 5 then
    error("torch.nn.init.dirac_: expected a tensor with 3, 4 or 5 dimensions, got " .. #shape)
  end
  if shape[1] % groups ~= 0 then
    error(string.format(
      "torch.nn.init.dirac_: the size of dimension 0 must be divisible by groups, got %d and %d",
      shape[1], groups))
  end
  local outputs = shape[1] / groups
  tensor:zero_()
  for group = 0, groups - 1 do
    for d = 0, math.min(outputs, shape[2]) - 1 do
      local element = tensor:select(0, group * outputs + d):select(0, d)
      for i = 3, #shape do element = element:select(0, math.floor(shape[i] / 2)) end
      element:fill_(1)
    end
  end
  return tensor
end)
declare("sparse_", [[
torch.nn.init.sparse_(tensor, sparsity, {std = 0.01}) -> tensor

Fills a matrix with normally distributed values, then sets a fraction `sparsity` of each column to
zero.]],
  function(tensor, ...)
    local o = read({"sparsity", "std"}, {std = 0.01}, ...)
    local shape = tensor.shape
    if #shape ~= 2 then
      error("torch.nn.init.sparse_: expected a matrix, got a tensor with " .. #shape
        .. " dimensions")
    end
    local zeros = math.ceil(o.sparsity * shape[1])
    tensor:normal_(0, o.std)
    for column = 0, shape[2] - 1 do
      local rows = torch.randperm(shape[1]):narrow(0, 0, zeros)
      tensor:select(1, column):index_fill_(0, rows, 0)
    end
    return tensor
  end)
