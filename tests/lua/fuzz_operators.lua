-- Calls every operator with random arguments, most of them of the types its schema asks for, some
-- not. Errors are what it is about: the process must live through all of them.
--
--   hfc-host fuzz_operators.lua [--rounds 7] [--seed 0] [--only NAME] [--log FILE] [--hostile]
--
-- --log FILE holds the position and the name of the operator that is called, with its arguments.
-- --hostile: shapes that fit each other, so that more calls pass the checks of shapes and reach the
-- kernels, with indices, lengths, offsets and sizes out of range. tests/fuzz/operators.sh runs this
-- in child processes and names the operators that end one.
local opt = hfc.options {
  rounds = {7, "calls of each operator"},
  seed = {0, "of the arguments"},
  only = {"", "one operator"},
  first = {1, "position of the first operator"},
  hostile = {false, "shapes that fit, values out of range"},
  skip = {{""}, "operators that are left out"},
  log = {"", "file that receives each operator's name before it is called"},
}
local random = math.random
math.randomseed(opt.seed)
torch.manual_seed(opt.seed)

local function pick(list) return list[random(#list)] end

local dtypes = {
  "float32", "float32", "float32", "float64", "int64", "int32", "uint8", "bool", "complex64",
  "float16", "bfloat16",
}
local lengths = {0, 1, 1, 2, 2, 3, 4, 5}

-- What the tensors of one hostile call have in common: a shape, and a dtype that most of them have.
local common_shape, common_dtype = {}, "float32"

local function begin_call()
  common_shape, common_dtype = {}, pick {"float32", "float32", "float64", "bfloat16", "complex64"}
  for i = 1, random(1, 5) do common_shape[i] = random(1, 6) end
  if random() < 0.1 then common_shape[random(#common_shape)] = 0 end
end

-- The common shape, a part of it, or one number of it.
local function related_shape()
  local shape, kind = {}, random(8)
  local first, last = 1, #common_shape
  if kind == 1 then
    first = random(last)
    last = first
  elseif kind == 2 then
    last = random(last)
  elseif kind == 3 then
    first = random(last)
  end
  for i = first, last do shape[#shape + 1] = common_shape[i] end
  if kind == 4 then shape[random(#shape)] = random(0, 6) end
  return shape
end

local function hostile_integer()
  return random() < 0.8 and random(-2, 7) or pick {
    -2 ^ 53, 2 ^ 53, -2 ^ 31, 2 ^ 31, 2 ^ 31 - 1, 2 ^ 32, -2 ^ 40, 65536, 10000, -100, 1e9, 2 ^ 62,
  }
end

-- Integers of which some are out of any range.
local function hostile_indices(shape)
  local x = torch.rand(shape) * random(6)
  x = x:to(pick {"int64", "int64", "int64", "int32"})
  for _ = 1, x:numel() > 0 and random(0, 2) or 0 do
    -- A value that int32 does not hold stays out.
    pcall(function() x:view {-1}[random(0, x:numel() - 1)] = hostile_integer() end)
  end
  return random() < 0.2 and (x:sort()) or x
end

local function hostile_tensor(name)
  local integers = name and (name:find "ind[ie]" or name:find "length" or name:find "offset"
    or name:find "target" or name:find "size" or name:find "repeats" or name:find "pivot"
    or name:find "sorter" or name:find "mapping" or name:find "label" or name:find "mask")
  if random() < (integers and 0.9 or 0.15) then return hostile_indices(related_shape()) end
  local x = torch.rand(related_shape()) * pick {1, 1, 3, -2}
  if random() < 0.05 then x = x * pick {1 / 0, 0 / 0, 1e30, -1e9} end
  x = x:to(random() < 0.9 and common_dtype or pick(dtypes))
  if random() < 0.1 and x.ndim > 1 then x = x:transpose(0, x.ndim - 1) end
  if random() < 0.1 and x:is_floating_point() then x = x:detach():requires_grad_() end
  return x
end

local function tensor(name)
  if opt.hostile and random() < 0.95 then return hostile_tensor(name) end
  local shape = {}
  for i = 1, random(0, 5) do shape[i] = pick(lengths) end
  local x = torch.rand(shape) * pick {1, 3, -2}
  if random() < 0.05 and x:numel() > 0 then x = x / 0 end
  x = x:to(pick(dtypes))
  if random() < 0.2 and x.ndim > 1 then x = x:transpose(0, x.ndim - 1) end
  if random() < 0.1 and x:is_floating_point() then x = x:detach():requires_grad_() end
  return x
end

local function integer()
  if opt.hostile then return hostile_integer() end
  return random() < 0.9 and random(-3, 6) or pick {-2 ^ 53, 2 ^ 53, 100, 64}
end

local function number()
  return random() < 0.5 and integer() or pick {0.5, -1.25, 1e-3, 1 / 0, 0 / 0, 1e30}
end

local function text()
  return pick {
    "none", "mean", "sum", "constant", "reflect", "ij,jk->ik", "tanh", "linear", "", "x", "fro",
    "floor", "r",
  }
end

local function list_of(make)
  return function(name, length)
    local list = {}
    for i = 1, length and random() < 0.9 and length or random(0, 4) do list[i] = make(name) end
    return list
  end
end

local generator = torch.Generator {seed = opt.seed}
local makers = {
  Tensor = tensor, int = integer, SymInt = integer, float = number, Scalar = number, str = text,
  bool = function() return random() < 0.5 end,
  ScalarType = function() return pick(dtypes) end,
  Device = function() return pick {"cpu", "cpu", "meta", "cuda", "nowhere"} end,
  Layout = function() return pick {"strided", "sparse_coo"} end,
  MemoryFormat = function()
    return pick {"contiguous_format", "channels_last", "preserve_format"}
  end,
  Generator = function() return generator end,
  Dimname = function() return pick {"N", "C"} end,
}

local function anything()
  return pick {
    tensor, integer, number, text, makers.bool, list_of(tensor), list_of(integer),
    function() return print end,
  }()
end

-- A value for a type as a schema writes it: "Tensor(a!)?", "SymInt[2]?", "int".
local function value_of(type_name, name)
  if random() < (opt.hostile and 0.002 or 0.03) then return anything() end
  local optional = type_name:sub(-1) == "?"
  if optional and random() < 0.5 then return nil end
  local plain = type_name:gsub("%?$", ""):gsub("%b()", "")
  local element, length = plain:match "^(%a+)%??%[(%d*)%]"
  if element then return list_of(makers[element] or anything)(name, tonumber(length)) end
  return (makers[plain] or anything)(name)
end

-- {type, name, named only} of each argument of a signature.
local function arguments_of(signature)
  local list, named = {}, false
  local inside = signature:match "^aten::[%w_%.]+(%b())"
  for argument in (inside:sub(2, -2) .. ","):gmatch "%s*(.-)%s*," do
    if argument == "*" then
      named = true
    elseif argument ~= "" then
      local declaration = argument:gsub("=.*$", "")
      local type_name, name = declaration:match "^(.-)%s+([%w_]+)$"
      if type_name then list[#list + 1] = {type_name, name, named, argument:find "=" ~= nil} end
    end
  end
  return list
end

local function call_once(name, signature)
  local positional, count, options = {}, 0, {}
  local by_name = false
  begin_call()
  for _, argument in ipairs(arguments_of(signature)) do
    local type_name, argument_name, named, has_default = unpack(argument)
    if has_default and random() < 0.5 then
      by_name = true
    elseif named or by_name then
      options[argument_name] = value_of(type_name, argument_name)
    else
      count = count + 1
      positional[count] = value_of(type_name, argument_name)
    end
  end
  if next(options) then
    count = count + 1
    positional[count] = options
  end
  return pcall(torch[name], unpack(positional, 1, count))
end

-- Operators that do as they are told, to the harm of this test: they print, read files, or compute
-- as long as they are asked to.
local spared = {
  _print = true, from_file = true, choose_qparams_optimized = true, combinations = true,
}

local log = opt.log ~= "" and io.open(opt.log, "w")
for _, name in ipairs(opt.skip) do spared[name] = true end
local calls, succeeded, names = 0, 0, torch.operators()
for position = opt.first, #names do
  local name = names[position]
  if not (spared[name] or name:find "polynomial") and (opt.only == "" or opt.only == name) then
    local signatures = torch.signatures(name)
    for round = 1, #signatures > 0 and opt.rounds or 0 do
      if log then
        log:seek "set"
        log:write(("%5d %-60s\n"):format(position, name))
        log:flush()
      end
      local ok, message = call_once(name, signatures[(round - 1) % #signatures + 1])
      calls = calls + 1
      succeeded = succeeded + (ok and 1 or 0)
      if not ok and type(message) ~= "string" then error("an error that is no text") end
    end
  end
end
print(("%d calls, %d of them succeeded"):format(calls, succeeded))
local whole = not opt.hostile and opt.only == "" and opt.first == 1
assert(not whole or calls >= 10000, "too few calls")
assert(not whole or succeeded >= 1000, "too few calls that reach an operator")
