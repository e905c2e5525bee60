-- Numbers: which dtype they become, which ones are refused, complex and 64-bit ones.
-- The rules are those of docs/numbers.md.
local lu = require "luaunit"
local support = require "support"

local function ints(...) return torch.tensor({...}, {dtype = "int64"}) end

TestDtypeOfNumbers = {}

function TestDtypeOfNumbers:test_full_where_and_scalar_tensor_make_the_default_dtype()
  local mask = torch.tensor {true, false}
  for _, value in ipairs {1, 1.5, 0} do
    lu.assertEquals(torch.full({2}, value).dtype, "float32")
    lu.assertEquals(torch.scalar_tensor(value).dtype, "float32")
    lu.assertEquals(torch.where(mask, value, 2).dtype, "float32")
  end
  lu.assertEquals(torch.where(mask, 1, 0):mean():item(), 0.5)
  lu.assertEquals(torch.full({2}, true).dtype, "bool")
  lu.assertEquals(torch.full({2}, 1, {dtype = "int64"}).dtype, "int64")
  lu.assertEquals(torch.where(mask, ints(1, 2), 0).dtype, "int64")
end

function TestDtypeOfNumbers:test_arange_and_operands()
  lu.assertEquals(torch.arange(3).dtype, "int64")
  lu.assertEquals(torch.arange(0, 3.5).dtype, "float32")
  lu.assertEquals(torch.arange(3, {dtype = "float32"}).dtype, "float32")
  lu.assertEquals((ints(1, 2) * 2).dtype, "int64")
  lu.assertEquals((ints(1, 2) * 1.5).dtype, "float32")
  lu.assertEquals(torch.tensor({1, 2}).dtype, "float32")
end

function TestDtypeOfNumbers:test_default_dtype()
  lu.assertEquals(torch.get_default_dtype(), "float32")
  torch.set_default_dtype("float64")
  local made = {torch.tensor {1}, torch.full({1}, 1), torch.zeros(1), torch.tensor {1i}}
  torch.set_default_dtype(torch.float32)
  lu.assertEquals(made[1].dtype, "float64")
  lu.assertEquals(made[2].dtype, "float64")
  lu.assertEquals(made[3].dtype, "float64")
  lu.assertEquals(made[4].dtype, "complex128")
  lu.assertErrorMsgContains("expected a floating-point dtype, got 'int64'",
    torch.set_default_dtype, "int64")
end

function TestDtypeOfNumbers:test_minus_zero_keeps_its_sign()
  local x = torch.ones(1)
  lu.assertEquals((1 / (x * -0.0)):item(), -math.huge)
  lu.assertEquals((1 / torch.full({1}, -0.0)):item(), -math.huge)
  lu.assertEquals((1 / torch.tensor {-0.0}):item(), -math.huge)
  lu.assertEquals((1 / x:masked_fill(x:gt(0), -0.0)):item(), -math.huge)
  x[0] = -0.0
  lu.assertEquals((1 / x):item(), -math.huge)
end

TestRanges = {}

function TestRanges:test_numbers_that_a_dtype_cannot_hold()
  for _, case in ipairs {
    {300, "uint8"}, {-1, "uint8"}, {200, "int8"}, {-129, "int8"}, {40000, "int16"},
    {2 ^ 31, "int32"}, {2 ^ 63, "int64"}, {1e300, "int64"}, {0 / 0, "int64"}, {math.huge, "int8"},
  } do
    local value, dtype = unpack(case)
    local what = ("%g as %s"):format(value, dtype)
    lu.assertError(torch.tensor, {1, value}, {dtype = dtype})
    lu.assertErrorMsgContains("is out of range for " .. dtype, torch.tensor, value, {dtype = dtype})
    lu.assertFalse(pcall(torch.full, {2}, value, {dtype = dtype}), "full of " .. what)
    local x = torch.zeros({2}, {dtype = dtype})
    lu.assertFalse(pcall(function() x[0] = value end), "assignment of " .. what)
    lu.assertFalse(pcall(x.fill_, x, value), "fill_ of " .. what)
    lu.assertFalse(pcall(x.new_tensor, x, {value}), "new_tensor of " .. what)
    lu.assertFalse(pcall(torch.as_tensor, {value}, dtype), "as_tensor of " .. what)
  end
end

function TestRanges:test_the_ends_fit()
  for dtype, range in pairs {
    uint8 = {0, 255}, int8 = {-128, 127}, int16 = {-32768, 32767}, int32 = {-2 ^ 31, 2 ^ 31 - 1},
  } do
    lu.assertEquals(torch.tensor(range, {dtype = dtype}):tolist(), range)
  end
  lu.assertEquals(torch.tensor({1.7, -0.5}, {dtype = "uint8"}):tolist(), {1, 0})
  lu.assertEquals(torch.tensor(1e300):item(), math.huge)
  lu.assertEquals(torch.tensor({1, 0}, {dtype = "bool"}):tolist(), {true, false})
end

function TestRanges:test_integers_to_negative_powers()
  lu.assertErrorMsgContains("negative integer powers", function() return ints(1, 2) ^ -1 end)
  lu.assertErrorMsgContains("negative integer powers", function() return ints(1, 2):pow(-1) end)
  lu.assertEquals((ints(4) ^ -0.5):item(), 0.5)
end

function TestRanges:test_power_is_that_of_a_number()
  local x = torch.randn(1000)
  for _, exponent in ipairs {2, 3, 0.5, -1, -2, 2.5} do
    local a, b = x:abs() ^ exponent, x:abs():pow(exponent)
    lu.assertTrue(torch.equal(a, b), "exponent " .. exponent)
  end
  lu.assertTrue(torch.equal(2 ^ x, torch.pow(2, x)))
end

function TestRanges:test_numbers_beside_tensors_are_converted_once()
  for _, dtype in ipairs {"float32", "float64", "float16", "bfloat16"} do
    local x = (torch.randn(50) * 3):to(dtype)
    for _, number in ipairs {0.1, -3, 1e-40, 1e39, 1e300, math.huge, 2 ^ 53 + 1, -0.0} do
      local n = torch.scalar_tensor(number, {dtype = "float64"})
      lu.assertEquals((x * number).dtype, dtype)
      for _, name in ipairs {"add", "sub", "mul", "div", "remainder"} do
        local wanted = torch[name](x, n)
        local metamethod = "__" .. (name == "remainder" and "mod" or name)
        local got = ({
          __add = x + number, __sub = x - number, __mul = x * number, __div = x / number,
          __mod = x % number,
        })[metamethod]
        lu.assertTrue(torch.allclose(got, wanted, {rtol = 0, atol = 0, equal_nan = true}),
          dtype .. " " .. name .. " " .. number)
      end
      lu.assertTrue(torch.equal(number - x, torch.sub(n, x)))
    end
  end
end

TestComplexNumbers = {}

function TestComplexNumbers:test_item_and_tolist()
  local z = torch.complex(torch.tensor {1, 2}, torch.tensor {-1, 0})
  lu.assertEquals(z[0]:item().re, 1)
  lu.assertEquals(z[0]:item().im, -1)
  lu.assertEquals(z[1]:item().imag, 0)
  local list = z:tolist()
  lu.assertEquals(list[1].real, 1)
  lu.assertTrue(list[1] == 1 - 1i)
  lu.assertEquals(tostring(list[1]), "1-1i")
end

function TestComplexNumbers:test_as_arguments()
  local z = torch.complex(torch.tensor {1, 2}, torch.tensor {-1, 0})
  lu.assertTrue((z * 1i)[0]:item() == 1 + 1i)
  lu.assertTrue((1i * z)[0]:item() == 1 + 1i)
  lu.assertTrue((z + (1 + 1i))[0]:item() == 2)
  lu.assertEquals((torch.ones(2) * 1i).dtype, "complex64")
  lu.assertEquals(torch.full({1}, 2i).dtype, "complex64")
  lu.assertEquals(torch.tensor({{1, 2i}}).dtype, "complex64")
  z[0] = 3i
  lu.assertTrue(z[0]:item() == 3i)
  lu.assertErrorMsgContains("complex numbers require a complex dtype, got float32",
    torch.tensor, {1i}, {dtype = "float32"})
end

function TestComplexNumbers:test_arithmetic()
  local z = 3 + 4i
  lu.assertEquals(z:abs(), 5)
  lu.assertTrue(z:conj() == 3 - 4i)
  lu.assertTrue(z * z == -7 + 24i)
  lu.assertTrue(z / z == 1)
  lu.assertTrue(-z + z == 0)
  lu.assertAlmostEquals((z ^ 2 - z * z):abs(), 0, 1e-12)
  lu.assertFalse(z == "3+4i")
  lu.assertErrorMsgContains("a complex number has no 'image'", function() return z.image end)
  lu.assertErrorMsgContains("expected a real or complex number", function() return z + "x" end)
end

TestLongIntegers = {}

function TestLongIntegers:test_item_and_tolist_keep_all_digits()
  local x = torch.tensor({9007199254740993LL, 5}, {dtype = "int64"})
  lu.assertTrue(x[0]:item() == 9007199254740993LL)
  lu.assertTrue((x + 1):tolist()[1] == 9007199254740994LL)
  lu.assertEquals(x[1]:item(), 5)
  lu.assertEquals(type(x[1]:item()), "number")
  lu.assertTrue((-x)[0]:item() == -9007199254740993LL)
  lu.assertTrue(torch.tensor(-2 ^ 63, {dtype = "int64"}):item() == -0x7fffffffffffffffLL - 1)
end

function TestLongIntegers:test_as_arguments()
  lu.assertTrue(torch.full({1}, 9007199254740993LL, {dtype = "int64"}):item()
    == 9007199254740993LL)
  lu.assertEquals(torch.zeros(3LL).shape, {3})
  lu.assertEquals((torch.ones(1) * 2LL):item(), 2)
end

support.run()
