-- Helpers for the rest of the prelude, added to the table `host` that each of its files receives.
local host = ...

-- Marks an argument that may be left out but has no default.
host.optional = {}

-- Reads arguments as PyTorch's functions accept them: by position in the order of `names`, and the
-- rest by name in a table at the end. Returns a table name -> value.
--   owner: "torch.nn.Linear", for messages;
--   defaults: name -> value or host.optional; an argument without a default is required;
--   level: the stack level of the caller to blame, as for error();
--   ...: the arguments given.
function host.arguments(owner, names, defaults, level, ...)
  local given, count = {...}, select("#", ...)
  local result, known = {}, {}
  for _, name in ipairs(names) do known[name] = true end
  local last = given[count]
  -- An empty table contains no names; if a list is required, it is that list.
  local by_name = type(last) == "table" and #last == 0 and not getmetatable(last)
    and (next(last) ~= nil or names[count] == nil or defaults[names[count]] ~= nil)
  if by_name then
    count = count - 1
    for key, value in pairs(last) do
      if not known[key] then
        local guess = host.nearest(tostring(key), names)
        local hint = guess ~= "" and string.format(" (did you mean '%s'?)", guess) or ""
        error(string.format("%s: unknown argument '%s'%s; expected %s",
          owner, tostring(key), hint, table.concat(names, ", ")), level + 1)
      end
      result[key] = value
    end
  end
  if count > #names then
    error(string.format("%s: too many arguments; expected %s", owner, table.concat(names, ", ")),
          level + 1)
  end
  for i = 1, count do
    if given[i] ~= nil then result[names[i]] = given[i] end
  end
  for _, name in ipairs(names) do
    if result[name] == nil then
      if defaults[name] == nil then
        error(string.format("%s: argument '%s' is missing", owner, name), level + 1)
      end
      if defaults[name] ~= host.optional then result[name] = defaults[name] end
    end
  end
  return result
end

-- Lets a table of classes accept names in the style of Lua:
-- torch.nn.adaptive_avg_pool2d is torch.nn.AdaptiveAvgPool2d.
function host.accept_small_names(classes, prefix)
  setmetatable(classes, {__metatable = prefix, __index = function(_, name)
    if host.first_use(prefix, name) then return rawget(classes, name) end
    local plain, names = string.lower(string.gsub(tostring(name), "_", "")), {}
    for known in next, classes do names[#names + 1] = known end
    host.add_later_names(prefix, names)
    for _, known in ipairs(names) do
      if string.lower(known) == plain then
        local value = classes[known]
        rawset(classes, name, value)
        return value
      end
    end
    table.sort(names)
    local guess = host.nearest(tostring(name), names)
    local hint = guess ~= "" and string.format(" (did you mean '%s'?)", guess) or ""
    error(string.format("there is no %s.%s%s", prefix, tostring(name), hint), 2)
  end})
end
