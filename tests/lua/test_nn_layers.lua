-- torch.nn: each class prints, starts, computes and differentiates as Python's, in float64.
local lu = require "luaunit"
local support = require "support"
local nn = torch.nn

TestAllLayers = {}

local function make(case)
  local list = {}
  for i = 1, case.count do list[i] = case.args[i] end
  if next(case.options) then list[case.count + 1] = case.options end
  return nn[case.name](unpack(list, 1, table.maxn(list)))
end

-- The tensors of a value, those of lists in it after each other.
local function flat(value, list)
  list = list or {}
  if torch.is_tensor(value) then
    list[#list + 1] = value
  elseif type(value) == "table" then
    for i = 1, table.maxn(value) do flat(value[i], list) end
  end
  return list
end

local function leaf(value)
  if torch.is_tensor(value) then
    return value:is_floating_point() and value:clone():requires_grad_() or value
  end
  if type(value) ~= "table" then return value end
  local list = {}
  for i, part in ipairs(value) do list[i] = leaf(part) end
  return list
end

-- An activation with inplace may not overwrite a leaf.
local function passed(value)
  return torch.is_tensor(value) and value:clone() or value
end

-- The values that make_layers.py gives the k-th parameter and the weights of the k-th result.
local function pattern(shape, k)
  local count = 1
  for _, size in ipairs(shape) do count = count * size end
  local values = torch.arange(count):double():mul(7):add(k * 5):fmod(17)
  return values:sub(8):div(16):reshape(shape)
end

local function run(case, module)
  local inputs, given = {}, {}
  for i = 1, case.inputs_count do
    inputs[i] = i <= case.learns and leaf(case.inputs[i]) or case.inputs[i]
    given[i] = passed(inputs[i])
  end
  local count = case.inputs_count
  if next(case.call) then
    count = count + 1
    given[count] = case.call
  end
  if case.seed then torch.manual_seed(case.seed) end
  local results = flat {module(unpack(given, 1, count))}
  local loss = 0
  for i, y in ipairs(results) do
    if y.requires_grad then loss = loss + (y * pattern(y.shape, i - 1)):sum() end
  end
  if torch.is_tensor(loss) then loss:backward() end
  return flat(inputs), results
end

local function expect(what, got, expected)
  lu.assertNotNil(got, what .. " is missing")
  local gap = support.difference(got, expected)
  lu.assertTrue(gap <= 1e-6, ("%s is off by %g"):format(what, gap))
end

local function check_start(what, case, module)
  for name, parameter in module:named_parameters() do
    lu.assertNotNil(case.first[name], what .. "unexpected parameter " .. name)
    local flattened = parameter:detach():reshape(-1)
    local got = torch.cat {flattened[{{0, 3}}], flattened:sum():reshape(1)}
    lu.assertTrue(support.difference(got, case.first[name]) <= 1e-5,
      ("%sinitial %s: %s, expected %s"):format(
        what, name, tostring(got), tostring(case.first[name])))
  end
end

local function check(i, case)
  local what = ("case %d, %s: "):format(i, case.name)
  torch.manual_seed(3)
  local module = make(case)
  check_start(what, case, module)
  lu.assertEquals(tostring(module:double()), case.text, what)
  for k, parameter in ipairs(module:parameters()) do
    torch.no_grad(function() parameter:copy_(pattern(parameter.shape, k - 1)) end)
  end
  local state = {}
  for name, tensor in pairs(module:state_dict()) do
    state[#state + 1] = ("%s %s"):format(name, table.concat(tensor.shape, "x"))
  end
  lu.assertItemsEquals(state, case.state, what)
  module:train(not case.evaluate)
  local inputs, results = run(case, module)
  lu.assertEquals(#results, #case.results, what .. "number of results")
  for k, y in ipairs(results) do
    expect(("%sresult %d"):format(what, k), y:detach(), case.results[k])
  end
  for k, gradient in pairs(case.input_grads) do
    expect(("%sgradient of input %s"):format(what, k), inputs[tonumber(k)].grad, gradient)
  end
  for name, gradient in pairs(case.grads) do
    expect(what .. "gradient of " .. name, module:get_parameter(name).grad, gradient)
  end
  for name, buffer in pairs(case.buffers) do
    expect(what .. "buffer " .. name, module:get_buffer(name), buffer)
  end
end

function TestAllLayers:test_are_pytorchs()
  local failures, only = {}, tonumber(os.getenv "CASE")
  for i, case in ipairs(support.fixture("nn_layers")) do
    local ok, message = pcall(check, only or i, case)
    if not ok then
      failures[#failures + 1] = ("case %d, %s: %s"):format(
        i, case.name, type(message) == "table" and message.msg or tostring(message))
    end
  end
  lu.assertEquals(table.concat(failures, "\n"), "")
end

support.run()
