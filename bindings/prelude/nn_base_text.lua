-- Documentation of the methods of modules; those in `common` become methods of Model too.
local host = ...
local shared = host.nn
local Module, common = shared.Module, shared.common

for name, method in pairs(common) do
  if not Module[name] then Module[name] = method end
  for _, kind in ipairs {"Model", "ModelPart"} do
    local methods = host.methods(kind)
    if not rawget(methods, name) then methods[name] = method end
  end
end

local casts = "module:%s() -> module\n\nThe same as module:to(%q)."
local documentation = {
  parameters = "\z
    module:parameters(recurse = true) -> list of Tensors\n\n\z
    Returns the weights in the order of named_parameters(), without duplicates. A weight is the \z
    same Lua object in every call, so you can use it as a table key.",
  buffers = "\z
    module:buffers(recurse = true) -> list of Tensors\n\n\z
    Returns the tensors that are not trained, such as running statistics.",
  named_parameters = "\z
    for name, tensor in module:named_parameters({prefix = \"\", recurse = true, remove_duplicate \z
    = true}) do\n\n\z
    Iterates over the weights by name (\"conv.weight\"). By default, a shared tensor appears only \z
    once, under its first name. remove_duplicate: if false, it appears under each of its names.",
  named_buffers = "\z
    for name, tensor in module:named_buffers({prefix = \"\", recurse = true, remove_duplicate = \z
    true}) do\n\n\z
    Iterates over the buffers by name.",
  children = "\z
    module:children() -> list of modules\n\n\z
    Returns the modules that are fields of this one.",
  named_children = "\z
    for name, module in module:named_children() do\n\n\z
    Iterates over the modules that are fields of this one, in the order in which they were set.",
  modules = "\z
    module:modules() -> list of modules\n\n\z
    Returns the module itself and all its submodules, without duplicates.",
  named_modules = "\z
    for name, module in module:named_modules() do\n\n\z
    Iterates over the module itself (with the name \"\") and all its submodules, without \z
    duplicates.",
  get_submodule = "\z
    module:get_submodule(name) -> module\n\n\z
    Returns the module with the given name, such as \"layer1.0.conv1\". Errors: a name that does \z
    not exist.",
  get_parameter = "\z
    module:get_parameter(name) -> Tensor\n\n\z
    Returns the parameter with the given name, such as \"layer1.0.conv1.weight\". Errors: a name \z
    that does not exist.",
  get_buffer = "\z
    module:get_buffer(name) -> Tensor\n\n\z
    Returns the buffer with the given name, such as \"bn1.running_mean\". Errors: a name that \z
    does not exist.",
  state_dict = "\z
    module:state_dict() -> table name -> Tensor\n\n\z
    Returns the parameters and buffers. The tensors share memory with those of the module. A \z
    tensor that has several names is listed under each of them. state_dict {prefix = \"net.\"} \z
    adds a prefix to all names.",
  load_state_dict = "\z
    module:load_state_dict(state, {strict = true, prefix = \"\"}) -> module, missing, \z
    unexpected\n\n\z
    Copies the tensors in state to the parameters and buffers with the same names. prefix: uses \z
    only names that start with this prefix, such as \"module.\", and removes the prefix. strict: \z
    if false, missing and unexpected names are allowed as long as at least one name matches; the \z
    function returns the missing and the unexpected names as lists. Even if strict is true, \z
    num_batches_tracked may be missing, and a shared tensor needs only one of its names.\n\z
    Errors: missing and unexpected names (the message suggests a prefix or field that would \z
    match), a different shape, a value that is not a Tensor. An error leaves the module unchanged.",
  zero_grad = "\z
    module:zero_grad() -> module\n\n\z
    Removes the gradients of the parameters.",
  requires_grad_ = "\z
    module:requires_grad_(mode = true) -> module\n\n\z
    Sets `requires_grad` on all parameters.",
  train = "\z
    module:train(mode = true) -> module\n\n\z
    Sets training mode for the module and all its submodules, or evaluation mode if mode is \z
    false. A class may define its own train method, for example to keep a frozen BatchNorm in \z
    evaluation mode. hfc.train and all other functions that set the mode call it.",
  eval = "\z
    module:eval() -> module\n\n\z
    Sets evaluation mode, like train(false).",
  to = "\z
    module:to(device or dtype, {memory_format}) -> module\n\n\z
    Moves the parameters and buffers to the device, or converts them to the dtype, in place. \z
    Integer tensors keep their dtype. memory_format = \"channels_last\" affects only tensors with \z
    four dimensions.",
  cuda = "module:cuda(index) -> module\n\nThe same as module:to(\"cuda\").",
  apply = "\z
    module:apply(f) -> module\n\n\z
    Calls f on each submodule, then on the module itself.",
  register_parameter = "module:register_parameter(name, tensor)\n\n\z
    Makes a tensor a parameter, even if it does not require grad.",
  register_buffer = "\z
    module:register_buffer(name, tensor, {persistent = true})\n\n\z
    Makes a tensor a buffer. state_dict() leaves out buffers that are not persistent.",
  add_module = "\z
    module:add_module(name, module)\n\n\z
    Sets the field `name`, which may be any string without dots, to a module.",
  register_module = "\z
    module:register_module(name, module)\n\n\z
    Works like add_module.",
  clone = "\z
    module:clone() -> module\n\n\z
    Returns an independent copy of the module.",
  extra_repr = "\z
    module:extra_repr() -> string\n\n\z
    Returns the string that tostring(module) shows in parentheses after the class name. Classes \z
    may define their own extra_repr.",
  forward = "\z
    module:forward(x, ...) -> result\n\n\z
    Computes the result of the module. Each class defines its own forward method. module(x, ...) \z
    calls forward and the hooks.",
  half = string.format(casts, "half", "float16"), float = string.format(casts, "float", "float32"),
  double = string.format(casts, "double", "float64"),
  bfloat16 = string.format(casts, "bfloat16", "bfloat16"),
  cpu = string.format(casts, "cpu", "cpu"),
}
for name, text in pairs(documentation) do host.declare("Module:" .. name, text, Module[name]) end
