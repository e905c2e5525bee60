-- torch.autograd.Function, and methods of Tensor that PyTorch implements in Python.
local host = ...

local Context = {}
Context.__index = Context
function Context:save_for_backward(...) self.saved = {...} end
function Context:saved_tensors() return unpack(self.saved or {}) end

torch.autograd.Function = host.declare("torch.autograd.Function", "\z
  torch.autograd.Function {forward = function(ctx, ...), backward = function(ctx, gradient, ...)} \z
  -> function\n\n\z
  Makes a differentiable function written in Lua. forward returns one or more Tensors; its \z
  operations are not recorded. backward gets a gradient for each of these Tensors and returns a \z
  gradient for each argument of forward (nil for an argument that is not a Tensor). A different \z
  number of gradients is an error. ctx:save_for_backward(x, ...) saves tensors for backward, \z
  which retrieves them with x, ... = ctx:saved_tensors(). Store other values in fields of ctx. A \z
  field that contains a result of forward is available only in backward.",
  function(definition)
    if type(definition) ~= "table" or type(definition.forward) ~= "function"
        or type(definition.backward) ~= "function" then
      error("torch.autograd.Function: expected a table with functions 'forward' and 'backward'", 2)
    end
    return function(...)
      return host.apply_function(definition.forward, definition.backward,
                                 setmetatable({}, Context), ...)
    end
  end)

local Tensor = host.methods("Tensor")

local function declare_conversion(name, target)
  Tensor[name] = host.declare(
    "Tensor:" .. name, string.format("x:%s() -> Tensor\n\nThe same as x:to(%q).", name, target),
    function(tensor) return tensor:to(target) end)
end
for name, dtype in pairs {
  float = "float32", double = "float64", half = "float16", bfloat16 = "bfloat16",
  long = "int64", int = "int32", short = "int16", char = "int8", byte = "uint8", bool = "bool",
  cpu = "cpu", cuda = "cuda",
} do
  declare_conversion(name, dtype)
end

-- `repeat` is a keyword in Lua.
Tensor.repeat_ = host.declare("Tensor:repeat_", [[
x:repeat_(times, ...) -> Tensor

Repeats x along each dimension. This is PyTorch's x.repeat, whose name is a keyword in Lua.]],
  function(tensor, ...) return tensor["repeat"](tensor, ...) end)
