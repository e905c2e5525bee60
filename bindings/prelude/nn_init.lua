-- torch.nn.init: fills a tensor in place, without recording, and returns it.
local host = ...
local init = {}
torch.nn.init = init

-- Inputs and outputs of the unit that a weight [out, in, ...] belongs to.
local function fans(tensor)
  local shape, field = tensor.shape, 1
  if #shape < 2 then
    error("expected a tensor of two or more dimensions, got one of " .. #shape, 4)
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
  return gains[nonlinearity] or error("unknown nonlinearity '" .. tostring(nonlinearity) .. "'", 3)
end

init.calculate_gain = host.declare("torch.nn.init.calculate_gain", "\z
  torch.nn.init.calculate_gain(nonlinearity, param) -> number\n\n\z
  PyTorch's recommended gain: linear, conv*, sigmoid 1; tanh 5/3; relu sqrt(2); leaky_relu \z
  sqrt(2 / (1 + slope^2)); selu 3/4.", gain)

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

Uniform in [a, b).]], function(tensor, ...)
  local o = read({"a", "b"}, {a = 0, b = 1}, ...)
  return tensor:uniform_(o.a, o.b)
end)
declare("normal_", [[
torch.nn.init.normal_(tensor, {mean = 0, std = 1}) -> tensor

Normally distributed.]], function(tensor, ...)
  local o = read({"mean", "std"}, {mean = 0, std = 1}, ...)
  return tensor:normal_(o.mean, o.std)
end)
declare("trunc_normal_", [[
torch.nn.init.trunc_normal_(tensor, {mean = 0, std = 1, a = -2, b = 2}) -> tensor

Normally distributed, cut to [a, b].]], function(tensor, ...)
  local o = read({"mean", "std", "a", "b"}, {mean = 0, std = 1, a = -2, b = 2}, ...)
  local function below(x)
    return torch.special.ndtr(torch.tensor((x - o.mean) / o.std, {dtype = "float64"})):item()
  end
  tensor:uniform_(2 * below(o.a) - 1, 2 * below(o.b) - 1):erfinv_()
  return tensor:mul_(o.std * math.sqrt(2)):add_(o.mean):clamp_(o.a, o.b)
end)
declare("constant_", [[
torch.nn.init.constant_(tensor, val) -> tensor

val everywhere.]], function(tensor, val) return tensor:fill_(val) end)
declare("zeros_", [[
torch.nn.init.zeros_(tensor) -> tensor

Zeros.]], function(tensor) return tensor:zero_() end)
declare("ones_", [[
torch.nn.init.ones_(tensor) -> tensor

Ones.]], function(tensor) return tensor:fill_(1) end)
declare("eye_", [[
torch.nn.init.eye_(tensor) -> tensor

The identity matrix, for a tensor of two dimensions.]], function(tensor)
  return tensor:copy_(torch.eye(tensor.shape[1], tensor.shape[2]))
end)
declare("xavier_uniform_", [[
torch.nn.init.xavier_uniform_(tensor, {gain = 1}) -> tensor

Uniform within gain * sqrt(6 / (fan_in + fan_out)).]], function(tensor, ...)
  local o = read({"gain"}, {gain = 1}, ...)
  local inputs, outputs = fans(tensor)
  local bound = o.gain * math.sqrt(6 / (inputs + outputs))
  return tensor:uniform_(-bound, bound)
end)
declare("xavier_normal_", [[
torch.nn.init.xavier_normal_(tensor, {gain = 1}) -> tensor

Normal, std gain * sqrt(2 / (fan_in + fan_out)).]], function(tensor, ...)
  local o = read({"gain"}, {gain = 1}, ...)
  local inputs, outputs = fans(tensor)
  return tensor:normal_(0, o.gain * math.sqrt(2 / (inputs + outputs)))
end)

local function kaiming(tensor, ...)
  local o = read({"a", "mode", "nonlinearity"},
                 {a = 0, mode = "fan_in", nonlinearity = "leaky_relu"}, ...)
  local inputs, outputs = fans(tensor)
  if o.mode ~= "fan_in" and o.mode ~= "fan_out" then
    error("mode must be fan_in or fan_out, got " .. tostring(o.mode), 4)
  end
  return gain(o.nonlinearity, o.a) / math.sqrt(o.mode == "fan_in" and inputs or outputs)
end
declare("kaiming_uniform_", '\z
  torch.nn.init.kaiming_uniform_(tensor, {a = 0, mode = "fan_in", nonlinearity = "leaky_relu"}) \z
  -> tensor\n\n\z
  Uniform within gain * sqrt(3 / fan).', function(tensor, ...)
  local bound = math.sqrt(3) * kaiming(tensor, ...)
  return tensor:uniform_(-bound, bound)
end)
declare("kaiming_normal_", '\z
  torch.nn.init.kaiming_normal_(tensor, {a = 0, mode = "fan_in", nonlinearity = "leaky_relu"}) \z
  -> tensor\n\n\z
  Normal, std gain / sqrt(fan).',
  function(tensor, ...) return tensor:normal_(0, kaiming(tensor, ...)) end)
declare("orthogonal_", [[
torch.nn.init.orthogonal_(tensor, {gain = 1}) -> tensor

A (semi-)orthogonal matrix, dimensions behind the first taken together.]], function(tensor, ...)
  local o = read({"gain"}, {gain = 1}, ...)
  local rows = tensor.shape[1]
  local columns = tensor:numel() / rows
  local flat = torch.randn(rows, columns)
  if rows < columns then flat = flat:t() end
  local q, r = torch.linalg.qr(flat)
  q = q * torch.diagonal(r):sign()
  if rows < columns then q = q:t() end
  return tensor:copy_(q:reshape(tensor.shape)):mul_(o.gain)
end)
