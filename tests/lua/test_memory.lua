-- What Lua's collector sees: hooks, fields of ctx, storages that change. Memory stays flat.
local lu = require "luaunit"
local support = require "support"

local size = 1e5  -- elements of 4 bytes: a storage that is counted by itself

local function collected()
  jit.flush()
  collectgarbage()
  collectgarbage()
  local memory = hfc.memory()
  return memory.bytes, memory.tensors
end

-- How many bytes of tensors and how many KB of Lua `count` calls of f leave behind, after one that
-- warms up.
local function growth(count, f)
  f()
  local bytes = collected()
  local lua = collectgarbage "count"
  for _ = 1, count do f() end
  return collected() - bytes, collectgarbage "count" - lua
end

local function assert_flat(f)
  local bytes, kilobytes = growth(60, f)
  lu.assertTrue(bytes < 3 * 4 * size, ("%d bytes of tensors are kept"):format(bytes))
  lu.assertTrue(kilobytes < 60, ("%.0f KB of Lua are kept"):format(kilobytes))
end

local function leaf(n) return torch.ones(n or size):requires_grad_() end

TestHooks = {}

function TestHooks:test_one_that_mentions_its_leaf()
  assert_flat(function()
    local x = leaf()
    x:register_hook(function() return x * 1 end)
  end)
end

function TestHooks:test_one_that_mentions_its_result()
  assert_flat(function()
    local y = leaf() * 2
    y:register_hook(function(g) return g * y:sum() end)
  end)
  assert_flat(function()
    local y = leaf() * 2
    y:register_hook(function(g) return g * y:sum() end)
    y:sum():backward()
  end)
end

function TestHooks:test_a_chain_of_them()
  assert_flat(function()
    local x = leaf()
    for _ = 1, 5 do
      local y = x * 2
      y:register_hook(function(g) return g * y:sum() end)
      x = y
    end
  end)
end

function TestHooks:test_many_on_one_tensor()
  assert_flat(function()
    local y = leaf() * 2
    for _ = 1, 10 do y:register_hook(function() return y end) end
  end)
end

function TestHooks:test_of_modules_that_mention_their_module()
  local function net()
    local result = torch.nn.module "Net" ()
    result.weight = torch.nn.Parameter(torch.ones(size))
    function result:forward(x) return x * self.weight end
    return result
  end
  for _, method in ipairs {
    "register_forward_pre_hook", "register_forward_hook", "register_full_backward_hook",
  } do
    assert_flat(function()
      local module = net()
      module[method](module, function() return nil, module end)
      module(leaf()):sum():backward()
    end)
  end
  assert_flat(function()
    local module = torch.nn.utils.weight_norm(net())
    module:register_forward_hook(function() return nil, module end)
  end)
  assert_flat(function()
    local outer = torch.nn.Sequential {net()}
    outer[0].around, outer.inner = {outer}, outer
    tostring(outer)
  end)
end

function TestHooks:test_they_live_as_long_as_the_graph()
  local calls = 0
  local function layer(x)
    local y = x * 2
    y:register_hook(function(g)
      calls = calls + 1
      lu.assertEquals(y:numel(), 3)
      return g * 10
    end)
    return y + 1
  end
  local x = leaf(3)
  local loss = layer(layer(x)):sum()
  -- More hooks, and collections: none of the graph's is lost.
  for _ = 1, 100 do
    local other = leaf(3) * 2
    other:register_hook(function() return other end)
  end
  collected()
  loss:backward()
  lu.assertEquals(calls, 2)
  lu.assertEquals(x.grad:tolist(), {400, 400, 400})
end

function TestHooks:test_a_dormant_one_wakes()
  local calls = 0
  local x = leaf(2)
  x:register_hook(function() calls = calls + 1 end)
  local y = x * 1
  y:register_hook(function() calls = calls + 1 end)
  collected()  -- x and y are Lua's alone now, but for y's graph
  y:sum():backward()
  lu.assertEquals(calls, 2)
  y = nil  -- luacheck: ignore
  collected()
  local z = x * 3
  collected();
  (z + 1):sum():backward()
  lu.assertEquals(calls, 3)
end

function TestHooks:test_a_parameter_keeps_its_hook_for_hfc_train()
  local net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 10))
  local calls = 0
  net:parameters()[1]:register_hook(function() calls = calls + 1 end)
  collected()
  local data = hfc.data("synthetic", {train = 16, test = 8})
  hfc.train(net, data.train, {epochs = 1, batch_size = 8, quiet = true})
  lu.assertEquals(calls, 2)
end

function TestHooks:test_removal()
  local x, seen = leaf(1), {}
  local first = x:register_hook(function(g) seen[#seen + 1] = 1 return g * 2 end)
  local second = x:register_hook(function(g) seen[#seen + 1] = 2 return g * 3 end);
  (x * 1):backward()
  lu.assertEquals({x.grad:item(), seen}, {6, {1, 2}})
  first:remove()
  first:remove()
  x.grad = nil;
  (x * 1):backward()
  lu.assertEquals({x.grad:item(), seen}, {3, {1, 2, 2}})
  collected()
  second:remove()
  x.grad = nil;
  (x * 1):backward()
  lu.assertEquals({x.grad:item(), #seen}, {1, 3})
  lu.assertErrorMsgContains("Hook:remove: ", first.remove, x)
  lu.assertErrorMsgContains("expected a function", x.register_hook, x, 3)
  local third
  third = x:register_hook(function() third:remove() end);
  (x * 1):backward();
  (x * 1):backward()
end

function TestHooks:test_a_removed_one_lets_go_of_what_it_held()
  local x = leaf(1)
  assert_flat(function()
    local large = torch.ones(size)
    x:register_hook(function() return large end):remove()
  end)
end

function TestHooks:test_errors_leave_nothing_behind()
  assert_flat(function()
    local y = leaf() * 2
    y:register_hook(function() error({y}) end)
    lu.assertFalse(pcall(y.backward, y:sum()))
  end)
end

TestContexts = {}

local Sigmoid = torch.autograd.Function {
  forward = function(ctx, x)
    ctx.y = x:sigmoid()
    return ctx.y
  end,
  backward = function(ctx, g) return g * ctx.y * (1 - ctx.y) end,
}

function TestContexts:test_a_result_in_a_field()
  local x = leaf(3)
  Sigmoid(x):sum():backward()
  local mine = x.grad
  x.grad = nil
  x:sigmoid():sum():backward()
  lu.assertTrue(support.difference(mine, x.grad) < 1e-6)
  assert_flat(function() Sigmoid(leaf()) end)
  assert_flat(function() Sigmoid(leaf()):sum():backward() end)
  assert_flat(function() torch.no_grad(Sigmoid, leaf()) end)
end

function TestContexts:test_results_in_tables_in_fields()
  local Pair = torch.autograd.Function {
    forward = function(ctx, x)
      local a, b = x * 2, x * 3
      ctx.kept = {{a}, b = b, list = {b, 7}}
      return a, b
    end,
    backward = function(ctx, ga, gb)
      assert(ctx.kept[1][1] and ctx.kept.b and ctx.kept.list[1] and ctx.kept.list[2] == 7)
      return ga * 2 * ctx.kept.b / ctx.kept.list[1] + gb * 3
    end,
  }
  local x = leaf(2)
  local a, b = Pair(x);
  (a + b):sum():backward()
  lu.assertEquals(x.grad:tolist(), {5, 5})
  assert_flat(function() Pair(leaf()) end)
end

function TestContexts:test_what_backward_does_not_need_any_more_is_let_go()
  assert_flat(function()
    local y
    local Mine = torch.autograd.Function {
      forward = function(ctx, x)
        ctx.more = function() return y end
        return x * 2
      end,
      backward = function(_, g) return g * y:sum() end,
    }
    y = Mine(leaf())
    y:sum():backward()
  end)
end

function TestContexts:test_a_graph_that_stays()
  local x = leaf(2)
  local y = Sigmoid(x):sum()
  y:backward {retain_graph = true}
  y:backward {retain_graph = true}
  y:backward()
  local third = x.grad / 3
  x.grad = nil
  x:sigmoid():sum():backward()
  lu.assertTrue(support.difference(third, x.grad) < 1e-6)
  lu.assertErrorMsgContains("second time", y.backward, y)
  -- Second derivatives go through the field too.
  local z = leaf(1)
  local first = torch.autograd.grad(Sigmoid(z), z, {create_graph = true})
  local second = torch.autograd.grad(first, z)
  local w = leaf(1)
  local theirs = torch.autograd.grad(w:sigmoid(), w, {create_graph = true})
  lu.assertTrue(support.difference(second, torch.autograd.grad(theirs, w)) < 1e-6)
end

function TestContexts:test_an_error_in_backward_clears_what_was_saved()
  local context = {}
  local Fails = torch.autograd.Function {
    forward = function(ctx, x)
      context.last = ctx
      ctx:save_for_backward(x)
      ctx.y = x * 2
      return ctx.y
    end,
    backward = function(ctx)
      assert(#{ctx:saved_tensors()} == 1 and ctx.y)
      error "on purpose"
    end,
  }
  lu.assertErrorMsgContains("on purpose", function() Fails(leaf()):sum():backward() end)
  lu.assertNil(context.last.saved)
  lu.assertNil(context.last.y)
  context.last = nil
  assert_flat(function()
    pcall(function() Fails(leaf()):sum():backward() end)
    context.last = nil
  end)
end

TestStorages = {}

function TestStorages:test_changed_ones_are_counted()
  local net = torch.nn.Linear(512, 512)
  local before = collected()
  net:to("float64")
  lu.assertEquals(collected() - before, 4 * (512 * 512 + 512))
  local x = torch.ones(10)
  before = collected()
  x:resize_({1000000})
  lu.assertEquals(collected() - before, 4e6 - 40)
  x:resize_as_(torch.ones(2000000))
  lu.assertEquals(collected() - before, 8e6 - 40)
  x:set_(torch.ones(500000))
  lu.assertEquals(collected() - before, 2e6 - 40)
  local view = x[{0}]
  x = nil  -- luacheck: ignore
  collected()
  lu.assertEquals(view:item(), 1)
end

function TestStorages:test_garbage_that_grew_is_collected_in_time()
  local most = 0
  for _ = 1, 40 do
    torch.ones(1):resize_({1e7})
    most = math.max(most, hfc.memory().bytes)
  end
  lu.assertTrue(most > 1e8 and most < 1e9)
end

support.run()
