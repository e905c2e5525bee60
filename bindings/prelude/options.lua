-- hfc.options: a script's settings, typed by their defaults, set from the command line.
local host = ...
local debug, io = debug, io  -- the sandbox takes the globals away

local function is_list(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

-- {default, "what it is"} or the default itself.
local function split_entry(entry)
  if is_list(entry) and (#entry == 1 or (#entry == 2 and type(entry[2]) == "string")) then
    return entry[1], entry[2]
  end
  return entry, nil
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local result = {}
  for k, v in pairs(value) do result[k] = copy(v) end
  return result
end

-- All settings with a value of their own, nested ones as "epochs.natural".
local function flatten(defaults, docs)
  local flat = {}
  local function walk(prefix, value, doc)
    if type(value) == "table" and not is_list(value) then
      for key, part in pairs(value) do walk(prefix .. "." .. key, part, doc) end
    else
      flat[prefix] = {default = value, doc = doc}
    end
  end
  for key, value in pairs(defaults) do walk(key, value, docs[key]) end
  return flat
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

-- Lua's numbers are doubles: a larger integer would silently become another one.
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
    wrong_use("option --%s: integers go to 2^53 = %.0f, got '%s'", name, largest_integer, text)
  end
  return number
end

-- The text of the command line as a value of the default's type.
local function parse(name, text, default)
  if is_list(default) then
    local result = {}
    for part in string.gmatch(text .. ",", "(.-),") do
      if part ~= "" then
        result[#result + 1] = parse(name, part, default[1] == nil and "" or default[1])
      end
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

local function find_preset(presets, name)
  local names = sorted_keys(presets)
  return presets[name] or wrong_use("unknown preset '%s'; %s", name,
    #names > 0 and "known: " .. table.concat(names, ", ") or "the script has none")
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
    io.write(string.format("  --%-" .. width .. "s  %s%s\n",
      name, entry.doc and entry.doc .. " " or "", "(" .. show(entry.default) .. ")"))
  end
  if next(presets) then
    io.write("\nPresets, overridden by options:\n")
    for _, name in ipairs(sorted_keys(presets)) do
      local parts = {}
      local chosen = flatten(presets[name], {})
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

-- Reads the command line: option name -> text, the names and texts in their order, and whether
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
      if value == nil and type(entry.default) == "boolean"
          and arguments[i + 1] ~= "true" and arguments[i + 1] ~= "false" then
        value = "true"
      elseif value == nil then
        i = i + 1
        value = arguments[i]
        if value == nil then wrong_use("option --%s: expected a value", name) end
      end
      given[name] = value
      order[#order + 1] = {name = name, text = value}
    end
    i = i + 1
  end
  return given, order, help
end

-- The values that a sweep tries of one option: "1e-4,1e-3" are two, "a\\,b" is one with a comma.
local function split_values(name, text)
  local parts, part = {}, ""
  local i = 1
  while i <= #text do
    local c = string.sub(text, i, i)
    if c == "\\" and string.sub(text, i + 1, i + 1) == "," then
      part, i = part .. ",", i + 1
    elseif c == "," then
      parts[#parts + 1], part = part, ""
    else
      part = part .. c
    end
    i = i + 1
  end
  parts[#parts + 1] = part
  for _, value in ipairs(parts) do
    if value == "" and #parts > 1 then
      wrong_use("option --%s: there is an empty value in '%s'", name, text)
    end
  end
  return parts
end

-- Adds the texts of one occurrence of an option to its choice. Equal values are one. The value of a
-- list has commas of its own: an option that stands there several times gives several lists.
local function add_choices(choice, text, default)
  local texts = is_list(default) and {text} or split_values(choice.option, text)
  for _, part in ipairs(texts) do
    local value = parse(choice.option, part, default)
    local identity = type(value) == "number" and string.format("%.17g", value) or show(value)
    if not choice.seen[identity] then
      choice.seen[identity] = true
      choice.values[#choice.values + 1] = {text = part, value = value}
    end
  end
end

local function values_of(settings)
  local values = {}
  for name, entry in pairs(flatten(settings, {})) do values[name] = entry.default end
  return values
end

-- Tells `hfc-host sweep` which values of which options it is to try, and ends the program.
local function write_plan(defaults, flat, presets, order)
  local by_name, choices = {}, {}
  for _, argument in ipairs(order) do
    local name = argument.name
    local choice = by_name[name]
    if not choice then
      choice = {option = name, values = {}, seen = {}}
      by_name[name] = choice
      if name ~= "preset" then choices[#choices + 1] = choice end
    end
    add_choices(choice, argument.text, name == "preset" and "" or flat[name].default)
  end
  local bases = {}
  for _, value in ipairs(by_name.preset and by_name.preset.values or {}) do
    local settings = copy(defaults)
    apply_preset(value.text, find_preset(presets, value.text), settings, "")
    bases[#bases + 1] = {preset = value.text, values = values_of(settings)}
  end
  if #bases == 0 then bases[1] = {preset = "", values = values_of(defaults)} end
  for _, choice in ipairs(choices) do choice.seen = nil end
  host.write_plan {bases = bases, choices = choices}
  host.exit(0)
end

local function options(specification)
  if type(specification) ~= "table" then
    error("hfc.options: expected a table of options, got " .. type(specification), 2)
  end
  local defaults, docs, presets = {}, {}, specification.presets or {}
  for key, entry in pairs(specification) do
    if type(key) ~= "string" then
      error("hfc.options: expected names as keys, got " .. tostring(key), 2)
    end
    if key ~= "presets" then
      local default, doc = split_entry(entry)
      defaults[key], docs[key] = copy(default), doc
    end
  end
  local flat = flatten(defaults, docs)
  local given, order, help = read_arguments(_G.arg or {}, flat)
  if help then print_help(flat, presets) end
  if host.plans_sweep() then write_plan(defaults, flat, presets, order) end
  if given.preset then
    apply_preset(given.preset, find_preset(presets, given.preset), defaults, "")
  end
  for _, argument in ipairs(order) do
    local name = argument.name
    if name ~= "preset" then
      set_path(defaults, name, parse(name, argument.text, flat[name].default))
    end
  end
  return defaults
end

hfc.options = host.declare("hfc.options", '\z
  hfc.options {name = default, name = {default, "what it is"}, ..., \z
  presets = {paper = {name = value}}} -> table name -> value\n\n\z
  A script\'s settings, overridden from the command line. The default says the type: number, \z
  text, boolean, list (--radii 4,8), or a table of\n\z
  named parts (--epochs.natural 20). --preset NAME takes a preset\'s values, single options go \z
  over it; --help prints them all.\n\z
  Integers go to 2^53, the largest that Lua\'s numbers count to.\n\z
  A list of exactly two texts must be written {{"a", "b"}}. --help and a wrong option end the \z
  program, also inside pcall: status 0, or 2 and\n\z
  a message that names the nearest option. At the prompt they end the typed line only.', options)
