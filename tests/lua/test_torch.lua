-- Tensors and operators through the dispatcher.
local lu = require "luaunit"

TestCreation = {}

function TestCreation:test_nested_tables_become_a_float_tensor()
  local x = torch.tensor {{1, 2, 3}, {4, 5, 6}}
  lu.assertEquals(x.shape, {2, 3})
  lu.assertEquals(x.dtype, "float32")
  lu.assertEquals(x:tolist(), {{1, 2, 3}, {4, 5, 6}})
end

function TestCreation:test_number_and_boolean()
  lu.assertEquals(torch.tensor(3):item(), 3)
  lu.assertEquals(torch.tensor(3).shape, {})
  lu.assertEquals(torch.tensor({true, false}).dtype, "bool")
  lu.assertEquals(torch.tensor({true, false}):tolist(), {true, false})
end

function TestCreation:test_dtype()
  lu.assertEquals(torch.tensor({1, 2}, {dtype = "int64"}).dtype, "int64")
  lu.assertErrorMsgContains("unknown dtype 'flaot'", torch.tensor, {1}, {dtype = "flaot"})
end

function TestCreation:test_ragged_tables_are_refused()
  lu.assertErrorMsgContains("dimension 1: expected size 2, got 1", torch.tensor, {{1, 2}, {3}})
  lu.assertErrorMsgContains("nested to different depths", torch.tensor, {{1, 2}, 3})
  lu.assertErrorMsgContains("nested to different depths", torch.tensor, {1, {2}})
  lu.assertErrorMsgContains("only booleans, got both", torch.tensor, {1, true})
  lu.assertErrorMsgContains("expected a number, got string 'x'", torch.tensor, {1, "x"})
end

TestOperators = {}

function TestOperators:test_positional_and_named_arguments()
  local x = torch.tensor {{1, 2}, {3, 4}}
  lu.assertEquals(x:sum():item(), 10)
  lu.assertEquals(x:sum({1}, {keepdim = true}):tolist(), {{3}, {7}})
  lu.assertEquals(torch.sum(x, 0):tolist(), {4, 6})
  lu.assertEquals(torch.zeros({2, 3}, {dtype = "float64"}).dtype, "float64")
  lu.assertEquals(torch.zeros(2, 3).shape, {2, 3})
  lu.assertEquals(torch.full({2}, 7):tolist(), {7, 7})
end

function TestOperators:test_several_results()
  local values, indices = torch.tensor({{1, 5}, {7, 2}}):max(1)
  lu.assertEquals(values:tolist(), {5, 7})
  lu.assertEquals(indices:tolist(), {1, 0})
end

function TestOperators:test_lists_of_tensors_both_ways()
  local x = torch.cat({torch.ones(1, 2), torch.zeros(1, 2)}, 0)
  lu.assertEquals(x:tolist(), {{1, 1}, {0, 0}})
  local parts = x:split(1)
  lu.assertEquals(#parts, 2)
  lu.assertEquals(parts[2]:tolist(), {{0, 0}})
end

function TestOperators:test_arithmetic_with_numbers_on_either_side()
  local x = torch.tensor {1, 2}
  lu.assertEquals((x + 1):tolist(), {2, 3})
  lu.assertEquals((1 + x):tolist(), {2, 3})
  lu.assertEquals((3 - x):tolist(), {2, 1})
  lu.assertEquals((2 * x):tolist(), {2, 4})
  lu.assertEquals((2 / x):tolist(), {2, 1})
  lu.assertEquals((2 ^ x):tolist(), {2, 4})
  lu.assertEquals((x ^ 2):tolist(), {1, 4})
  lu.assertEquals((-x):tolist(), {-1, -2})
  lu.assertEquals((x % 2):tolist(), {1, 0})
end

function TestOperators:test_in_place_and_optional_arguments()
  local x = torch.tensor {1, 2}
  x:add_(1)
  lu.assertEquals(x:tolist(), {2, 3})
  local image, kernel = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
  lu.assertEquals(torch.conv2d(image, kernel, {padding = 1}).shape, {1, 1, 4, 4})
  lu.assertEquals(torch.conv2d(image, kernel, nil, 1, {1, 1}):sum():item(), 100)
end

function TestOperators:test_no_match_lists_the_forms()
  local ok, message = pcall(function() return torch.add(torch.ones(2, 3), "x") end)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "test_torch.lua:")
  lu.assertStrContains(message,
    "torch.add: no overload accepts (Tensor float32 [2, 3], string 'x')")
  lu.assertStrContains(message, "aten::add.Tensor(Tensor self, Tensor other")
end

function TestOperators:test_unknown_operator_suggests()
  lu.assertErrorMsgContains("there is no torch.conv2dd (did you mean 'conv2d'?)",
    function() return torch.conv2dd end)
  lu.assertErrorMsgContains("no field or method 'summ'", function() return torch.ones(1):summ() end)
end

function TestOperators:test_a_failing_operator_says_where()
  local ok, message = pcall(function() return torch.ones(2, 3):matmul(torch.ones(2, 3)) end)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "test_torch.lua:")
  lu.assertStrContains(message, "torch.matmul")
  lu.assertNotStrContains(message, "Exception raised from")
end

function TestOperators:test_foreign_objects_are_refused()
  lu.assertErrorMsgContains(
    "argument 1 (model): expected a Model or a torch.nn module, got a Tensor",
    hfc.accuracy, torch.ones(1), nil)
  lu.assertError(function() return torch.add(io.stdout, 1) end)
  lu.assertErrorMsgContains("expected a Tensor, got a table",
    torch.ones(1).item and function() torch.tensor(1).item({}) end)
end

TestIndexing = {}

function TestIndexing:setUp()
  self.x = torch.arange(12):reshape({3, 4})
end

function TestIndexing:test_zero_based_and_negative()
  lu.assertEquals(self.x[0]:tolist(), {0, 1, 2, 3})
  lu.assertEquals(self.x[-1]:tolist(), {8, 9, 10, 11})
  lu.assertEquals(self.x[{1, 2}]:item(), 6)
end

function TestIndexing:test_ranges_and_all()
  lu.assertEquals(self.x[{{}, {1, 3}}]:tolist(), {{1, 2}, {5, 6}, {9, 10}})
  lu.assertEquals(self.x[{0, {0, 4, 2}}]:tolist(), {0, 2})
  lu.assertEquals(self.x[{{1}}].shape, {2, 4})
end

function TestIndexing:test_mask_and_index_tensor()
  lu.assertEquals(self.x[self.x:gt(8)]:tolist(), {9, 10, 11})
  lu.assertEquals(self.x[torch.tensor({2, 0}, {dtype = "int64"})]:tolist(),
    {{8, 9, 10, 11}, {0, 1, 2, 3}})
end

function TestIndexing:test_assignment()
  self.x[0] = 7
  self.x[{1, {0, 2}}] = torch.tensor({-1, -2}, {dtype = "int64"})
  self.x[self.x:gt(9)] = 0
  lu.assertEquals(self.x:tolist(), {{7, 7, 7, 7}, {-1, -2, 6, 7}, {8, 9, 0, 0}})
end

function TestIndexing:test_length_and_errors()
  lu.assertEquals(#self.x, 3)
  lu.assertErrorMsgContains("expected an index: an integer", function() return self.x[{print}] end)
  lu.assertError(function() return self.x[3] end)
  lu.assertErrorMsgContains("cannot be set", function() self.x.shape = 1 end)
end

TestAutograd = {}

function TestAutograd:test_backward()
  local x = torch.tensor({1, 2, 3}, {requires_grad = true})
  local y = (x * x):sum()
  y:backward()
  lu.assertEquals(x.grad:tolist(), {2, 4, 6})
end

function TestAutograd:test_no_grad_ends_after_an_error()
  local x = torch.tensor({1}, {requires_grad = true})
  lu.assertFalse(torch.no_grad(function() return (x * 2).requires_grad end))
  pcall(torch.no_grad, function() error("inside") end)
  lu.assertTrue((x * 2).requires_grad)
  local ok, message = pcall(torch.no_grad, function() error({code = 7}) end)
  lu.assertFalse(ok)
  lu.assertEquals(message.code, 7)
end

TestMemory = {}

function TestMemory:test_dead_tensors_do_not_pile_up()
  for _ = 1, 500 do torch.zeros(10 * 1024 * 1024 / 4) end
  local peak
  for line in io.lines("/proc/self/status") do
    peak = tonumber(line:match("^VmHWM:%s+(%d+)")) or peak
  end
  lu.assertTrue(peak / 1024 < 1500, ("peak resident memory %d MiB"):format(peak / 1024))
end

function TestMemory:test_asking_for_more_than_there_is_is_an_error()
  lu.assertErrorMsgContains("can't allocate memory", torch.empty, 1e13)
  -- The sanitizer's operator new ends the process where the system's throws.
  if not os.getenv "ASAN_OPTIONS" then
    lu.assertErrorMsgContains("torch.tensor_split: out of memory",
      torch.tensor_split, torch.rand(3), 2 ^ 53)
  end
end

require("support").run()
