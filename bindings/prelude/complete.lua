-- Completion at the prompt: complete(text before the cursor) -> the part to complete, a list of its
-- completions, and "path" if it is a file name (the host lists directories).
local host = ...
local torch = _G.torch  -- the table that scripts see

-- The brackets that are still open at the end of the text, as a list of {bracket, text before it,
-- start of its content}, and the start of an open string.
local function scan(text)
  local open, i = {}, 1
  while i <= #text do
    local c = string.sub(text, i, i)
    if c == '"' or c == "'" then
      local start = i + 1
      i = start
      while i <= #text and string.sub(text, i, i) ~= c do
        i = i + (string.sub(text, i, i) == "\\" and 2 or 1)
      end
      if i > #text then return open, start end
    elseif c == "(" or c == "{" or c == "[" then
      open[#open + 1] = {c, string.sub(text, 1, i - 1), i + 1}
    elseif c == ")" or c == "}" or c == "]" then
      open[#open] = nil
    elseif string.sub(text, i, i + 1) == "--" then
      break
    end
    i = i + 1
  end
  return open
end

local function fields_of(value, add)
  local seen = {}
  while value ~= nil and not seen[value] do
    seen[value] = true
    local meta = debug.getmetatable(value)
    if type(value) == "table" then
      for key in next, value do add(key) end
    end
    local index = meta and (rawget(meta, "methods") or rawget(meta, "__index"))
    value = type(index) == "table" and index or nil
  end
end

local function has_table(index) return type(index) == "table" and index or nil end

-- The value of a path such as "data.train:batches". The look-up calls no metamethods.
local function value_of(path)
  local value = _G
  for part in string.gmatch(path, "[^.:]+") do
    local found, holder = nil, value
    while holder ~= nil and found == nil do
      if type(holder) == "table" then found = rawget(holder, part) end
      local meta = debug.getmetatable(holder)
      holder = meta and has_table(rawget(meta, "methods") or rawget(meta, "__index"))
      if holder == value then break end
    end
    value = found
    if value == nil then return nil end
  end
  return value
end

-- The documentation of the function that a path names; for an operator, its overloads.
local function documentation_of(path)
  local value = value_of(path)
  local name = value ~= nil and host.function_name(value) or string.match(path, "^torch%.[%w_]+$")
  local owner, method = string.match(path, "^(.*):([%w_]+)$")
  if not name and owner and host.is_tensor(value_of(owner)) then name = "torch." .. method end
  return name and host.documentation(name)
end

-- The names before "=" or "," in a call's braces: {size = 100, shuffle = false}.
local function names_in_braces(braces, add)
  local content = string.gsub(string.gsub(string.sub(braces, 2, -2), "%b{}", ""), '%b""', "") .. ","
  for item in string.gmatch(content, "([^,]*),") do add(string.match(item, "^%s*([%a_][%w_]*)")) end
end

-- The options that a function's documentation names: in the braces of the first line, and in the
-- text as "name: ..." or "name = default". For an operator, the names of its arguments.
local function options_in(documentation, add)
  local call, text = string.match(documentation, "^([^\n]*)(.*)$")
  call = string.match(call, "^(.-)%s*%->") or call
  local positional = {}
  local before_braces = string.gsub(call, "%b{}", "")
  for name in string.gmatch(before_braces, "[%a_][%w_]*") do positional[name] = true end
  local function add_option(name)
    if not positional[name] then add(name) end
  end
  for braces in string.gmatch(call, "%b{}") do names_in_braces(braces, add) end
  for arguments in string.gmatch(text, "aten::[%w_.]+(%b())") do
    for name in string.gmatch(arguments, "([%a_][%w_]*)[,)=]") do add(name) end
  end
  text = string.gsub(string.gsub(text, "%b{}", ""), "\naten::[^\n]*", "")
  for name in string.gmatch(text, "[\n;.]%s*([%l_][%w_]*):%s") do add_option(name) end
  for name in string.gmatch(text, "([%l_][%w_]*) = ") do add_option(name) end
end

local function in_options(text, open)
  local inner, outer = open[#open], open[#open - 1]
  if not inner or inner[1] ~= "{" then return nil end
  local called = string.match(inner[2], "([%a_][%w_.:]*)%s*$")
    or (outer and outer[1] == "(" and string.match(outer[2], "([%a_][%w_.:]*)%s*$"))
  -- Only the last entry counts, so complete braces, parentheses and strings are removed.
  local content = string.sub(text, inner[3])
  for _, closed in ipairs {"%b{}", "%b()", '%b""'} do content = string.gsub(content, closed, "") end
  local last = string.match(string.match(content, "([^,;]*)$"), "^%s*([%a_]?[%w_]*)$")
  return last and called and documentation_of(called), last
end

local function complete(text)
  host.run_all_files()
  local found, known, prefix = {}, {}, ""
  local function add(key)
    if type(key) == "string" and string.sub(key, 1, #prefix) == prefix and not known[key]
        and string.find(key, "^[%a_][%w_]*$") then
      known[key] = true
      found[#found + 1] = key
    end
  end
  local open, string_begin = scan(text)
  if string_begin then return string.sub(text, string_begin), {}, "path" end
  local documentation, option = in_options(text, open)
  if documentation then
    prefix = option
    options_in(documentation, add)
    if #found > 0 then
      table.sort(found)
      return prefix, found
    end
  end
  local path, last = string.match(text, "([%a_][%w_.]*)[.:]([%w_]*)$")
  prefix = last or string.match(text, "[%a_][%w_]*$") or ""
  local owner = _G
  if path then owner = value_of(path) end
  if owner ~= nil then fields_of(owner, add) end
  if owner == torch or (path and host.is_tensor(owner)) then
    for _, name in ipairs(host.operator_names()) do add(name) end
  end
  table.sort(found)
  return prefix, found
end

host.complete = complete
