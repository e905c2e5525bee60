-- hfc.options: a script's settings, typed by their defaults, set from the command line.
local host = ...
local debug, io = debug, io  -- the sandbox takes the globals away

local function is_list(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

local limits = {"choices", "least", "most", "above"}

-- The default, what it is, and its limits, of {default, "what it is", choices = {...}, least = 1}
-- or of the default itself.
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

-- All settings with a value of their own, nested ones as "epochs.natural"; defaults: the same as
-- the script gets them.
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

-- The name of the script that called hfc.options. At the prompt that is one run by dofile, not the
-- one that the program was started with.
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

local function unknown(name, flat)
  local guess = host.nearest(name, sorted_keys(flat))
  wrong_use("unknown option --%s%s", name,
            guess ~= "" and string.format(" (did you mean --%s?)", guess) or "")
end

local finite = math.huge

-- What is wrong with a value under a rule, or nil.
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
    return string.format("expected %s%s", string.gsub(show(rule.choices), ",", " | "),
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

-- The text of the command line as a value of the default's type.
local function parse(name, text, default)
  if is_list(default) then
    local result = {}
    for part in string.gmatch(text ~= "" and text .. "," or "", "(.-),") do
      if part == "" then
        wrong_use("option --%s: expected values between the commas, got '%s'", name, text)
      end
      result[#result + 1] = parse(name, part, default[1] == nil and "" or default[1])
    end
    return result
  elseif type(default) == "number" then
    return tonumber(text) or wrong_use("option --%s: expected a number, got '%s'", name, text)
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

local function set_path(t, path, value)
  local parents, last = string.match(path, "^(.*)%.([^.]+)$")
  for part in string.gmatch(parents or "", "[^.]+") do t = t[part] end
  t[last or path] = value
end

-- Puts a preset's values over the defaults; every key must be known and of the default's type.
local function apply_preset(name, preset, target, path)
  for key, value in pairs(preset) do
    local full = path .. key
    local old = target[key]
    if old == nil then
      error(string.format("preset '%s' sets the unknown option '%s'", name, full), 0)
    end
    if type(old) ~= type(value) then
      error(string.format("preset '%s', option '%s': expected a %s, got a %s",
        name, full, type(old), type(value)), 0)
    end
    if type(old) == "table" and not is_list(old) then
      apply_preset(name, value, old, full .. ".")
    else
      target[key] = copy(value)
    end
  end
end

-- The comment that the script opens with. The host has read the script: a name of a file, such as
-- arg[0], is the script's to change.
local function opening_comment()
  local lines = {}
  for line in string.gmatch(host.script_text() .. "\n", "(.-)\n") do
    local text = string.match(line, "^%-%-%s?(.*)")
    if text then
      lines[#lines + 1] = text
    elseif not string.match(line, "^#!") then
      break
    end
  end
  return #lines > 0 and table.concat(lines, "\n") .. "\n\n" or ""
end

local function print_help(flat, presets)
  local script = _G.arg and _G.arg[0] or "script"
  io.write(opening_comment())
  io.write("Usage: hfc-host ", script, " [options]\n\nOptions of the script (default):\n")
  local width = 0
  for name in pairs(flat) do width = math.max(width, #name) end
  for _, name in ipairs(sorted_keys(flat)) do
    local entry = flat[name]
    local choices = entry.rule and entry.rule.choices
    io.write(string.format("  --%-" .. width .. "s  %s%s(%s)\n",
      name, entry.doc and entry.doc .. " " or "",
      choices and string.gsub(show(choices), ",", " | ") .. " " or "", show(entry.default)))
  end
  if next(presets) then
    io.write("\nPresets, overridden by options:\n")
    for _, name in ipairs(sorted_keys(presets)) do
      local parts = {}
      local chosen = flatten(presets[name])
      for _, key in ipairs(sorted_keys(chosen)) do
        parts[#parts + 1] = "--" .. key .. " " .. show(chosen[key].default)
      end
      io.write("  --preset ", name, "  ", table.concat(parts, " "), "\n")
    end
  end
  io.write("\nOptions of the host, here or before the script: --device, --threads, --data, --out; \z
    see hfc-host --help\n")
  host.exit(0)
end

-- Reads the command line: option name -> text (or true for a flag without a value), and whether
-- help is asked for.
local function read_arguments(arguments, flat)
  local given, order, help = {}, {}, false
  local i = 1
  while i <= #arguments do
    local token = arguments[i]
    local name, value = string.match(token, "^%-%-([^=]+)=(.*)$")
    name = name or string.match(token, "^%-%-(.+)$")
    if token == "--help" or token == "-h" then
      help = true
    elseif not name then
      wrong_use("unexpected argument '%s'", token)
    else
      name = string.gsub(name, "%-", "_")
      local entry = name == "preset" and {default = ""} or flat[name]
      local negated = not entry and flat[string.match(name, "^no_(.+)$") or ""]
      if negated and type(negated.default) == "boolean" and value == nil then
        name, value, entry = string.match(name, "^no_(.+)$"), "false", negated
      end
      if not entry then
        for full in pairs(flat) do
          if string.sub(full, 1, #name + 1) == name .. "." then
            wrong_use("option --%s has parts of its own, such as --%s", name, full)
          end
        end
        unknown(name, flat)
      end
      if value == nil then
        local following = arguments[i + 1]
        if following ~= nil and string.sub(following, 1, 2) ~= "--" then
          i, value = i + 1, following
        elseif type(entry.default) == "boolean" then
          value = "true"
        else
          wrong_use("option --%s: expected a value%s", name, following == nil and ""
            or string.format(", got '%s'; write --%s=%s if that is meant", following, name,
                             following))
        end
      end
      given[name] = value
      order[#order + 1] = name
    end
    i = i + 1
  end
  return given, order, help
end

-- Options of the program, which takes them before a script can.
local reserved = {
  "data", "debug", "deterministic", "device", "help", "out", "preset", "sandbox",
  "sandbox_memory", "sandbox_seconds", "threads",
}

local function require_names(specification)
  for key in pairs(specification) do
    if type(key) ~= "string" then
      error("hfc.options: expected names as keys, got " .. tostring(key), 3)
    end
    for _, name in ipairs(reserved) do
      if key == name then
        error(string.format("hfc.options: the name '%s' is an option of hfc-host itself; \z
          choose another", key), 3)
      end
    end
  end
end

local function options(specification)
  if type(specification) ~= "table" then
    error("hfc.options: expected a table of options, got " .. type(specification), 2)
  end
  require_names(specification)
  local presets = specification.presets or {}
  local flat, defaults = flatten(specification)
  for name, entry in pairs(flat) do
    check(entry.default, entry.rule, function(what, value)
      error(string.format("hfc.options: the default of '%s': %s, got %s", name, what,
        tostring(value)), 4)
    end)
  end
  local given, order, help = read_arguments(_G.arg or {}, flat)
  if help then print_help(flat, presets) end
  if given.preset then
    local preset = presets[given.preset]
    if not preset then
      local names = sorted_keys(presets)
      wrong_use("unknown preset '%s'; %s", given.preset,
                #names > 0 and "known: " .. table.concat(names, ", ") or "the script has none")
    end
    apply_preset(given.preset, preset, defaults, "")
  end
  for _, name in ipairs(order) do
    if name ~= "preset" then
      local value = parse(name, given[name], flat[name].default)
      check(value, flat[name].rule, function(what, one)
        wrong_use("option --%s: %s, got '%s'", name, what, tostring(one))
      end)
      set_path(defaults, name, value)
    end
  end
  return defaults
end

hfc.options = host.declare("hfc.options", '\z
  hfc.options {name = default, name = {default, "what it is", choices = {...}, least = n, \z
  most = n, above = n}, ..., presets = {paper = {name = value}}} -> table name -> value\n\n\z
  A script\'s settings, overridden from the command line. The default says the type: number, \z
  string, boolean, list (--radii 4,8), or a table of\n\z
  named parts (--epochs.natural 20), each with a text of its own if it has one. choices: the \z
  values that are allowed; least, most, above: the range of a number. Both hold for each value of \z
  a list. --preset NAME takes a preset\'s values, single options go over it; --help prints them \z
  all.\n\z
  Write a list of exactly two strings {{"a", "b"}}. Names of the program\'s own options, such as \z
  data and device, are refused. --help and a wrong option end the \z
  program, also inside pcall: status 0, or 2 and\n\z
  a message that names the nearest option. At the prompt they end the typed line only.', options)
