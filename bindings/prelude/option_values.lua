-- Values of hfc.options: the entries of the script's table, and the values on the command line.
local host = ...
local debug = debug  -- the sandbox takes the global away

local function is_list(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

local limits = {"choices", "least", "most", "above"}

-- The default, its description and its limits, from {default, "what it is", choices = {...},
-- least = 1} or from the default alone.
local function split_entry(entry)
  if type(entry) ~= "table" then return entry, nil, nil end
  local rule
  for _, name in ipairs(limits) do
    if entry[name] ~= nil and entry[1] ~= nil then
      rule = rule or {}
      rule[name] = entry[name]
    end
  end
  local only = entry[1]
  if is_list(entry) and #entry == 1 and type(only) == "table" then return only, nil, nil end
  if rule or (#entry == 2 and is_list(entry) and type(entry[2]) == "string") then
    return entry[1], entry[2], rule
  end
  return entry, nil, nil
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local result = {}
  for k, v in pairs(value) do result[k] = copy(v) end
  return result
end

-- All options as a flat table, in which a nested option has a key such as "epochs.natural"; and the
-- defaults as a nested table, like the options that the script receives.
local function flatten(specification)
  local flat = {}
  local function walk(prefix, entry, outer, outer_rule)
    local value, doc, rule = split_entry(entry)
    doc, rule = doc or outer, rule or outer_rule
    if type(value) ~= "table" or is_list(value) then
      flat[prefix] = {default = value, doc = doc, rule = rule}
      return copy(value)
    end
    local parts = {}
    for key, part in pairs(value) do parts[key] = walk(prefix .. "." .. key, part, doc, rule) end
    return parts
  end
  local defaults = {}
  for key, entry in pairs(specification) do
    if key ~= "presets" then defaults[key] = walk(key, entry) end
  end
  return flat, defaults
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function show(value)
  if not is_list(value) then return tostring(value) end
  local parts = {}
  for i, part in ipairs(value) do parts[i] = tostring(part) end
  return table.concat(parts, ",")
end

-- Choices as help shows them: "natural | shuffled".
local function show_choices(choices)
  return (string.gsub(show(choices), ",", " | "))
end

-- All values as a flat table, in which a nested option has a key such as "epochs.natural".
local function values_of(settings)
  local values = {}
  local function walk(prefix, value)
    if type(value) == "table" and not is_list(value) then
      for key, part in pairs(value) do walk(prefix .. "." .. key, part) end
    else
      values[prefix] = value
    end
  end
  for key, value in pairs(settings) do walk(key, value) end
  return values
end

-- The name of the script that called hfc.options. At the prompt, this is the file run by dofile,
-- not the script that the program was started with.
local function script_name()
  for level = 2, host.at_prompt and 100 or 0 do
    local info = debug.getinfo(level, "S")
    if not info then break end
    if info.what ~= "C" and string.sub(info.source, 1, 5) ~= "=hfc:" then return info.short_src end
  end
  return _G.arg and _G.arg[0] or "script"
end

local function wrong_use(text, ...)
  host.exit(2, script_name() .. ": " .. string.format(text, ...) .. "; see --help")
end

local finite = math.huge

-- How a value breaks a rule, or nil.
local function complaint(value, rule)
  if type(value) == "number" and not (value > -finite and value < finite) then
    return "expected a finite number"
  elseif not rule then
    return nil
  elseif rule.choices then
    for _, choice in ipairs(rule.choices) do
      if choice == value then return nil end
    end
    local guess = type(value) == "string" and host.nearest(value, rule.choices) or ""
    return string.format("expected %s%s", show_choices(rule.choices),
                         guess ~= "" and string.format(" (did you mean '%s'?)", guess) or "")
  elseif rule.least and value < rule.least then
    return "expected at least " .. rule.least
  elseif rule.most and value > rule.most then
    return "expected at most " .. rule.most
  elseif rule.above and value <= rule.above then
    return "expected more than " .. rule.above
  end
end

-- Calls wrong(what, value) for the first value that breaks the rule.
local function check(value, rule, wrong)
  for _, one in ipairs(is_list(value) and value or {value}) do
    local what = complaint(one, rule)
    if what then wrong(what, one) end
  end
end

-- Lua's numbers are doubles, so a larger integer would silently become a different one.
local largest_integer = 2 ^ 53

local function number_of(name, text)
  local number = tonumber(text)
  if not number then
    wrong_use("option --%s: expected a number, got '%s'", name, text)
  end
  local digits = string.match(text, "^%s*[+-]?0*(%d+)%s*$")
  local exact = not digits or math.abs(number) < largest_integer
    or string.format("%.0f", largest_integer) == digits
  if not exact then
    wrong_use("option --%s: integers must be between -2^53 and 2^53 = %.0f, got '%s'", name,
              largest_integer, text)
  end
  return number
end

-- Converts a string from the command line to the type of the default.
local function parse(name, text, default)
  if is_list(default) then
    local result = {}
    for part in string.gmatch(text ~= "" and text .. "," or "", "(.-),") do
      if part == "" then
        wrong_use("option --%s: expected values separated by commas, got '%s'", name, text)
      end
      result[#result + 1] = parse(name, part, default[1] == nil and "" or default[1])
    end
    return result
  elseif type(default) == "number" then
    return number_of(name, text)
  elseif type(default) == "boolean" then
    if text == "true" then
      return true
    elseif text == "false" then
      return false
    end
    wrong_use("option --%s: expected true or false, got '%s'", name, text)
  end
  return text
end

-- Converts a string, and checks the value against the limits of its entry {default, rule}.
local function read(name, text, entry)
  local value = parse(name, text, entry.default)
  check(value, entry.rule, function(what, one)
    wrong_use("option --%s: %s, got '%s'", name, what, tostring(one))
  end)
  return value
end

host.option_values = {
  is_list = is_list, copy = copy, flatten = flatten, values_of = values_of, show = show,
  show_choices = show_choices,
  sorted_keys = sorted_keys, wrong_use = wrong_use, check = check, read = read,
}
