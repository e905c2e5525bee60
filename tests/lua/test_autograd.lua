-- Gradients, gradient modes, functions with a backward of their own, hooks.
local lu = require "luaunit"
local support = require "support"

TestAutograd = {}

local function leaf(values) return torch.tensor(values, {requires_grad = true}) end

function TestAutograd:test_backward_accumulates()
  local x = leaf {1, 2, 3}
  for _ = 1, 2 do (x * x):sum():backward() end
  lu.assertEquals(x.grad:tolist(), {4, 8, 12})
  x.grad = nil
  lu.assertNil(x.grad)
  local y = x * x
  y:backward(torch.tensor {1, 0, 2}, {retain_graph = true})
  lu.assertEquals(x.grad:tolist(), {2, 0, 12})
  y:backward {gradient = torch.tensor {1, 1, 1}}
  lu.assertEquals(x.grad:tolist(), {4, 4, 18})
end

function TestAutograd:test_grad_of_grad()
  local x = leaf {2}
  local first = torch.autograd.grad(x ^ 3, x, {create_graph = true})
  local second = torch.autograd.grad(first, x)
  lu.assertEquals({first:item(), second:item()}, {12, 12})
  local a, b = leaf {1}, leaf {1}
  lu.assertErrorMsgContains("torch.autograd.grad", torch.autograd.grad, a * 2, {a, b})
  local ga, gb = torch.autograd.grad(a * 2, {a, b}, {allow_unused = true})
  lu.assertEquals(ga:item(), 2)
  lu.assertNil(gb)
  lu.assertNil(a.grad)
end

function TestAutograd:test_modes()
  local x = leaf {1}
  lu.assertFalse(torch.no_grad(function() return x * 2 end).requires_grad)
  lu.assertErrorMsgContains("inside", torch.no_grad, function() error("inside") end)
  lu.assertTrue(torch.is_grad_enabled())
  lu.assertTrue((x * 2).requires_grad)
  lu.assertTrue(torch.no_grad(function()
    return torch.enable_grad(function() return x * 2 end)
  end).requires_grad)
  lu.assertErrorMsgContains("nference", function()
    torch.inference_mode(function() return torch.ones(1) end):requires_grad_()
  end)
  lu.assertErrorMsgContains("expected a function", torch.no_grad, 3)
end

function TestAutograd:test_a_function_of_ones_own()
  local Cube = torch.autograd.Function {
    forward = function(ctx, x, factor)
      ctx:save_for_backward(x)
      ctx.factor = factor
      return x * x * x * factor, x * 2
    end,
    backward = function(ctx, gradient, gradient_of_double)
      local x = ctx:saved_tensors()
      return gradient * x * x * 3 * ctx.factor + gradient_of_double * 2
    end,
  }
  local x = leaf {1, 2}
  local cube, double = Cube(x, 5)
  lu.assertEquals(cube:tolist(), {5, 40});
  (cube:sum() + double:sum()):backward()
  lu.assertEquals(x.grad:tolist(), {17, 62})
  lu.assertFalse(Cube(x:detach(), 1).requires_grad)
end

function TestAutograd:test_faults_inside_a_function()
  local function make(backward)
    return torch.autograd.Function {forward = function(_, x) return x * 1 end, backward = backward}
  end
  local x = leaf {1}
  lu.assertErrorMsgContains("my mistake",
    function() make(function() error("my mistake") end)(x):backward() end)
  lu.assertErrorMsgContains("must return a Tensor or nil for argument 1",
    function() make(function() return 3 end)(x):backward() end)
  lu.assertErrorMsgContains("forward must return Tensors",
    torch.autograd.Function {forward = function() return 1 end, backward = print}, x)
  lu.assertErrorMsgContains("expected a table with functions 'forward' and 'backward'",
    torch.autograd.Function, {})
  x.grad = nil;
  (x * 3):backward()
  lu.assertEquals(x.grad:item(), 3, "all works after it")
end

function TestAutograd:test_hooks()
  local x = leaf {1}
  local y, seen = x * 2, nil
  y:register_hook(function(gradient)
    seen = gradient:item()
    return gradient * 10
  end)
  y:backward()
  lu.assertEquals({seen, x.grad:item()}, {1, 20})
end

function TestAutograd:test_in_a_coroutine()
  local x = leaf {3}
  local run = coroutine.wrap(function()
    local Twice = torch.autograd.Function {
      forward = function(_, v) return v * 2 end,
      backward = function(_, g) return g * 2 end,
    }
    Twice(x):backward()
    coroutine.yield(x.grad:item())
  end)
  lu.assertEquals(run(), 2)
end

TestPointers = {}

function TestPointers:test_pointer_reads_and_writes()
  local x = torch.arange(6, {dtype = "float32"}):reshape(2, 3)
  local p, count = x:data()
  lu.assertEquals({p[0], p[5], count}, {0, 5, 6})
  p[1] = 7
  lu.assertEquals(x[{0, 1}]:item(), 7)
end

function TestPointers:test_pointer_keeps_the_tensor_alive()
  local p = torch.full({1000}, 3.5):data()
  for _ = 1, 20 do
    collectgarbage()
    torch.zeros(1000)
  end
  for i = 0, 999 do lu.assertEquals(p[i], 3.5) end
end

function TestPointers:test_pointers_that_arithmetic_made_keep_the_memory()
  local q = 2 + (torch.full({1000}, 3.5):data() + 10) - 4
  for _ = 1, 20 do
    collectgarbage()
    torch.zeros(1000)
  end
  for i = -8, 991 do lu.assertEquals(q[i], 3.5) end
end

function TestPointers:test_arithmetic_and_comparison()
  local p = torch.arange(6, {dtype = "float64"}):data()
  local q = p + 4
  lu.assertEquals({q[0], q[-1], (q - 3)[0], tonumber(q - p)}, {4, 3, 1, 4})
  lu.assertTrue(p < q and p <= p and q > p and p + 4 == q and p ~= q and p ~= nil)
  q[1] = 9
  lu.assertEquals(p[5], 9)
end

function TestPointers:test_ffi_takes_pointers()
  local ffi = require "ffi"
  local x = torch.zeros(4, {dtype = "uint8"})
  local p = x:data()
  ffi.copy(p, "abc")
  lu.assertEquals(ffi.string(p), "abc")
  ffi.fill(p + 1, 1, 120)
  lu.assertEquals(ffi.string(ffi.cast("char*", p), 3), "axc")
  lu.assertEquals(ffi.string(p.pointer, 2), "ax")
end

function TestPointers:test_memory_stays_where_it_is()
  local x = torch.full({10}, 2.5)
  local p = x:data()
  lu.assertErrorMsgContains("not resizable", function() x:resize_(1000) end)
  x:set_data(torch.zeros(10))
  lu.assertEquals(p[9], 2.5)
  x = torch.zeros(10)
  x:data()
  collectgarbage()
  collectgarbage()
  lu.assertEquals(x:resize_(1000):numel(), 1000)
end

function TestPointers:test_what_has_no_pointer()
  lu.assertErrorMsgContains("x:contiguous() first", function() torch.rand(2, 3):t():data() end)
  lu.assertErrorMsgContains("float16", function() torch.zeros(2):half():data() end)
end

TestGradientCount = {}

function TestGradientCount:test_a_wrong_number_of_gradients_is_an_error()
  local message = "backward returned an incorrect number of gradients (expected 2, got %d)"
  local x, w = torch.ones(2):requires_grad_(), torch.ones(2):requires_grad_()
  local function run(backward)
    local f = torch.autograd.Function {
      forward = function(_, a, b) return a * b end, backward = backward,
    }
    f(x, w):sum():backward()
  end
  lu.assertErrorMsgContains(message:format(1), run, function(_, d) return d end)
  lu.assertErrorMsgContains(message:format(3), run, function(_, d) return d, d, d end)
  run(function(_, d) return d, d, nil end)
  run(function(_, d) return d, nil end)
end

support.run()
