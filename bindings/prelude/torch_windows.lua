-- torch.signal.windows, built from the same operators as in PyTorch.
local host = ...
local windows = {}
torch.signal = {windows = windows}

local common = ", sym = true, dtype = nil, layout = nil, device = nil, requires_grad = false"

-- Declares a window. own: the arguments that only this window has. make(M, sym, o, ...) gets M >= 1
-- and these arguments. small: whether make also computes the window with a single point.
local function window(name, own, text, make, small)
  local count = select(2, string.gsub(own, "=", ""))
  windows[name] = host.define("torch.signal.windows." .. name, "M" .. own .. common,
    "-> Tensor\n\nReturns " .. text .. " \z
     M: the number of points. sym: if true (the default), the window is symmetric; if false, it \z
     is periodic, as spectral analysis requires.", function(M, ...)
      local given = {...}
      local sym, dtype, layout, device, requires_grad = unpack(given, count + 1, count + 5)
      if layout and layout ~= "strided" then
        error(string.format("windows.%s: layout must be 'strided', got '%s'", name, layout), 2)
      end
      if M < 0 then
        error(string.format("windows.%s: M must not be negative, got %g", name, M), 2)
      end
      dtype = dtype or torch.get_default_dtype()
      if dtype ~= "float32" and dtype ~= "float64" then
        error(string.format("windows.%s: dtype must be float32 or float64, got %s", name, dtype), 2)
      end
      local o = {dtype = dtype, device = device, requires_grad = requires_grad}
      -- `make` also checks the arguments, so it is called for every M.
      local result = make(math.max(M, 1), sym, o, unpack(given, 1, count))
      if M == 0 then return torch.empty({0}, o) end
      if M == 1 and not small then return torch.ones({1}, o) end
      return result
    end)
end

local function points(M, from, step, o)
  return torch.linspace(from * step, (from + (M - 1)) * step, M, o)
end

-- The number of intervals in the whole window.
local function intervals(M, sym)
  if M == 1 then return 1 end
  return sym and M - 1 or M
end

local function positive(name, what, value)
  if value <= 0 then
    error(string.format("windows.%s: %s must be above 0, got %g", name, what, value), 4)
  end
end

local function middle(M, sym) return ((not sym and M > 1) and M or M - 1) / 2 end

window("exponential", ", center = nil, tau = 1", "exp(-|n - center| / tau).",
  function(M, sym, o, center, tau)
    positive("exponential", "tau", tau)
    if sym and center then
      error("windows.exponential: center requires sym = false", 3)
    end
    return torch.exp(-points(M, -(center or middle(M, sym)), 1 / tau, o):abs())
  end, true)

window("cosine", "", "half a period of a sine.", function(M, sym, o)
  return torch.sin(points(M, 0.5, math.pi / ((not sym and M > 1) and M + 1 or M), o))
end, true)

window("gaussian", ", std = 1", "exp(-(n - middle)^2 / (2 std^2)).", function(M, sym, o, std)
  positive("gaussian", "std", std)
  return torch.exp(-points(M, -middle(M, sym), 1 / (std * math.sqrt(2)), o):pow(2))
end, true)

window("kaiser", ", beta = 12", "the Kaiser window with shape parameter beta.",
  function(M, sym, o, beta)
  if beta < 0 then
    error(string.format("windows.kaiser: beta must not be negative, got %g", beta), 3)
  end
  local plain = {dtype = o.dtype, device = o.device}
  local b = torch.tensor(beta, plain)
  local step = 2 * b / intervals(M, sym)
  local k = torch.linspace(-b, torch.minimum(b, -b + (M - 1) * step), M, o)
  return torch.i0(torch.sqrt(b * b - k:pow(2))) / torch.i0(b)
end)

window("bartlett", "", "a triangular window.", function(M, sym, o)
  return 1 - torch.linspace(-1, -1 + (M - 1) * (2 / intervals(M, sym)), M, o):abs()
end)

local function general_cosine(M, sym, o, a)
  if type(a) ~= "table" or #a == 0 then
    error("windows.general_cosine: a must be a non-empty list of numbers", 3)
  end
  local k = points(M, 0, 2 * math.pi / intervals(M, sym), o)
  local signed = {}
  for i, weight in ipairs(a) do signed[i] = (i % 2 == 1 and 1 or -1) * weight end
  local weights = torch.tensor(signed, o)
  local i = torch.arange(#a, o)
  return (weights:unsqueeze(-1) * torch.cos(i:unsqueeze(-1) * k)):sum(0)
end

local function cosines(name, text, list)
  window(name, "", text, function(M, sym, o) return general_cosine(M, sym, o, list) end)
end

window("general_cosine", ", a = nil", "a sum of cosines weighted by `a`.", general_cosine)
window("general_hamming", ", alpha = 0.54", "\z
  alpha - (1 - alpha) cos(2 pi n / N), where N is M - 1 if sym is true, and M otherwise.",
  function(M, sym, o, alpha) return general_cosine(M, sym, o, {alpha, 1 - alpha}) end)
cosines("hamming", "the Hamming window.", {0.54, 1 - 0.54})
cosines("hann", "the Hann window.", {0.5, 0.5})
cosines("blackman", "the Blackman window.", {0.42, 0.5, 0.08})
cosines("nuttall", "Nuttall's window.", {0.3635819, 0.4891775, 0.1365995, 0.0106411})
