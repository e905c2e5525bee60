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
  parameters = "module:parameters(recurse = true) -> list of Tensors\n\n\z
    The weights, in the order of named_parameters(); each once. The same tensor is the same Lua \z
    object in each call, so it can be the key of a table.",
  buffers = "module:buffers(recurse = true) -> list of Tensors\n\n\z
    State that is not trained: running statistics and the like.",
  named_parameters = "for name, tensor in module:named_parameters({prefix = \"\", \z
    recurse = true, remove_duplicate = true}) do\n\n\z
    The weights by name (\"conv.weight\"). A shared tensor comes once, under its first name, \z
    unless remove_duplicate is false.",
  named_buffers = "for name, tensor in module:named_buffers({prefix = \"\", recurse = true, \z
    remove_duplicate = true}) do\n\nThe buffers by name.",
  children = "module:children() -> list of modules\n\nThe modules that are fields.",
  named_children = "for name, module in module:named_children() do\n\n\z
    The modules that are fields, in the order in which they were set.",
  modules = "module:modules() -> list of modules\n\nThe module itself and all below it, each once.",
  named_modules = "for name, module in module:named_modules() do\n\n\z
    The module itself (name \"\") and all below it, each once.",
  get_submodule = "module:get_submodule(name) -> module\n\n\z
    The module of a name such as \"layer1.0.conv1\". Error: there is none.",
  get_parameter = "module:get_parameter(name) -> Tensor\n\n\z
    The parameter of a name such as \"layer1.0.conv1.weight\". Error: there is none.",
  get_buffer = "module:get_buffer(name) -> Tensor\n\n\z
    The buffer of a name such as \"bn1.running_mean\". Error: there is none.",
  state_dict = "module:state_dict() -> table name -> Tensor\n\n\z
    Parameters and buffers; they share memory with the module's. A shared tensor is listed under \z
    each of its names. state_dict {prefix = \"net.\"} puts a prefix before them.",
  load_state_dict = "module:load_state_dict(state, {strict = true, prefix = \"\"}) \z
    -> module, missing, unexpected\n\n\z
    Copies values by name. prefix: only names that begin with it, without it (\"module.\"). \z
    strict = false: names may be missing or unexpected, but one must fit; the two lists of names \z
    are returned. num_batches_tracked may always be missing, and one name of a shared tensor is \z
    enough.\n\z
    Errors: missing and unexpected names (the error says which prefix or field would fit), \z
    another shape, a name that is no Tensor; nothing is changed then.",
  zero_grad = "module:zero_grad() -> module\n\nDrops the gradients of the parameters.",
  requires_grad_ = "module:requires_grad_(mode = true) -> module\n\n\z
    Whether the parameters require grad.",
  train = "module:train(mode = true) -> module\n\n\z
    Training mode for the module and all below it; evaluation mode with false. A class may write \z
    its own, for instance to keep a frozen BatchNorm in evaluation mode; hfc.train and all else \z
    that sets modes call it.",
  eval = "module:eval() -> module\n\nEvaluation mode: the same as train(false).",
  to = "module:to(device or dtype, {memory_format}) -> module\n\n\z
    Moves the parameters and buffers in place; integers keep their dtype. memory_format = \z
    \"channels_last\" concerns tensors of four dimensions only.",
  cuda = "module:cuda(index) -> module\n\nThe same as module:to(\"cuda\").",
  apply = "module:apply(f) -> module\n\nCalls f on each module below, then on the module itself.",
  register_parameter = "module:register_parameter(name, tensor)\n\n\z
    Makes a tensor a parameter, including one that does not require grad.",
  register_buffer = "module:register_buffer(name, tensor, {persistent = true})\n\n\z
    Makes a tensor a buffer. state_dict() leaves out one that is not persistent.",
  add_module = "module:add_module(name, module)\n\nMakes a module a field under any name.",
  register_module = "module:register_module(name, module)\n\nThe same as add_module.",
  clone = "module:clone() -> module\n\nA copy that shares nothing with the module.",
  extra_repr = "module:extra_repr() -> string\n\n\z
    The text that tostring(module) shows in its brackets; classes may give their own.",
  forward = "module:forward(x, ...) -> result\n\n\z
    The computation that module(x, ...) runs, together with the hooks; each class writes its own.",
  half = string.format(casts, "half", "float16"), float = string.format(casts, "float", "float32"),
  double = string.format(casts, "double", "float64"),
  bfloat16 = string.format(casts, "bfloat16", "bfloat16"),
  cpu = string.format(casts, "cpu", "cpu"),
}
for name, text in pairs(documentation) do host.declare("Module:" .. name, text, Module[name]) end
