-- hfc.options: a script's options, typed by their defaults and set on the command line.
local host = ...
local io = io  -- the sandbox takes the global away

local of = host.option_values
local is_list, copy, flatten, values_of = of.is_list, of.copy, of.flatten, of.values_of
local show, sorted_keys, wrong_use = of.show, of.sorted_keys, of.wrong_use
local check, read = of.check, of.read

-- Options of the program itself, which reads them before it runs the script.
local reserved = {
  "data", "debug", "deterministic", "device", "help", "out", "preset", "sandbox",
  "sandbox_memory", "sandbox_seconds", "threads",
}

-- Suggests the option with the nearest name: an option of the script, the first of a group of its
-- options ("epochs.natural" for "epoch"), or an option of the program.
local function unknown(name, flat)
  local suggestions = {}
  for _, key in ipairs(reserved) do suggestions[key] = (string.gsub(key, "_", "-")) end
  for _, key in ipairs(sorted_keys(flat)) do
    local group = string.match(key, "^(.*)%.[^.]+$")
    if group and not suggestions[group] then suggestions[group] = key end
    suggestions[key] = key
  end
  local guess = suggestions[host.nearest(name, sorted_keys(suggestions))]
  wrong_use("unknown option --%s%s", name,
            guess and string.format(" (did you mean --%s?)", guess) or "")
end

local function set_path(t, path, value)
  local parents, last = string.match(path, "^(.*)%.([^.]+)$")
  for part in string.gmatch(parents or "", "[^.]+") do t = t[part] end
  t[last or path] = value
end

-- Overrides the defaults with a preset's values. Every option in a preset must exist, and its value
-- must have the type of the default.
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
    #names > 0 and "known presets: " .. table.concat(names, ", ") or "the script has no presets")
end

-- The comment at the start of the script. It is taken from the text that the host has read, because
-- the script may change arg[0], the name of its file.
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
      choices and of.show_choices(choices) .. " " or "", show(entry.default)))
  end
  if next(presets) then
    io.write("\nPresets (options override them):\n")
    for _, name in ipairs(sorted_keys(presets)) do
      local parts = {}
      local chosen = values_of(presets[name])
      for _, key in ipairs(sorted_keys(chosen)) do
        parts[#parts + 1] = "--" .. key .. " " .. show(chosen[key])
      end
      io.write("  --preset ", name, "  ", table.concat(parts, " "), "\n")
    end
  end
  io.write("\nOptions of hfc-host can be given here or before the script: --device, --threads, \z
    --data, --out; see hfc-host --help\n")
  host.exit(0)
end

-- Reads the command line. Returns option name -> text, the options in order, and whether help was
-- requested.
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
            wrong_use("option --%s is a group of options; set one of them, such as --%s", name,
                      full)
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
            or string.format(", got '%s'; if that is meant to be the value, write --%s=%s",
                             following, name, following))
        end
      end
      given[name] = value
      order[#order + 1] = {name = name, text = value}
    end
    i = i + 1
  end
  return given, order, help
end

local function require_names(specification)
  for key in pairs(specification) do
    if type(key) ~= "string" then
      error("hfc.options: expected option names as keys, got " .. tostring(key), 3)
    end
    for _, name in ipairs(reserved) do
      if key == name then
        error(string.format("hfc.options: '%s' is an option of hfc-host itself; \z
          choose another name", key), 3)
      end
    end
  end
end

-- The values of one option in a sweep: "1e-4,1e-3" is two values, "a\\,b" is one with a comma.
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
      wrong_use("option --%s: '%s' contains an empty value", name, text)
    end
  end
  return parts
end

-- Adds the values of one occurrence of an option to its choice, without duplicates. A list itself
-- contains commas, so the option must be repeated to give several lists.
local function add_choices(choice, text, entry)
  local texts = is_list(entry.default) and {text} or split_values(choice.option, text)
  for _, part in ipairs(texts) do
    local value = read(choice.option, part, entry)
    local identity = type(value) == "number" and string.format("%.17g", value) or show(value)
    if not choice.seen[identity] then
      choice.seen[identity] = true
      choice.values[#choice.values + 1] = {text = part, value = value}
    end
  end
end

-- Sends `hfc-host sweep` the options and the values to try, and ends the program.
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
    add_choices(choice, argument.text, name == "preset" and {default = ""} or flat[name])
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
  if host.plans_sweep() then write_plan(defaults, flat, presets, order) end
  if given.preset then
    apply_preset(given.preset, find_preset(presets, given.preset), defaults, "")
  end
  for _, argument in ipairs(order) do
    local name = argument.name
    if name ~= "preset" then set_path(defaults, name, read(name, argument.text, flat[name])) end
  end
  return defaults
end

hfc.options = host.declare("hfc.options", '\z
  hfc.options {name = default, name = {default, "what it is", choices = {...}, least = n, most = \z
  n, above = n}, ..., presets = {paper = {name = value}}} -> table name -> value\n\n\z
  Returns a script\'s options, with the values from the command line. The default determines the \z
  type: number, string, boolean, list (--radii 4,8), or a table of named entries \z
  (--epochs.natural 20), each of which may have its own description. choices: the allowed values. \z
  least, most: the smallest and the largest allowed number. above: a number that the value must \z
  exceed. Each value of a list must satisfy these limits. \z
  --preset NAME applies a preset; options on the command line override it. --help prints all \z
  options. Integers must be at most 2^53, the largest integer that Lua\'s numbers represent \z
  exactly.\n\z
  Write a list of exactly two strings as {{"a", "b"}}. You cannot use the names of the program\'s \z
  own options, such as data and device. --help ends the program with status 0, even inside pcall. \z
  On a usage error, hfc-host suggests the closest option name and exits with status 2. At the \z
  prompt, --help and usage errors end only the current line.', options)
