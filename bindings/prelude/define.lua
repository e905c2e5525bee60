-- host.define: functions with Python's signatures, called with arguments by position or by name.
local host = ...
local type, next, select, unpack, rawequal = type, next, select, unpack, rawequal
local none = torch.none

-- Raises "there is no torch.fft.fft3 (did you mean 'fft2'?)"; level: as for error().
function host.unknown(path, name, names, level)
  local guess = host.nearest(tostring(name), names)
  error(string.format("there is no %s.%s%s", path, tostring(name),
    guess ~= "" and string.format(" (did you mean '%s'?)", guess) or ""), level + 1)
end

-- "input, p = 0.5, inplace = false" -> list of {name, default (as Lua code), optional}
local function parse(signature)
  local parameters = {}
  for part in string.gmatch(signature .. ", ", "(.-), ") do
    local name, default = string.match(part, "^([%w_]+) = (.*)$")
    parameters[#parameters + 1] = {name = name or part, default = default, optional = name ~= nil}
  end
  return parameters
end

local aliases = {
  input = {"self", "x"}, tensor = {"self", "input"}, dim = {"axis"}, keepdim = {"keepdims"},
}

-- name -> position, including the alternative names that Python's argument parser accepts.
local function positions_of(parameters)
  local positions = {}
  for i, parameter in ipairs(parameters) do
    for _, alias in ipairs(aliases[parameter.name] or {}) do
      if not positions[alias] then positions[alias] = i end
    end
  end
  for i, parameter in ipairs(parameters) do positions[parameter.name] = i end
  return positions
end

local function names_of(parameters)
  local names = {}
  for i, parameter in ipairs(parameters) do names[i] = parameter.name end
  return names
end

-- Whether the last argument, at position `count`, is a table of named arguments. An empty table
-- counts as one, unless a list is required at that position.
local function gives_names(value, count, required)
  if getmetatable(value) ~= nil then return false end
  local length = #value
  local key = next(value, length > 0 and length or nil)
  if key == nil then return length == 0 and count > required end
  return type(key) == "string"
end

local function required_of(parameters)
  local required = 0
  for _, parameter in ipairs(parameters) do
    if not parameter.optional then required = required + 1 end
  end
  return required
end

-- The list part of a table that also has names; if it has a single element, that element.
local function list_of(mixed)
  local list = {}
  for i, value in ipairs(mixed) do list[i] = value end
  if #list == 1 then return list[1] end
  return list
end

-- read(count, ...): the arguments in the order of the parameters, from values and a final table.
local function make_reader(owner, parameters)
  local positions, names, total = positions_of(parameters), names_of(parameters), #parameters
  return function(count, ...)
    local values, named = {...}, (select(count, ...))
    values[count] = nil
    if #named > 0 then values[count] = list_of(named) end
    for key, value in next, named do
      if type(key) == "string" then
        local position = positions[key]
        if not position then
          local guess = host.nearest(key, names)
          error(string.format("%s: unknown argument '%s'%s; expected %s",
            owner, key, guess ~= "" and string.format(" (did you mean '%s'?)", guess) or "",
            table.concat(names, ", ")), 3)
        end
        if values[position] ~= nil then
          error(string.format("%s: argument '%s' is given twice", owner, names[position]), 3)
        end
        values[position] = value
      end
    end
    return unpack(values, 1, total)
  end
end

local template = [[
local f, read, gives_names, none, missing, too_many, type, select, rawequal = ...
local function call(%s)
%s  return f(%s)
end
return function(...)
  local count = select("#", ...)
  if count > 0 then
    local last = (select(count, ...))
    if type(last) == "table" and gives_names(last, count, %d) then
      return call(read(count, ...))
    end
    if count > %d then too_many(count) end
  end
  return call(...)
end]]

-- The code that fills in one parameter: its default, or nil for torch.none.
local function filling(position, parameter)
  if not parameter.optional then
    return string.format("  if p%d == nil then missing(%d) end\n", position, position)
  end
  local none_to_nil = string.format("if rawequal(p%d, none) then p%d = nil end", position, position)
  if parameter.default == "nil" then return "  " .. none_to_nil .. "\n" end
  return string.format("  if p%d == nil then p%d = %s else%s\n",
    position, position, parameter.default, none_to_nil)
end

local function compile(owner, signature, f)
  local parameters = parse(signature)
  local total, required = #parameters, required_of(parameters)
  local list, filled = {}, {}
  for i, parameter in ipairs(parameters) do
    list[i], filled[i] = "p" .. i, filling(i, parameter)
  end
  local arguments = table.concat(list, ", ")
  local text = string.format(template, arguments, table.concat(filled), arguments, required, total)
  local names = names_of(parameters)
  local function missing(position)
    error(string.format("%s: argument '%s' is missing", owner, names[position]), 3)
  end
  local function too_many(count)
    error(string.format("%s: expected at most %d arguments (%s), got %d",
      owner, total, table.concat(names, ", "), count), 3)
  end
  return assert(loadstring(text, "=hfc:define.lua"))(
    f, make_reader(owner, parameters), gives_names, none, missing, too_many, type, select, rawequal)
end

-- A function with a Python-style signature, "input, p = 0.5, training = true", that calls
-- f(input, p, training) with the defaults filled in. f gets nil for torch.none. The function is
-- compiled on its first call, so that functions never called do not slow down garbage collection.
function host.signature(owner, signature, f)
  local compiled
  return function(...)
    if not compiled then compiled = compile(owner, signature, f) end
    return compiled(...)
  end
end

-- "F(input, {p = 0.5, training = true})" for the documentation.
local function shown(owner, signature)
  local required, optional = {}, {}
  for _, parameter in ipairs(parse(signature)) do
    if not parameter.optional then
      required[#required + 1] = parameter.name
    elseif string.sub(parameter.name, 1, 1) ~= "_" then
      optional[#optional + 1] = parameter.default == "nil" and parameter.name
        or parameter.name .. " = " .. parameter.default
    end
  end
  if #optional > 0 then
    required[#required + 1] = "{" .. table.concat(optional, ", ") .. "}"
  end
  return owner .. "(" .. table.concat(required, ", ") .. ")"
end

-- Declares a function under its full name, with a Python-style signature. text: "-> Tensor\n\n...".
function host.define(owner, signature, text, f)
  return host.declare(owner, shown(owner, signature) .. " " .. text,
                      host.signature(owner, signature, f))
end
