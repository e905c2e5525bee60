-- torch.nn.Sequential and lists of modules; names as users of lua-style spelling write them.
local host = ...
local nn = torch.nn

-- Adds the modules of `...`, or of one list, under the names 0, 1, 2.
local function add_all(self, ...)
  local modules = {...}
  if #modules == 1 and type(modules[1]) == "table" and not nn.is_module(modules[1]) then
    modules = modules[1]
  end
  for i, module in ipairs(modules) do
    if not nn.is_module(module) then
      error(string.format("element %d: expected a module, got %s \z
        (a class must be called: torch.nn.ReLU())", i, tostring(module)), 4)
    end
    self:add_module(tostring(i - 1), module)
  end
end

local Sequential = nn.module("Sequential")
function Sequential:init(...) add_all(self, ...) end
function Sequential:forward(x)
  for _, module in self:named_children() do x = module(x) end
  return x
end
function Sequential:append(module)
  self:add_module(tostring(#self:children()), module)
  return self
end
nn.Sequential = host.declare("torch.nn.Sequential", "\z
  torch.nn.Sequential(module, ...) or torch.nn.Sequential {module, ...} -> module\n\n\z
  Modules in a row, each fed with the one before; named 0, 1, 2, ... append(module) adds one; \z
  children() lists them.", Sequential)

local ModuleList = nn.module("ModuleList")
function ModuleList:init(...) add_all(self, ...) end
ModuleList.append = Sequential.append
nn.ModuleList = host.declare("torch.nn.ModuleList", "\z
  torch.nn.ModuleList {module, ...} -> module\n\n\z
  Modules that belong to a network without being called by themselves: for i, module in \z
  ipairs(list:children()) do ... end", ModuleList)

host.accept_small_names(nn, "torch.nn")
