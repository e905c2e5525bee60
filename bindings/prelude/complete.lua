-- What Tab offers at the prompt: complete(text before the cursor) -> the part being completed, list
-- of what it may become, "path" where it is a file's name (the host lists folders).
local host = ...

-- What is still open at the text's end: a list of {opener, what stands before it, where its content
-- begins}, and the begin of an open string.
local function scan(text)
  local open, i = {}, 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == '"' or c == "'" then
      local start = i + 1
      i = start
      while i <= #text and text:sub(i, i) ~= c do i = i + (text:sub(i, i) == "\\" and 2 or 1) end
      if i > #text then return open, start end
    elseif c == "(" or c == "{" or c == "[" then
      open[#open + 1] = {c, text:sub(1, i - 1), i + 1}
    elseif c == ")" or c == "}" or c == "]" then
      open[#open] = nil
    elseif text:sub(i, i + 1) == "--" then
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

-- The value of a path "data.train:batches", looked up without running anything but the operators'
-- table.
local function value_of(path)
  local value = _G
  for part in path:gmatch "[^.:]+" do
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

-- The documentation of the function that a path calls; an operator's are its forms.
local function documentation_of(path)
  local value = value_of(path)
  local name = value ~= nil and host.function_name(value) or path:match "^torch%.[%w_]+$"
  local owner, method = path:match "^(.*):([%w_]+)$"
  if not name and owner and host.is_tensor(value_of(owner)) then name = "torch." .. method end
  return name and host.documentation(name)
end

-- The names before "=" or "," in a call's braces: {size = 100, shuffle = false}.
local function names_in_braces(braces, add)
  local content = braces:sub(2, -2):gsub("%b{}", ""):gsub('%b""', "") .. ","
  for item in content:gmatch "([^,]*)," do add(item:match "^%s*([%a_][%w_]*)") end
end

-- Options as documentation names them: in the braces of its first line, in its text as "name: ..."
-- or "name = default". An operator's are its arguments.
local function options_in(documentation, add)
  local call, text = documentation:match "^([^\n]*)(.*)$"
  call = call:match "^(.-)%s*%->" or call
  local positional = {}
  for name in call:gsub("%b{}", ""):gmatch "[%a_][%w_]*" do positional[name] = true end
  local function add_option(name)
    if not positional[name] then add(name) end
  end
  for braces in call:gmatch "%b{}" do names_in_braces(braces, add) end
  for arguments in text:gmatch "aten::[%w_.]+(%b())" do
    for name in arguments:gmatch "([%a_][%w_]*)[,)=]" do add(name) end
  end
  text = text:gsub("%b{}", ""):gsub("\naten::[^\n]*", "")
  for name in text:gmatch "[\n;.]%s*([%l_][%w_]*):%s" do add_option(name) end
  for name in text:gmatch "([%l_][%w_]*) = " do add_option(name) end
end

local function in_options(text, open)
  local inner, outer = open[#open], open[#open - 1]
  if not inner or inner[1] ~= "{" then return nil end
  local called = inner[2]:match "([%a_][%w_.:]*)%s*$"
    or (outer and outer[1] == "(" and outer[2]:match "([%a_][%w_.:]*)%s*$")
  -- What stands in inner braces or strings is over: only the last entry counts.
  local content = text:sub(inner[3]):gsub("%b{}", ""):gsub("%b()", ""):gsub('%b""', "")
  local last = content:match "([^,;]*)$":match "^%s*([%a_]?[%w_]*)$"
  return last and called and documentation_of(called), last
end

local function complete(text)
  local found, known, prefix = {}, {}, ""
  local function add(key)
    if type(key) == "string" and key:sub(1, #prefix) == prefix and not known[key]
        and key:find "^[%a_][%w_]*$" then
      known[key] = true
      found[#found + 1] = key
    end
  end
  local open, string_begin = scan(text)
  if string_begin then return text:sub(string_begin), {}, "path" end
  local documentation, option = in_options(text, open)
  if documentation then
    prefix = option
    options_in(documentation, add)
    if #found > 0 then
      table.sort(found)
      return prefix, found
    end
  end
  local path, last = text:match "([%a_][%w_.]*)[.:]([%w_]*)$"
  prefix = last or text:match "[%a_][%w_]*$" or ""
  local owner = _G
  if path then owner = value_of(path) end
  if owner ~= nil then fields_of(owner, add) end
  if owner == torch or (path and host.is_tensor(owner)) then
    for _, name in ipairs(host.operator_names()) do add(name) end
  end
  table.sort(found)
  return prefix, found
end

host.export("repl.complete", complete)
