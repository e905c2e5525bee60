-- What the prompt does with a line: compiles it, runs it and shows the results. The host reads
-- lines and keeps the history.
local host = ...

local function sorted_keys(t)
  local keys = {}
  for key in next, t do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) == "number" and type(b) ~= "number"
      or (type(a) == type(b) and tostring(a) < tostring(b))
  end)
  return keys
end

local deepest, longest, longest_inside = 3, 20, 8

-- A value that tostring() would show as an address: a function of the API, or an object without a
-- __tostring.
local function describe_address(value)
  local name = type(value) == "function" and host.function_name(value)
  if name then return "function " .. name end
  local meta, text = debug.getmetatable(value), tostring(value)
  return type(value) == "userdata" and string.find(text, "^userdata: ")
    and meta and rawget(meta, "__name") or text
end

-- A value as text: tables up to a limit of depth and length, everything else as tostring() shows
-- it.
local function describe(value, depth, seen)
  if type(value) == "string" and depth > 0 then return string.format("%q", value) end
  local meta = type(value) == "table" and debug.getmetatable(value)
  if type(value) ~= "table" or (type(meta) == "table" and rawget(meta, "__tostring")) then
    return describe_address(value)
  end
  if seen[value] then return "<the table around it>" end
  if next(value) == nil then return "{}" end
  if depth >= deepest then return "{...}" end
  seen[value] = true
  local keys, lines, count = sorted_keys(value), {}, #value
  local most = depth == 0 and longest or longest_inside
  for i, key in ipairs(keys) do
    if i > most then
      lines[#lines + 1] = string.format("... %d more", #keys - most)
      break
    end
    local in_list = type(key) == "number" and key >= 1 and key <= count
    local name = type(key) == "string" and string.match(key, "^[%a_][%w_]*$")
      or ("[" .. describe(key, deepest, seen) .. "]")
    lines[#lines + 1] = (in_list and "" or name .. " = ")
      .. describe(rawget(value, key), depth + 1, seen)
  end
  seen[value] = nil
  local flat = "{" .. table.concat(lines, ", ") .. "}"
  if #flat <= 100 and not string.find(flat, "\n") then return flat end
  local indent = string.rep("  ", depth + 1)
  local outer = string.rep("  ", depth)
  return "{\n" .. indent .. table.concat(lines, ",\n" .. indent) .. "\n" .. outer .. "}"
end

-- Keeps the locals of a block typed at the prompt as globals; called at the end of the block.
local function keep_locals()
  for i = 1, math.huge do
    local name, value = debug.getlocal(2, i)
    if not name then return end
    if not string.find(name, "^%(") then rawset(_G, name, value) end
  end
end

local keeper = "_keep_locals_of_the_prompt"

-- LuaJIT's compiled loops do not notice Ctrl-C, so code typed at the prompt is interpreted. Code
-- that it loads from files is compiled.
local function interpreted(chunk)
  if chunk then jit.off(chunk, true) end
  return chunk
end

local function unfinished(message) return string.find(message, "'<eof>'$") ~= nil end

-- compile(text) -> function, whether it is an expression; or nil and a message, which is
-- "incomplete" if more lines may complete the text.
local function compile(text)
  -- With the nil in front, a call in the expression is not a tail call, so the prompt still has a
  -- frame for error messages.
  local chunk, as_expression = load("return nil, " .. text, "=prompt")
  if chunk then return interpreted(chunk), true end
  local message
  chunk, message = load(text, "=prompt")
  if not chunk then
    return nil, (unfinished(message) or unfinished(as_expression)) and "incomplete" or message
  end
  local kept = load(text .. "\n" .. keeper .. "()", "=prompt")
  if not kept then return interpreted(chunk) end
  rawset(_G, keeper, keep_locals)
  return interpreted(kept)
end

local function show(_, ...)
  local count = select("#", ...)
  if count == 0 then return end
  local first = ...
  if count > 1 or first ~= nil then rawset(_G, "_", first) end
  local texts = {}
  for i = 1, count do texts[i] = describe((select(i, ...)), 0, {}) end
  io.write(table.concat(texts, "\t"), "\n")
end

-- Runs the text and shows its results, even if it is not an expression: return 1, 2.
local function run(text)
  host.at_prompt = true
  host.run_all_files()
  local chunk, is_expression = compile(text)
  if not chunk then return is_expression end
  if is_expression then
    show(chunk())
  else
    show(nil, chunk())
  end
  rawset(_G, keeper, nil)
  io.flush()
end

host.run_line = run
