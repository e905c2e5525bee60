-- hfc-host --write-stubs DIR: the documentation in the registry as LuaCATS annotations, which
-- lua-language-server displays and uses to check calls.
local host = ...

local keywords = {}
for word in string.gmatch("  \z
  and break do else elseif end false for function goto if in local nil not or repeat return then \z
  true until while", "%a+") do
  keywords[word] = true
end

-- The parts of a list, separated by commas that are outside brackets and strings.
local function split(list)
  local parts, depth, part, quoted = {}, 0, "", false
  for c in string.gmatch(list, ".") do
    if c == '"' then quoted = not quoted end
    if not quoted and string.find(c, "[%(%[{]") then depth = depth + 1 end
    if not quoted and string.find(c, "[%)%]}]") then depth = depth - 1 end
    if c == "," and depth == 0 and not quoted then
      parts[#parts + 1] = string.match(part, "^%s*(.-)%s*$")
      part = ""
    else
      part = part .. c
    end
  end
  part = string.match(part, "^%s*(.-)%s*$")
  if part ~= "" then parts[#parts + 1] = part end
  return parts
end

local function type_of_default(default)
  if not default then return "any" end
  if string.find(default, '^"') then return "string" end
  if default == "true" or default == "false" then return "boolean" end
  if string.find(default, "^{") then return "table" end
  return string.find(default, "^[%d%.%-][%d%.eE/%-]*$") and "number" or "any"
end

local result_types = {
  Tensor = "Tensor", tensor = "Tensor", x = "Tensor", number = "number", integer = "integer",
  text = "string", path = "string", boolean = "boolean", Dataset = "Dataset", Model = "Model",
  model = "Model", Run = "Run", Series = "Series", Attack = "Attack", Generator = "Generator",
  generator = "Generator", Optimizer = "Optimizer", optimizer = "Optimizer", module = "Module",
  images = "Tensor", labels = "Tensor", logits = "Tensor", classes = "Tensor", table = "table",
  list = "table",
}

local function results_of(call)
  local text, types = string.match(call, "%->%s*(.*)$"), {}
  for _, part in ipairs(text and split(text) or {}) do
    types[#types + 1] = result_types[string.match(part, "^[%a]*")] or "any"
  end
  return types
end

-- The parameters in the brackets of a call: lists of their names and their types.
local function parameters_of(content, braces)
  local names, types, taken = {}, {}, {}
  for i, part in ipairs(braces and {"{" .. content .. "}"} or split(content)) do
    local name, default = string.match(part, "^([%a_][%w_]*)%s*=%s*(.*)$")
    name = name or (part == "..." and "...") or string.match(part, "^[%a_][%w_]*")
      or ("argument_" .. i)
    local kind = default and type_of_default(default) or "any"
    if string.find(part, "^function") then
      name, kind = "callback", "function"
    elseif string.find(part, "^{") then
      name = "options"
      local fields = {}
      for _, field in ipairs(split(string.sub(part, 2, -2))) do
        local key, value = string.match(field, "^([%a_][%w_]*)%s*=?%s*(.*)$")
        if key and not keywords[key] then
          fields[#fields + 1] = string.format("%s?: %s",
            key, type_of_default(value ~= "" and value or nil))
        end
      end
      kind = "{" .. table.concat(fields, ", ") .. "}|table"
    end
    if keywords[name] then name = name .. "_" end
    while taken[name] do name = name .. "_" end
    taken[name] = true
    names[#names + 1] = name
    types[#types + 1] = string.format("---@param %s %s",
      name .. ((default or string.find(part, "^{")) and name ~= "..." and "?" or ""), kind)
  end
  return names, types
end

local function comment(text)
  return "---" .. string.gsub(string.gsub(text, "\n+$", ""), "\n", "\n---")
end

local function stub(name)
  local text = host.full_documentation(name)
  local call, short = string.match(text, "^[^\n]*"), string.match(name, "[^.:]*$")
  local before_result = string.match(call, "^(.-)%s*%->") or call
  local escaped = string.gsub(short, "%p", "%%%0")
  local brackets = string.match(before_result, "%f[%w_]" .. escaped .. "%s*(%b())")
    or string.match(before_result, "%f[%w_]" .. escaped .. "%s*(%b{})") or "()"
  local names, types = parameters_of(string.sub(brackets, 2, -2),
                                     string.find(brackets, "^{") ~= nil)
  local lines = {comment(text), unpack(types)}
  local walks = string.match(call, "^for%s+(.-)%s+in%s")
  if walks then
    lines[#lines + 1] = "---@return fun(): "
      .. string.gsub(walks, "[%a_]+", function(word) return result_types[word] or "any" end)
  end
  for _, kind in ipairs(walks and {} or results_of(call)) do
    lines[#lines + 1] = "---@return " .. kind
  end
  lines[#lines + 1] = string.format("function %s(%s) end", name, table.concat(names, ", "))
  return table.concat(lines, "\n")
end

local function operator_stubs(declared)
  local parts = {}
  for _, name in ipairs(host.operator_names()) do
    local forms = host.documentation("torch." .. name)
    if forms and string.find(name, "^%a[%w_]*$") and not keywords[name] then
      forms = string.gsub(forms, "^[^\n]*\n\n", "")
      local result = string.find(forms, "%) %-> Tensor%f[\n%z]") and "\n---@return Tensor"
        or "\n---@return any"
      local function add(owner, separator)
        if declared[owner .. separator .. name] then return end
        parts[#parts + 1] = string.format("%s%s\nfunction %s%s%s(...) end",
          comment(forms), result, owner, separator, name)
      end
      add("torch", ".")
      if string.find(forms, "%(Tensor%S* self") then add("Tensor", ":") end
    end
  end
  return table.concat(parts, "\n\n")
end

local head = [[
---@meta
-- Written by hfc-host --write-stubs; do not edit.
]]

local tensor_fields = [[
---@class Tensor
---@field shape integer[]
---@field dtype string
---@field device string
---@field grad Tensor?
---@field requires_grad boolean
---@field is_leaf boolean
---@operator add(any): Tensor
---@operator sub(any): Tensor
---@operator mul(any): Tensor
---@operator div(any): Tensor
---@operator pow(any): Tensor
---@operator unm: Tensor
Tensor = {}]]

function host.write_stubs(folder)
  local tables, parts, declared, made = {head, tensor_fields}, {}, {}, {Tensor = true}
  local function make(owner)
    if owner == "" or made[owner] then return end
    make(string.match(owner, "^(.*)%.[^.]*$") or "")
    made[owner] = true
    tables[#tables + 1] = string.format("---@class %s\n%s = {}", owner, owner)
  end
  for _, name in ipairs {"Attack", "Series"} do make(name) end
  for _, name in ipairs(host.names()) do
    make(string.match(name, "^(.*)[.:][^.:]*$") or "")
    declared[name] = true
    parts[#parts + 1] = stub(name)
  end
  host.write_file(
    folder .. "/hfc.lua",
    table.concat(tables, "\n\n") .. "\n\n" .. table.concat(parts, "\n\n") .. "\n")
  host.write_file(folder .. "/operators.lua", head .. "\n" .. operator_stubs(declared) .. "\n")
end
