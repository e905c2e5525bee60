-- Methods of Tensor that PyTorch implements in Python or in its bindings.
local host = ...
local Tensor = host.methods "Tensor"

local function method(name, call, text, f)
  Tensor[name] = host.declare("Tensor:" .. name, string.format("x:%s%s\n\n%s", name, call, text), f)
end

Tensor.nelement, Tensor.ndimension = Tensor.numel, Tensor.dim
method("element_size", "() -> number", "Returns the size of an element in bytes.",
  function(x) return x.itemsize end)
method("type", "() -> string, x:type(dtype) -> Tensor",
  'Returns the name of the type ("torch.FloatTensor"), or x converted to another dtype.',
  function(x, dtype)
    if dtype == nil then return torch.typename(x) end
    return x:to(dtype)
  end)
method("new_tensor", "(values, {dtype, device, requires_grad = false}) -> Tensor",
  "Works like torch.tensor, but uses x's dtype and device by default.", function(x, values, options)
    options = options or {}
    return torch.tensor(values, {
      dtype = options.dtype or x.dtype, device = options.device or x.device,
      requires_grad = options.requires_grad,
    })
  end)
method("dim_order", "() -> list", "\z
  Returns the dimensions, sorted from the largest stride to the smallest.",
  function(x)
    local strides, order = x:stride(), {}
    for i in ipairs(strides) do order[i] = i - 1 end
    table.sort(order, function(a, b)
      local left, right = strides[a + 1], strides[b + 1]
      return left > right or (left == right and a < b)
    end)
    return order
  end)
method("to_sparse_coo", "() -> Tensor", "The same as x:to_sparse().",
  function(x) return x:to_sparse() end)
method("get_device", "() -> number", "Returns the index of x's GPU, or -1 on the CPU.", function(x)
  return x.is_cuda and tonumber(string.match(x.device, "%d+") or 0) or -1
end)
method("storage_offset", "() -> number", "Returns the offset of x in its memory, in elements.",
  function(x) return torch.sym_storage_offset(x) end)

local function flat(x)
  if x.is_cuda then error("the elements are on " .. x.device .. "; call x:cpu() first", 3) end
  return x:detach():reshape(-1):tolist()
end

local function put(x, values)
  local changed = torch.tensor(values, {dtype = x.dtype}):reshape(x.shape)
  x:detach():copy_(changed)
  return x
end

method("apply_", "(f) -> x", "\z
  Replaces each element with f(element). This works only on the CPU and is slow.",
  function(x, f)
    local values = flat(x)
    for i, value in ipairs(values) do values[i] = f(value) end
    return put(x, values)
  end)
method("map_", "(y, f) -> x",
  "\z
    Replaces each element of x with f(element of x, element of y). This works only on the CPU and \z
    is slow.",
  function(x, y, f)
    local values, others = flat(x), flat(y:expand_as(x))
    for i, value in ipairs(values) do values[i] = f(value, others[i]) end
    return put(x, values)
  end)

for name, dtype in pairs {cfloat = "complex64", cdouble = "complex128", chalf = "complex32"} do
  method(name, "() -> Tensor", string.format("The same as x:to(%q).", dtype),
    function(x) return x:to(dtype) end)
end

method("new", "(size, ...) -> Tensor", "\z
  Returns an uninitialised tensor with x's dtype and device.",
  function(x, ...) return x:new_empty(...) end)

-- Methods of PyTorch that do not exist here, and what to write instead.
for name, advice in pairs {
  numpy = 'Lua has no NumPy; use x:tolist() for tables, or torch.save(x, "x.npy") for a file',
  data_ptr = "use x:data(), which returns a pointer that keeps the memory alive",
  storage = "use x:data(), which returns a pointer to the elements",
  untyped_storage = "use x:data(), which returns a pointer to the elements",
  share_memory_ = "no other process can access this memory; \z
    use torch.save and torch.load to pass tensors",
  register_post_accumulate_grad_hook = "use x:register_hook(f), which calls f with each \z
    gradient before it is accumulated",
} do
  method(name, "()", "Not available in hfc-host: " .. advice .. ".", function()
    error(string.format("Tensor:%s: %s", name, advice), 2)
  end)
end
