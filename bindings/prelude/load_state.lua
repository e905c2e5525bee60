-- module:load_state_dict: copies values by name, and suggests what to write if no names match.
local host = ...

-- The error names the script's line. host.nn is looked up in the call, because it is loaded after
-- this file.
local function fail(...) host.nn.error(string.format(...)) end

local function sorted_names(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return names
end

local function listed(names)
  local shown = {}
  for i = 1, math.min(#names, 8) do shown[i] = names[i] end
  local rest = #names > 8 and string.format(" and %d more", #names - 8) or ""
  return table.concat(shown, ", ") .. rest
end

-- Files from PyTorch before 0.4.1 do not contain num_batches_tracked, which is needed only if
-- momentum is nil.
local function may_be_absent(name)
  return name == "num_batches_tracked" or string.find(name, "%.num_batches_tracked$") ~= nil
end

-- The prefix whose removal makes most of the names match `known`, and how many then match.
local function common_prefix(names, known)
  local votes, best = {}, nil
  for name in pairs(names) do
    if type(name) == "string" then
      for dot in string.gmatch(name, "()%.") do
        if known[string.sub(name, dot + 1)] then
          local prefix = string.sub(name, 1, dot)
          votes[prefix] = (votes[prefix] or 0) + 1
          if not best or votes[prefix] > votes[best] then best = prefix end
        end
      end
    end
  end
  return best, best and votes[best] or 0
end

local function count_common(names, known)
  local count = 0
  for name in pairs(names) do count = count + (known[name] and 1 or 0) end
  return count
end

-- The field `key` as Lua code: state.model, state["my model"].
local function field(key)
  if type(key) == "string" and string.find(key, "^[%a_][%w_]*$") then return "state." .. key end
  local shown = type(key) == "string" and string.format("%q", key) or tostring(key)
  return string.format("state[%s]", shown)
end

-- The module of a prefix as Lua code: "layer1.0." is .layer1["0"].
local function path(prefix)
  local parts = {}
  for name in string.gmatch(prefix, "[^.]+") do
    local plain = string.find(name, "^[%a_][%w_]*$")
    parts[#parts + 1] = plain and "." .. name or string.format("[%q]", name)
  end
  return table.concat(parts)
end

-- What would make more names match: "; the names start with 'module.': write ...", or "".
local function hint(state, own)
  local fitting = count_common(state, own)
  local prefix, count = common_prefix(state, own)
  if count > fitting then
    return string.format(
      "; the names start with '%s': write load_state_dict(state, {prefix = \"%s\"})",
      prefix, prefix)
  end
  local lacking, missing = common_prefix(own, state)
  if missing > fitting then
    return string.format("; the names lack the prefix '%s': write net%s:load_state_dict(state)",
      lacking, path(lacking))
  end
  for _, key in ipairs(sorted_names(state)) do
    local inner = state[key]
    if type(inner) == "table" and not getmetatable(inner) then
      local inner_prefix, prefixed = common_prefix(inner, own)
      local direct = count_common(inner, own)
      if math.max(direct, prefixed) > fitting then
        local option = prefixed > direct and string.format(', {prefix = "%s"}', inner_prefix) or ""
        return string.format(
          "; the state is in the field '%s': write load_state_dict(%s%s)", key, field(key), option)
      end
    end
  end
  return ""
end

-- The part of a state whose names start with `prefix`, with the prefix removed.
local function under(state, prefix)
  if prefix == "" then return state end
  if string.sub(prefix, -1) ~= "." then prefix = prefix .. "." end
  local part = {}
  for name, value in pairs(state) do
    if type(name) == "string" and string.sub(name, 1, #prefix) == prefix then
      part[string.sub(name, #prefix + 1)] = value
    end
  end
  if next(part) == nil then
    fail("load_state_dict: no name starts with '%s'; the names are %s",
      prefix, listed(sorted_names(state)))
  end
  return part
end

local function shape_text(tensor) return "[" .. table.concat(tensor.shape, ", ") .. "]" end

-- The missing names, and the values that do not fit. Other programs may write a shared tensor under
-- only one of its names.
local function compare(own, state)
  local missing, wrong, given_tensors = {}, {}, {}
  for name, tensor in pairs(own) do
    if state[name] ~= nil then given_tensors[tensor] = true end
  end
  for name, tensor in pairs(own) do
    local given = state[name]
    if given == nil then
      local needed = not given_tensors[tensor] and not may_be_absent(name)
      if needed then missing[#missing + 1] = name end
    elseif not torch.is_tensor(given) then
      wrong[#wrong + 1] = string.format("%s must be a Tensor, got a %s", name, type(given))
    elseif shape_text(given) ~= shape_text(tensor) then
      wrong[#wrong + 1] = string.format("%s has shape %s, expected %s",
        name, shape_text(given), shape_text(tensor))
    end
  end
  table.sort(missing)
  table.sort(wrong)
  return missing, wrong
end

local function checked(state, ...)
  if type(state) ~= "table" or torch.nn.is_module(state) then
    local got = torch.nn.is_module(state) and "a network: write net:state_dict()" or type(state)
    fail("load_state_dict: expected a table {name = Tensor}, got %s", got)
  end
  local options = host.arguments("load_state_dict", {"strict", "prefix"},
    {strict = true, prefix = ""}, 3, ...)
  if type(options.strict) ~= "boolean" then
    fail("load_state_dict: strict must be true or false, got %s", tostring(options.strict))
  end
  if type(options.prefix) ~= "string" then
    fail("load_state_dict: prefix must be a string, got %s", type(options.prefix))
  end
  return options
end

-- Makes the method load_state_dict. each_state(module, visit) calls visit for each entry of the
-- module's state.
function host.make_load_state_dict(each_state)
  return function(module, given, ...)
    local options, own, order = checked(given, ...), {}, {}
    each_state(module, function(name, tensor)
      own[name] = tensor
      order[#order + 1] = name
    end)
    local state = under(given, options.prefix)
    local missing, wrong = compare(own, state)
    local extra = {}
    for name in pairs(state) do if not own[name] then extra[name] = true end end
    local unexpected = sorted_names(extra)
    local nothing_fits = next(own) ~= nil and count_common(own, state) == 0
    local faults = {}
    if #wrong > 0 then faults[#faults + 1] = listed(wrong) end
    if (options.strict or nothing_fits) and #missing > 0 then
      faults[#faults + 1] = "missing: " .. listed(missing)
    end
    if (options.strict or nothing_fits) and #unexpected > 0 then
      faults[#faults + 1] = "unexpected: " .. listed(unexpected)
    end
    if #faults > 0 then
      fail("load_state_dict: %s%s%s", nothing_fits and "no name matches; " or "",
        table.concat(faults, "; "), hint(state, own))
    end
    torch.no_grad(function()
      for _, name in ipairs(order) do
        if state[name] then own[name]:copy_(state[name]) end
      end
    end)
    return module, missing, unexpected
  end
end
