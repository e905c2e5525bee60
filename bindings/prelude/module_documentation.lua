-- What is documented of the methods that nn_base.lua gives to modules.
local host = ...

host.module_documentation = {
  parameters = "module:parameters() -> list of Tensors\n\n\z
    The weights, in the order of named_parameters().",
  buffers = "module:buffers() -> list of Tensors\n\n\z
    What belongs to the state without being trained: running statistics and their like.",
  named_parameters = "for name, tensor in module:named_parameters() do\n\n\z
    The weights by name (\"conv.weight\"), each once.",
  named_buffers = "for name, tensor in module:named_buffers() do\n\nThe buffers by name.",
  children = "module:children() -> list of modules\n\nThe modules that are fields.",
  named_children = "for name, module in module:named_children() do\n\n\z
    The modules that are fields, in the order in which they were set.",
  modules = "module:modules() -> list of modules\n\nThe module itself and all below it.",
  named_modules = "for name, module in module:named_modules() do\n\n\z
    The module itself (name \"\") and all below it.",
  state_dict = "module:state_dict() -> table name -> Tensor\n\n\z
    Parameters and buffers; they share memory with the module's.",
  load_state_dict = "module:load_state_dict(state, {strict = true, prefix = \"\"}) \z
    -> module, missing, unexpected\n\n\z
    Copies values by name. prefix: only names that begin with it, without it (\"module.\"). \z
    strict = false: names may be missing or unexpected, but one must fit; the two lists of names \z
    are returned. num_batches_tracked may always be missing.\n\z
    Errors: missing and unexpected names (the error says which prefix or field would fit), \z
    another shape, a name that is no Tensor; nothing is changed then.",
  zero_grad = "module:zero_grad() -> module\n\nDrops the gradients of the parameters.",
  requires_grad_ = "module:requires_grad_(mode = true) -> module\n\n\z
    Whether the parameters ask for gradients.",
  train = "module:train(mode = true) -> module\n\n\z
    Training mode for the module and all below it; evaluation mode with false.",
  eval = "module:eval() -> module\n\nEvaluation mode.",
  to = "module:to(device or dtype, ...) -> module\n\n\z
    Moves the parameters and buffers in place; whole numbers keep their dtype.",
  apply = "module:apply(f) -> module\n\nCalls f on each module below, then on the module itself.",
  register_parameter = "module:register_parameter(name, tensor)\n\n\z
    Makes a tensor a parameter, also one that asks for no gradient.",
  register_buffer = "module:register_buffer(name, tensor)\n\nMakes a tensor a buffer.",
  add_module = "module:add_module(name, module)\n\nMakes a module a field under any name.",
  clone = "module:clone() -> module\n\nA copy that shares nothing with the module.",
  extra_repr = "module:extra_repr() -> text\n\n\z
    What tostring(module) shows in its brackets; classes may give their own.",
  forward = "module:forward(x, ...) -> result\n\n\z
    What module(x, ...) calls; each class writes its own.",
}
