-- hfc.stats: intervals. The numbers themselves are compared with scipy's in tests/core/evidence.
local lu = require "luaunit"

TestStats = {}

function TestStats:test_interval_of_a_list_and_of_a_tensor()
  local of_list = hfc.stats.interval {0.81, 0.79, 0.82}
  lu.assertAlmostEquals(of_list.mean, 0.80666666666666667, 1e-15)
  lu.assertAlmostEquals(of_list.low, 0.7687208363306991, 1e-12)
  lu.assertEquals(of_list.n, 3)
  local of_tensor = hfc.stats.interval(torch.tensor({0.81, 0.79, 0.82}, {dtype = "float64"}))
  lu.assertEquals(of_tensor, of_list)
  local wider = hfc.stats.interval({0.81, 0.79, 0.82}, {level = 0.99})
  lu.assertTrue(wider.low < of_list.low)
end

function TestStats:test_one_value_has_no_interval()
  local one = hfc.stats.interval {0.5}
  lu.assertEquals(one.mean, 0.5)
  lu.assertNotEquals(one.low, one.low)
end

function TestStats:test_wilson()
  local accuracy = hfc.stats.wilson(873, 1000)
  lu.assertEquals(accuracy.mean, 0.873)
  lu.assertTrue(accuracy.low > 0.85 and accuracy.high < 0.9)
  lu.assertEquals(hfc.stats.wilson(0, 10).low, 0)
  lu.assertEquals(hfc.stats.wilson(10, 10).high, 1)
end

function TestStats:test_paired_difference()
  local gain = hfc.stats.paired_difference({0.83, 0.82, 0.84}, {0.81, 0.80, 0.819})
  lu.assertAlmostEquals(gain.mean, 0.0203333333333333, 1e-12)
  lu.assertTrue(gain.excludes_zero)
  lu.assertFalse(hfc.stats.paired_difference({1, 2}, {1, 2}).excludes_zero)
end

function TestStats:test_wrong_arguments_are_named()
  lu.assertErrorMsgContains("hfc.stats.interval: values must not be empty", hfc.stats.interval, {})
  lu.assertErrorMsgContains("nan at position 1", hfc.stats.interval, {0 / 0})
  lu.assertErrorMsgContains("argument 1 (values)", hfc.stats.interval, "1")
  lu.assertErrorMsgContains("one-dimensional Tensor of real numbers", hfc.stats.interval,
    torch.zeros(2, 2))
  lu.assertErrorMsgContains("levle", hfc.stats.interval, {1, 2}, {levle = 0.9})
  lu.assertErrorMsgContains("'level' must be between 0 and 1", hfc.stats.wilson, 1, 2, {level = 2})
  lu.assertErrorMsgContains("successes must be between 0 and n = 2", hfc.stats.wilson, 3, 2)
  lu.assertErrorMsgContains("argument 1 (successes)", hfc.stats.wilson, 0.5, 2)
  lu.assertErrorMsgContains("same number of values, got 2 and 1",
                            hfc.stats.paired_difference, {1, 2}, {1})
end

require("support").run()
