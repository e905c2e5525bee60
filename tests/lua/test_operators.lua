-- Operators give what Python's PyTorch gives: some 350 calls recorded by
-- tests/fixtures/make_torch.py.
local lu = require "luaunit"
local support = require "support"

TestAgainstPyTorch = {}

local function call(entry)
  local name, count, arguments, named = entry[1], entry[2], entry[3], entry.named
  local list = {}
  for i = 1, count do list[i] = arguments[i] end
  if named then
    count = count + 1
    list[count] = named
  end
  return {torch[name](unpack(list, 1, count))}
end

-- Results of one operator as a flat list: a list of tensors counts as its elements.
local function flat(results)
  if #results == 1 and type(results[1]) == "table" then return results[1] end
  return results
end

function TestAgainstPyTorch:test_value_shape_and_dtype()
  local cases, operators = support.fixture "operators", {}
  local faults = {}
  for i, entry in ipairs(cases) do
    operators[entry[1]] = true
    local ok, results = pcall(call, entry)
    local where = ("call %d of torch.%s: "):format(i, entry[1])
    if not ok then
      faults[#faults + 1] = where .. tostring(results):match("[^\n]*")
    else
      results = flat(results)
      for k, expected in ipairs(entry[4]) do
        local got = results[k]
        if torch.is_tensor(expected) then
          local gap = torch.is_tensor(got) and support.difference(got, expected) or math.huge
          if gap > 2e-5 then
            faults[#faults + 1] = ("%sresult %d differs by %g:\n%s\n%s"):format(
              where, k, gap, tostring(got), tostring(expected))
          end
        elseif got ~= expected then
          faults[#faults + 1] = ("%sresult %d is %s, expected %s"):format(
            where, k, tostring(got), tostring(expected))
        end
      end
    end
  end
  local count = 0
  for _ in pairs(operators) do count = count + 1 end
  lu.assertTrue(count >= 200, "the fixture holds " .. count .. " operators")
  lu.assertEquals(faults, {})
end

support.run()
