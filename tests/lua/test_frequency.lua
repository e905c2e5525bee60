-- hfc.frequency from Lua; the numbers themselves are tested in tests/core/frequency.
local lu = require "luaunit"

local function largest_difference(a, b)
  return (a - b):abs():max():item()
end

TestFrequency = {}

function TestFrequency:test_low_and_high_add_up()
  local x = torch.rand(2, 3, 9, 12)
  local low, high = hfc.frequency.split(x, {radius = 3})
  lu.assertTrue(largest_difference(low + high, x) < 1e-6)
  lu.assertTrue(largest_difference(low, hfc.frequency.low_pass(x, 3)) == 0)
  lu.assertTrue(largest_difference(high, hfc.frequency.high_pass(x, 3)) == 0)
end

function TestFrequency:test_a_wave_stays_or_goes()
  local t = torch.arange(32) * (2 * math.pi * 5 / 32)
  local wave = t:cos():reshape({1, 32}):expand({32, 32})
  lu.assertTrue(largest_difference(hfc.frequency.low_pass(wave, 5), wave) < 1e-5)
  lu.assertTrue(hfc.frequency.low_pass(wave, 5, {rule = "<"}):abs():max():item() < 1e-5)
  lu.assertTrue(hfc.frequency.low_pass(wave, 4):abs():max():item() < 1e-5)
end

function TestFrequency:test_several_radii()
  local x = torch.rand(1, 1, 8, 8)
  local lows, highs = hfc.frequency.split(x, {radius = {1, 2, 3}})
  lu.assertEquals(#lows, 3)
  lu.assertEquals(#highs, 3)
  lu.assertTrue(largest_difference(lows[2], hfc.frequency.low_pass(x, 2)) < 1e-6)
end

function TestFrequency:test_gradient_is_the_filtered_gradient()
  local x = torch.rand(1, 1, 8, 8):requires_grad_()
  local weight = torch.rand(1, 1, 8, 8)
  ;(hfc.frequency.low_pass(x, 2) * weight):sum():backward()
  lu.assertTrue(largest_difference(x.grad, hfc.frequency.low_pass(weight, 2)) < 1e-5)
end

function TestFrequency:test_mask()
  local mask = hfc.frequency.mask(5, 4, 1)
  lu.assertEquals(mask:tolist(),
    {{1, 1, 0, 1}, {1, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 0}})
end

function TestFrequency:test_bad_input()
  local x = torch.rand(1, 1, 8, 8)
  lu.assertErrorMsgContains("radius", hfc.frequency.low_pass, x, -1)
  lu.assertErrorMsgContains("radius", hfc.frequency.low_pass, x, 0 / 0)
  lu.assertErrorMsgContains("argument 2 (radius): expected a number, got string 'four'",
    hfc.frequency.low_pass, x, "four")
  lu.assertErrorMsgContains("argument 1 (x): expected a Tensor, got number 3",
    hfc.frequency.low_pass, 3, 4)
  lu.assertErrorMsgContains("unknown option 'radios' (did you mean 'radius'?)",
    hfc.frequency.split, x, {radios = 3, radius = 4})
  lu.assertErrorMsgContains("option 'radius' is missing or empty", hfc.frequency.split, x, {})
  lu.assertErrorMsgContains("float32", hfc.frequency.low_pass, x:to("float64"), 4)
  lu.assertErrorMsgContains("=<", hfc.frequency.low_pass, x, 4, {rule = "=<"})
end

require("support").run()
