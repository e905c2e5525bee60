-- Constants of torch; names that are objects in Python but strings here, such as dtypes; and the
-- switches of torch.backends.
local host = ...

local resolutions = {float64 = 1e-15, float32 = 1e-6, float16 = 1e-3, bfloat16 = 1e-2}

torch.finfo = host.declare("torch.finfo", [[
torch.finfo(dtype) -> {bits, eps, max, min, tiny, smallest_normal, resolution, dtype}

Returns the limits of a floating-point dtype.]], function(dtype)
  dtype = dtype or torch.get_default_dtype()
  local bits, whole, min, max, tiny, eps = host.dtype_limits(dtype)
  if whole then error("torch.finfo: expected a floating-point dtype, got " .. dtype, 2) end
  return {bits = bits, eps = eps, max = max, min = min, tiny = tiny, smallest_normal = tiny,
          resolution = resolutions[dtype], dtype = dtype}
end)

torch.iinfo = host.declare("torch.iinfo", [[
torch.iinfo(dtype) -> {bits, max, min, dtype}

Returns the limits of an integer dtype. The limits of int64 are rounded to Lua numbers.]],
  function(dtype)
    local bits, whole, min, max = host.dtype_limits(dtype)
    if not whole then error("torch.iinfo: expected an integer dtype, got " .. dtype, 2) end
    return {bits = bits, max = max, min = min, dtype = dtype}
  end)

torch.e, torch.pi, torch.inf, torch.nan = math.exp(1), math.pi, math.huge, 0 / 0
torch.newaxis = torch.none

-- dtypes, layouts and memory formats are strings: torch.float32 is "float32".
for name in string.gmatch("\z
    float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool \z
    complex32 complex64 complex128 float8_e4m3fn float8_e4m3fnuz float8_e5m2 \z
    float8_e5m2fnuz float8_e8m0fnu strided sparse_coo sparse_csr sparse_csc sparse_bsr \z
    sparse_bsc channels_last channels_last_3d contiguous_format preserve_format", "%S+") do
  torch[name] = name
end
-- Maps alternative names to the strings that x.dtype returns, so that x.dtype == torch.long holds.
for name, dtype in pairs {
  float = "float32", double = "float64", half = "float16", long = "int64", int = "int32",
  short = "int16", cfloat = "complex64", cdouble = "complex128", chalf = "complex32",
} do
  torch[name] = dtype
end

torch.Size = host.declare("torch.Size", [[
torch.Size(list) -> list

Returns a shape. In Lua a shape is a list of numbers.]], function(list) return {unpack(list)} end)

torch.device = host.declare("torch.device", [[
torch.device(name, index) -> string

Returns a device. In Lua a device is a string: "cpu", "cuda" or "cuda:1".]], function(name, index)
  return index and string.format("%s:%d", name, index) or name
end)

local class_names = {
  float32 = "Float", float64 = "Double", float16 = "Half", bfloat16 = "BFloat16", int64 = "Long",
  int32 = "Int", int16 = "Short", int8 = "Char", uint8 = "Byte", bool = "Bool",
  complex64 = "ComplexFloat", complex128 = "ComplexDouble",
}

torch.typename = host.declare("torch.typename", [[
torch.typename(value) -> string

Returns a name such as "torch.FloatTensor" for a Tensor, and Lua's type for any other value.]],
function(value)
  if not torch.is_tensor(value) then return type(value) end
  return string.format("torch.%s%sTensor", value.is_cuda and "cuda." or "",
                                     class_names[value.dtype] or value.dtype)
end)

-- torch.compile(f) -> f: nothing is compiled.
torch.compile = host.define("torch.compile",
  "model, fullgraph = false, dynamic = nil, backend = nil, mode = nil, options = nil, \z
  disable = false", "\z
    -> model\n\n\z
    Returns the model or function itself; hfc-host does not compile anything.",
  function(model) return model end)

torch.get_default_device = host.declare("torch.get_default_device", [[
torch.get_default_device() -> string

Returns the device on which tensors are created by default, which is always "cpu".]],
  function() return "cpu" end)

torch.set_default_device = host.declare("torch.set_default_device", [[
torch.set_default_device(device)

Accepts only "cpu". To use another device, pass it when you create a tensor: {device = "cuda"}.]],
  function(device)
    if device ~= nil and device ~= "cpu" then
      error(string.format("torch.set_default_device: the default device is always the \z
        CPU; pass {device = %q} when you create a tensor, or call x:to(%q)",
        tostring(device), tostring(device)), 2)
    end
  end)

-- A table of torch.backends: functions, and switches that read or set one of PyTorch's settings.
local function backend(path, functions, switches)
  local known = {}
  for name in next, functions do known[#known + 1] = name end
  for name in next, switches do known[#known + 1] = name end
  local full = "torch.backends." .. path
  for name, case in next, functions do
    local owner = full .. "." .. name
    functions[name] = host.declare(owner, owner .. "() -> boolean\n\n" .. case[1], case[2])
  end
  return setmetatable(functions, {
    __metatable = full,
    __index = function(_, name)
      if switches[name] then return host.backend_switch(switches[name]) end
      host.unknown(full, name, known, 2)
    end,
    __newindex = function(_, name, value)
      if not switches[name] then host.unknown(full, name, known, 2) end
      if type(value) ~= "boolean" then
        error(string.format("%s.%s: expected a boolean, got %s", full, name, type(value)), 2)
      end
      host.backend_switch(switches[name], value)
    end,
  })
end

local function is_there() return torch.cuda.is_available() end
local function no() return false end

torch.backends = {
  cudnn = backend("cudnn", {is_available = {"Returns true if a GPU is available.", is_there}}, {
    enabled = "cudnn.enabled", benchmark = "cudnn.benchmark",
    deterministic = "cudnn.deterministic", allow_tf32 = "cudnn.allow_tf32",
  }),
  cuda = backend("cuda", {is_built = {"Returns true if a GPU is available.", is_there}}, {}),
  mkldnn = backend("mkldnn", {}, {enabled = "mkldnn.enabled"}),
  mps = backend("mps", {
    is_available = {"Returns false: hfc-host does not support Apple GPUs.", no},
    is_built = {"Returns false: hfc-host does not support Apple GPUs.", no},
  }, {}),
}
rawset(torch.backends.cuda, "matmul",
  backend("cuda.matmul", {}, {allow_tf32 = "cuda.matmul.allow_tf32"}))
