-- torch.vmap, torch.func and torch.autograd.functional.
local lu = require "luaunit"
local support = require "support"

local A, func = torch.autograd.functional, torch.func
local x, v = torch.tensor {1, 2, 3}, torch.tensor {4, 5, 6}
local function square(a) return a ^ 2 end
local function cube(a) return (a ^ 3):sum() end

TestFunctional = {}

function TestFunctional:test_jacobian()
  lu.assertEquals(A.jacobian(square, x):tolist(), {{2, 0, 0}, {0, 4, 0}, {0, 0, 6}})
  lu.assertEquals(A.jacobian(cube, x):tolist(), {3, 12, 27})
  local both = A.jacobian(function(a, b) return a * b:sum() end, {x, v})
  lu.assertEquals(both[1]:tolist(), {{15, 0, 0}, {0, 15, 0}, {0, 0, 15}})
  lu.assertEquals(both[2]:tolist(), {{1, 1, 1}, {2, 2, 2}, {3, 3, 3}})
  local two = A.jacobian(function(a) return {a * 2, a:sum()} end, x)
  lu.assertEquals(two[2]:tolist(), {1, 1, 1})
  lu.assertEquals(A.jacobian(function() return torch.ones(2) end, x):tolist(),
    {{0, 0, 0}, {0, 0, 0}})
  lu.assertEquals(A.jacobian(square, torch.ones(2, 3)).shape, {2, 3, 2, 3})
  lu.assertErrorMsgContains("expected a Tensor, got number", A.jacobian, square, 5)
end

function TestFunctional:test_products()
  local y, product = A.vjp(square, x, v)
  lu.assertEquals({y:tolist(), product:tolist()}, {{1, 4, 9}, {8, 20, 36}})
  y, product = A.jvp(square, x, v)
  lu.assertEquals({y:tolist(), product:tolist()}, {{1, 4, 9}, {8, 20, 36}})
  lu.assertFalse(product.requires_grad)
  for _, name in ipairs {"hvp", "vhp"} do
    y, product = A[name](cube, x, v)
    lu.assertEquals({y:item(), product:tolist()}, {36, {24, 60, 108}})
  end
end

function TestFunctional:test_second_derivatives()
  local diagonal = {{6, 0, 0}, {0, 12, 0}, {0, 0, 18}}
  lu.assertEquals(A.hessian(cube, x):tolist(), diagonal)
  lu.assertEquals(func.hessian(cube)(x):tolist(), diagonal)
  local w = torch.tensor({2}):requires_grad_()
  A.jacobian(square, w, {create_graph = true}):sum():backward()
  lu.assertEquals(w.grad:tolist(), {2})
end

TestFunc = {}

function TestFunc:test_grad()
  lu.assertEquals(func.grad(cube)(x):tolist(), {3, 12, 27})
  lu.assertEquals(func.grad(func.grad(function(a) return a ^ 3 end))(torch.tensor(2)):item(), 12)
  local both = func.grad(function(a, b) return (a * b):sum() end, {0, 1})(x, v)
  lu.assertEquals({both[1]:tolist(), both[2]:tolist()}, {{4, 5, 6}, {1, 2, 3}})
  local gradient, value = func.grad_and_value(cube)(x)
  lu.assertEquals({gradient:tolist(), value:item()}, {{3, 12, 27}, 36})
  lu.assertFalse(gradient.requires_grad or value.requires_grad)
  lu.assertEquals(torch.no_grad(func.grad(cube), x):tolist(), {3, 12, 27})
  lu.assertErrorMsgContains("must return a single Tensor with one element", func.grad(square), x)
  lu.assertFalse(x.requires_grad)
end

function TestFunc:test_jacobians_and_products()
  for _, name in ipairs {"jacrev", "jacfwd"} do
    lu.assertEquals(func[name](square)(x):diagonal():tolist(), {2, 4, 6})
  end
  local _, back = func.vjp(square, x)
  lu.assertEquals(back(v):tolist(), {8, 20, 36})
  lu.assertEquals(select(2, func.jvp(square, {x}, {v})):tolist(), {8, 20, 36})
end

TestVmap = {}

function TestVmap:test_slices_are_stacked()
  local rows = torch.arange(6):reshape(2, 3)
  local sums, doubled = torch.vmap(function(a) return a:sum(), a * 2 end)(rows)
  lu.assertEquals({sums:tolist(), doubled:tolist()}, {{3, 12}, {{0, 2, 4}, {6, 8, 10}}})
  lu.assertEquals(torch.vmap(torch.dot)(rows, rows):tolist(), {5, 50})
  local columns = torch.vmap(function(a, b) return a + b end, {1, torch.none}, 1)(
    rows, torch.tensor({10, 20}, {dtype = "int64"}))
  lu.assertEquals(columns:tolist(), {{10, 11, 12}, {23, 24, 25}})
  lu.assertEquals(torch.vmap(func.grad(cube))(torch.ones(2, 3)):tolist(), {{3, 3, 3}, {3, 3, 3}})
  lu.assertErrorMsgContains("no Tensor to map over", torch.vmap(torch.dot), 1)
  lu.assertErrorMsgContains("different sizes: 2 and 3", torch.vmap(torch.dot), rows, rows.T)
end

support.run()
