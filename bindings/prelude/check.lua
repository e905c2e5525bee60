-- hfc-host --check script.lua: finds code that Lua accepts but that does not do what PyTorch users
-- expect: == between tensors, and tensors as conditions. The check scans words, not values. It
-- recognises two kinds of tensor: the result of torch.NAME(...), and a variable to which only
-- tensors are assigned.
local host = ...

-- The words of a Lua text, each {text, kind, line}; kind: "name", "other" or "literal".
local function words_of(text)
  local words, at, line = {}, 1, 1
  local function take(pattern, kind)
    local from, to = string.find(text, "^" .. pattern, at)
    if not from then return false end
    local found = string.sub(text, from, to)
    if kind then words[#words + 1] = {text = found, kind = kind, line = line} end
    line = line + select(2, string.gsub(found, "\n", ""))
    at = to + 1
    return true
  end
  local function take_long(kind, prefix)
    local level = string.match(text, "^" .. prefix .. "%[(=*)%[", at)
    if not level then return false end
    local _, to = string.find(text, "]" .. level .. "]", at, true)
    local found = string.sub(text, at, to)
    if kind then words[#words + 1] = {text = found, kind = kind, line = line} end
    line = line + select(2, string.gsub(found, "\n", ""))
    at = to + 1
    return true
  end
  local function take_string()
    local quote = string.match(text, "^[\"']", at)
    if not quote then return false end
    local to = at + 1
    while string.sub(text, to, to) ~= quote do
      to = to + (string.sub(text, to, to) == "\\" and 2 or 1)
    end
    words[#words + 1] = {text = string.sub(text, at, to), kind = "literal", line = line}
    line = line + select(2, string.gsub(string.sub(text, at, to), "\n", ""))
    at = to + 1
    return true
  end
  while at <= #text do
    local _ = take "%s+" or take_long(nil, "%-%-") or take "%-%-[^\n]*" or take_string()
      or take_long("literal", "") or take("[%a_][%w_]*", "name") or take("%.?%d[%w%.]*", "literal")
      or take("[=~<>]=", "other") or take("%.%.%.?", "other") or take(".", "other")
  end
  return words
end

local closing = {["("] = ")", ["["] = "]", ["{"] = "}"}

-- The position after the bracket that matches the one at `at`.
local function skip_brackets(words, at)
  local open, close, depth = words[at].text, closing[words[at].text], 0
  for i = at, #words do
    if words[i].text == open then depth = depth + 1 end
    if words[i].text == close then
      depth = depth - 1
      if depth == 0 then return i + 1 end
    end
  end
  return #words + 1
end

local function begins_arguments(word)
  return word and (word.text == "(" or word.text == "{" or word.kind == "literal"
    and string.find(word.text, "^[\"'%[]") ~= nil)
end

local function skip_arguments(words, at)
  return words[at].kind == "literal" and at + 1 or skip_brackets(words, at)
end

local makers = {tensor = true, as_tensor = true, asarray = true, norm = true, tensordot = true}
local tensor_properties = {T = true, mT = true, H = true, mH = true, real = true, imag = true}
local known = {}

-- Whether all overloads of an operator return a single Tensor.
local function makes_tensor(name)
  if known[name] == nil then
    local forms = torch.signatures(name)
    known[name] = makers[name] or #forms > 0
    for _, form in ipairs(forms) do
      if not string.find(form, "%-> Tensor[%(%)!%w]*$") then known[name] = makers[name] or false end
    end
  end
  return known[name]
end

-- Reads name.field:method(...)[...] from `at`. Returns the position after the expression,
-- whether the expression is a tensor, and whether it is the result of a call.
local function read_chain(words, at, tensors)
  local is_tensor, called = tensors[words[at].text] or false, false
  local in_torch = words[at].text == "torch"
  local i = at + 1
  while words[i] do
    local text, name = words[i].text, words[i + 1]
    if (text == "." or text == ":") and name and name.kind == "name" then
      local arguments = begins_arguments(words[i + 2])
      if arguments then
        is_tensor = (in_torch or is_tensor) and makes_tensor(name.text)
        called, in_torch, i = true, false, skip_arguments(words, i + 2)
      else
        is_tensor = is_tensor and tensor_properties[name.text] or false
        i = i + 2
      end
    elseif text == "[" then
      i = skip_brackets(words, i)
    elseif begins_arguments(words[i]) then
      is_tensor, called, i = false, true, skip_arguments(words, i)
    else
      break
    end
  end
  return i, is_tensor, called
end

-- The names to which only tensors are assigned.
local function find_tensors(words)
  local tensors, others = {}, {}
  for i = 1, #words - 2 do
    local word, behind = words[i], words[i + 1].text
    local before = words[i - 1] and words[i - 1].text
    if word.kind == "name" and behind == "=" and before ~= "." and before ~= ":"
        and before ~= "," and before ~= "{" then
      local stop, is_tensor = i + 2, false
      if words[i + 2].kind == "name" then
        stop, is_tensor = read_chain(words, i + 2, tensors)
      end
      local next_text = words[stop] and words[stop].text
      if is_tensor and next_text ~= "==" and next_text ~= "~=" and next_text ~= "and"
          and next_text ~= "or" and next_text ~= "," then
        tensors[word.text] = true
      else
        others[word.text] = true
      end
    elseif word.kind == "name" and (behind == "," or behind == ")" or behind == "in")
        and (before == "(" or before == "," or before == "for" or before == "local") then
      local opener = i - 1
      while opener > 0 and (words[opener].text == "," or words[opener].kind == "name")
          and words[opener].text ~= "for" and words[opener].text ~= "local" do
        opener = opener - 1
      end
      local introduces = words[opener] and words[opener].text
      local of_function = introduces == "(" and words[opener - 1]
        and (words[opener - 1].text == "function" or words[opener - 2]
          and words[opener - 2].text == "function")
      if introduces == "for" or introduces == "local" or of_function then
        others[word.text] = true
      end
    end
  end
  for name in pairs(others) do tensors[name] = nil end
  return tensors
end

local function is_plain(word)
  return word and (word.text == "nil" or word.text == "true" or word.text == "false")
end

-- Warns if the tensor from `at` to `stop` is compared or used as a condition.
local function judge(words, at, stop, called, warn)
  local before, behind = words[at - 1], words[stop]
  local line = words[at].line
  if behind and (behind.text == "==" or behind.text == "~=") and not is_plain(words[stop + 1])
      or before and (before.text == "==" or before.text == "~=")
        and not is_plain(words[at - 2]) then
    warn(line, "== and ~= do not compare the elements of a tensor: write x:eq(y), \z
      torch.equal(x, y) or x:item()")
  end
  local negated = before and before.text == "not"
  local opener = negated and words[at - 2] or before
  local conditions = {["if"] = true, ["elseif"] = true, ["while"] = true}
  local ends = {["then"] = true, ["do"] = true, ["and"] = true, ["or"] = true}
  if opener and conditions[opener.text] and behind and ends[behind.text] and called then
    warn(line, "a tensor used as a condition is always true: write x:item() or x:any():item()")
  end
end

-- check(text, name) -> list of lines "script.lua:3: ..."
local function check(text, name)
  if string.sub(text, 1, 1) == "#" then text = string.gsub(text, "^[^\n]*", "") end
  local chunk, message = load(text, "@" .. name, "t")
  if not chunk then return {message} end
  local lines, words = {}, words_of(text)
  local tensors = find_tensors(words)
  local function warn(line, what)
    lines[#lines + 1] = string.format("%s:%d: %s", name, line, what)
  end
  for i, word in ipairs(words) do
    local before = words[i - 1] and words[i - 1].text
    if word.kind == "name" and before ~= "." and before ~= ":" then
      local stop, is_tensor, called = read_chain(words, i, tensors)
      if is_tensor then judge(words, i, stop, called, warn) end
    end
  end
  return lines
end

function host.check(text, name)
  local lines = check(text, name)
  for _, line in ipairs(lines) do io.stderr:write("hfc-host: ", line, "\n") end
  return #lines
end
