-- Complex numbers and 64-bit integers: LuaJIT's types, with the arithmetic that LuaJIT lacks.
--   2i, 1 + 2i, z.re, z.im (z.real, z.imag); 5LL for an integer beyond 2^53.
local host = ...
local ffi = require "ffi"

local complex, int64, uint64 = ffi.typeof "complex", ffi.typeof "int64_t", ffi.typeof "uint64_t"
local small_complex = ffi.typeof "complex float"
local is_tensor, methods = host.is_tensor, {}

local function is_complex(value) return ffi.istype(complex, value) end

local function parts(value)
  if is_complex(value) or ffi.istype(small_complex, value) then return value.re, value.im end
  local number = tonumber(value)
  if not number then
    error(string.format("expected a real or complex number, got a %s", type(value)), 4)
  end
  return number, 0
end

-- Arithmetic on two numbers, at least one of them complex. If one operand is a tensor, PyTorch does
-- the arithmetic.
local function binary(operator, compute)
  return function(a, b)
    if is_tensor(a) or is_tensor(b) then return torch[operator](a, b) end
    local a_re, a_im = parts(a)
    return compute(a_re, a_im, parts(b))
  end
end

local function divide(a, b, c, d)
  local scale = c * c + d * d
  return complex((a * c + b * d) / scale, (b * c - a * d) / scale)
end

local function power(a, b, c, d)
  if a == 0 and b == 0 then return complex((c == 0 and d == 0) and 1 or 0, 0) end
  local log, angle = 0.5 * math.log(a * a + b * b), math.atan2(b, a)
  local size, turn = math.exp(c * log - d * angle), d * log + c * angle
  return complex(size * math.cos(turn), size * math.sin(turn))
end

function methods.abs(z) return math.sqrt(z.re * z.re + z.im * z.im) end
function methods.angle(z) return math.atan2(z.im, z.re) end
function methods.conj(z) return complex(z.re, -z.im) end

ffi.metatype(complex, {
  __index = function(z, name)
    if name == "real" then return z.re end
    if name == "imag" then return z.im end
    if methods[name] then return methods[name] end
    error(string.format("a complex number has no '%s'; it has re, im, real, imag, abs(), \z
      angle() and conj()", tostring(name)), 2)
  end,
  __add = binary("add", function(a, b, c, d) return complex(a + c, b + d) end),
  __sub = binary("sub", function(a, b, c, d) return complex(a - c, b - d) end),
  __mul = binary("mul", function(a, b, c, d) return complex(a * c - b * d, a * d + b * c) end),
  __div = binary("div", divide),
  __pow = binary("pow", power),
  __unm = function(z) return complex(-z.re, -z.im) end,
  __eq = function(a, b)
    if not (is_complex(a) or type(a) == "number") or not (is_complex(b) or type(b) == "number") then
      return false
    end
    local a_re, a_im = parts(a)
    local b_re, b_im = parts(b)
    return a_re == b_re and a_im == b_im
  end,
})

host.export("cdata_kind", function(value)
  if is_complex(value) then return "complex" end
  return (ffi.istype(int64, value) or ffi.istype(uint64, value)) and "int64" or ""
end)
host.export("make_complex", complex)
host.export("make_int64", function(high, low) return int64(high) * 0x100000000LL + low end)
