-- help(): prints the documentation in the registry.
local host = ...
local metatable_of = debug.getmetatable
local torch = _G.torch  -- the table that scripts see

local plain_print = print

-- Calls the script's own print, if it has one. Avoids Lua's print, which would call the script's
-- tostring.
local function print(text)
  if _G.print ~= plain_print then return _G.print(text) end
  io.write(text, "\n")
end

local function first_line(name) return string.match(host.documentation(name), "[^\n]*") end

-- The first lines of all functions whose name starts with `prefix`; "hfc." includes hfc.mask.
local function listed(prefix)
  local lines = {}
  for _, name in ipairs(host.names()) do
    if string.sub(name, 1, #prefix) == prefix then lines[#lines + 1] = "  " .. first_line(name) end
  end
  return lines
end

local function overview()
  local lines = listed ""
  table.insert(lines, 1, "hfc-host: experiments with image frequencies and neural networks. \z
    help(f) or help(\"name\") explains each of these functions:\n")
  lines[#lines + 1] = "\ntorch.NAME and tensor:NAME are PyTorch's operators; \z
    help(torch.conv2d) prints their overloads."
  return table.concat(lines, "\n")
end

-- The sentence that names the section of the paper for an example, or nil.
function host.paper_of(example)
  return example.paper
    and string.format("In the paper (Wang et al. 2020): section %s.", example.paper)
end

-- The text of a function with the section of the paper and an example, or nil.
function host.full_documentation(name)
  local text = host.documentation(name)
  if not text then return nil end
  local example = host.examples[name] or {}
  if example.paper then text = text .. "\n\n" .. host.paper_of(example) end
  if example.code then
    text = text .. "\n\nExample:\n  " .. string.gsub(example.code, "\n", "\n  ")
  end
  return text
end

local function name_of_table(value)
  for name, found in pairs {hfc = hfc, torch = torch} do
    if found == value then return name end
    for key, inner in next, found do
      if inner == value then return name .. "." .. key end
    end
  end
end

-- The prefix of the documented names that belong to a value ("Tensor:", "hfc.mask."), and the name
-- of its type or table.
local function prefix_of(value)
  if host.is_module(value) then return "Module:", host.class_name_of(value) end
  local meta = metatable_of(value)
  local type_name = type(meta) == "table" and rawget(meta, "__name")
  if type_name then return type_name .. ":", type_name end
  local name = type(value) == "table" and name_of_table(value)
  if name then return name .. ".", name end
end

local function object_help(value)
  local prefix, name = prefix_of(value)
  local lines = prefix and listed(prefix) or {}
  if not prefix then return nil end
  -- An Attack has no methods.
  if #lines == 0 then lines = listed("hfc." .. string.lower(name) .. ".") end
  local class = prefix == "Module:" and host.full_documentation("torch.nn." .. name)
  local shown = string.find(prefix, ":$") and tostring(value) or name .. ": functions"
  if #shown > 2000 then shown = string.sub(shown, 1, 2000) .. " ..." end
  table.insert(lines, 1, (class and class .. "\n\n" or "") .. shown .. "\n")
  if prefix == "Tensor:" then
    lines[#lines + 1] = "\nPyTorch's operators are also methods of tensors: \z
      try help(torch.conv2d) or apropos \"pool\"."
  end
  return table.concat(lines, "\n")
end

local function by_name(name)
  local text = host.full_documentation(name)
  if text then return text end
  for _, separator in ipairs {":", "."} do
    local lines = listed(name .. separator)
    if #lines > 0 then return name .. "\n\n" .. table.concat(lines, "\n") end
  end
end

_G.help = host.declare("help", '\z
  help(), help(f), help("hfc.train"), help(object)\n\n\z
  Prints the documentation: an overview; one function, given as a value or by name; the methods \z
  of an object, such as a network or a data set; or the functions of a table, such as \z
  hfc.frequency. For an operator, prints its overloads.', function(what)
  if what == nil then return print(overview()) end
  local name = type(what) == "string" and what or host.function_name(what)
  local text = name and by_name(name) or type(what) ~= "string" and object_help(what)
  if text then return print(text) end
  local guess = type(what) == "string" and host.nearest(what, host.names()) or ""
  print(string.format("there is no documentation for %s%s",
    tostring(what), guess ~= "" and string.format(" (did you mean %s?)", guess) or ""))
end)

_G.apropos = host.declare("apropos", "\z
  apropos(word)\n\n\z
  Prints the first line of every function whose documentation contains the word, ignoring case, \z
  and the operators whose names contain it.",
function(word)
  if type(word) ~= "string" then error("apropos: expected a string, got " .. type(word), 2) end
  local found, small = 0, string.lower(word)
  for _, name in ipairs(host.names()) do
    if string.find(string.lower(name .. "\n" .. host.documentation(name)), small, 1, true) then
      print("  " .. first_line(name))
      found = found + 1
    end
  end
  local operators = {}
  for _, name in ipairs(host.operator_names()) do
    if string.find(string.lower(name), small, 1, true) and string.sub(name, 1, 1) ~= "_" then
      operators[#operators + 1] = name
    end
  end
  if #operators > 0 then
    print("  PyTorch's operators: " .. table.concat(operators, " ", 1, math.min(#operators, 100)))
  end
  if found + #operators == 0 then
    print(string.format("no documentation contains '%s'", word))
  end
end)
