-- torch.optim: 20 steps of each optimizer and schedule as PyTorch takes them, state, groups,
-- clipping.
local lu = require "luaunit"
local support = require "support"

local scale = torch.tensor {{1, 0.5}, {2, 0.25}}

local function start()
  return torch.tensor({{1, -2}, {0.5, 3}}, {requires_grad = true}),
    torch.tensor({0.3, -0.7}, {requires_grad = true})
end

-- One step down the valley of make_torch.py.
local function descend(optimizer, weight, bias, step)
  optimizer:zero_grad()
  local loss = (scale * weight * weight):sum() + ((weight:sum(0) + bias) ^ 2):sum() * 0.1
    + (bias - step * 0.01):abs():sum()
  loss:backward()
  optimizer:step()
  return torch.cat {weight:detach():reshape {-1}, bias:detach()}
end

local function path_of(make, schedule, count)
  local weight, bias = start()
  local optimizer = make {weight, bias}
  local scheduler = schedule and schedule(optimizer)
  local path, rates = {}, {}
  for step = 0, (count or 20) - 1 do
    rates[#rates + 1] = optimizer.param_groups[1].lr
    path[#path + 1] = descend(optimizer, weight, bias, step)
    if scheduler and step < 19 then scheduler:step() end
  end
  return torch.stack(path), rates, optimizer
end

TestOptimizers = {}

function TestOptimizers:test_twenty_steps_are_pytorchs()
  for i, case in ipairs(support.fixture("optim").optimizers) do
    local name, options, expected = unpack(case)
    local path = path_of(function(parameters) return torch.optim[name](parameters, options) end)
    lu.assertTrue(support.difference(path, expected) <= 1e-6,
      ("case %d, %s: off by %g"):format(i, name, support.difference(path, expected)))
  end
end

function TestOptimizers:test_schedules_are_pytorchs()
  for i, case in ipairs(support.fixture("optim").schedulers) do
    local name, count, arguments, options, expected, expected_rates = unpack(case)
    local path, rates = path_of(
      function(parameters)
        return torch.optim.SGD(parameters, {lr = 0.1, momentum = 0.9})
      end,
      function(optimizer)
        local list = {optimizer}
        for k = 1, count do list[k + 1] = arguments[k] end
        if next(options) then list[#list + 1] = options end
        return torch.optim.lr_scheduler[name](unpack(list))
      end)
    local what = ("case %d, %s: "):format(i, name)
    lu.assertTrue(
      support.difference(torch.tensor(rates, {dtype = "float64"}), expected_rates) <= 1e-6,
      what .. "rates")
    lu.assertTrue(support.difference(path, expected) <= 1e-6, what .. "weights")
  end
end

function TestOptimizers:test_state_goes_on_where_it_stood()
  for _, name in ipairs {"SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "RMSprop"} do
    local options = name == "SGD" and {lr = 0.05, momentum = 0.9} or {lr = 0.05}
    local weight, bias = start()
    local optimizer = torch.optim[name]({weight, bias}, options)
    for step = 0, 4 do descend(optimizer, weight, bias, step) end
    optimizer.param_groups[1].lr = 0.02
    local state = optimizer:state_dict()
    local other_weight, other_bias = weight:detach():clone():requires_grad_(),
      bias:detach():clone():requires_grad_()
    local other = torch.optim[name]({other_weight, other_bias}, options):load_state_dict(state)
    lu.assertEquals(other.param_groups[1].lr, 0.02, name)
    for step = 5, 8 do
      local a, b = descend(optimizer, weight, bias, step),
        descend(other, other_weight, other_bias, step)
      lu.assertTrue(a:equal(b), name .. " at step " .. step)
    end
  end
end

function TestOptimizers:test_groups_have_rates_of_their_own()
  local weight, bias = start()
  local optimizer = torch.optim.SGD({{params = {weight}, lr = 0.5}, {params = {bias}}}, {lr = 0.1})
  lu.assertEquals({optimizer.param_groups[1].lr, optimizer.param_groups[2].lr}, {0.5, 0.1});
  (weight:sum() + bias:sum()):backward()
  optimizer:step()
  lu.assertTrue(support.difference(weight:detach(), torch.tensor {{0.5, -2.5}, {0, 2.5}}) < 1e-6)
  lu.assertTrue(support.difference(bias:detach(), torch.tensor {0.2, -0.8}) < 1e-6)
end

function TestOptimizers:test_clipping()
  local weight, bias = start()
  weight.grad, bias.grad = torch.tensor {{3, 0}, {0, 0}}, torch.tensor {0, 4}
  local norm = torch.nn.utils.clip_grad_norm_({weight, bias}, 1)
  lu.assertAlmostEquals(norm:item(), 5, 1e-6)
  lu.assertAlmostEquals(weight.grad[{0, 0}]:item(), 0.6, 1e-5)
  torch.nn.utils.clip_grad_value_({bias}, 0.5)
  lu.assertEquals(bias.grad:tolist(), {0, 0.5})
end

function TestOptimizers:test_bad_input()
  local weight, bias = start()
  lu.assertErrorMsgContains("a parameter of shape [2, 2] stands twice",
    torch.optim.Adam, {weight, weight})
  lu.assertErrorMsgContains("leaf", torch.optim.Adam, {weight * 2})
  lu.assertErrorMsgContains("expected a Tensor, got number 3", torch.optim.Adam, {3})
  lu.assertErrorMsgContains("unknown option 'momentum'",
    torch.optim.Adam, {weight}, {momentum = 0.9})
  lu.assertErrorMsgContains("lr must be a number of at least 0, got -1",
    torch.optim.Adam, {weight}, {lr = -1})
  lu.assertErrorMsgContains("a group has no parameters", torch.optim.Adam, {})
  lu.assertErrorMsgContains("did you mean 'Adam'", function() return torch.optim.Adamm end)
  local optimizer = torch.optim.Adam({weight, bias})
  lu.assertErrorMsgContains("has no momentum",
    function() optimizer.param_groups[1].momentum = 1 end)
  lu.assertErrorMsgContains("expected 2 parameters, got 1", optimizer.load_state_dict, optimizer,
    {state = {}, param_groups = {{lr = 1, params = {0}}}})
  lu.assertErrorMsgContains("expected shape [2, 2], got [3]", optimizer.load_state_dict, optimizer,
    {state = {[0] = {exp_avg = torch.ones(3)}}, param_groups = {{lr = 1, params = {0, 1}}}})
  lu.assertErrorMsgContains("state[0].exp_avg: expected shape [2, 2], got []",
    optimizer.load_state_dict, optimizer,
    {state = {[0] = {exp_avg = torch.tensor(1)}}, param_groups = {{lr = 1, params = {0, 1}}}})
  lu.assertErrorMsgContains("lr must be a number of at least 0, got",
    optimizer.load_state_dict, optimizer,
    {state = {}, param_groups = {{lr = 0 / 0, params = {0, 1}}}})
  lu.assertErrorMsgContains("beta1 must be in [0,1), got 5",
    function() optimizer.param_groups[1].beta1 = 5 end)
  lu.assertErrorMsgContains(
    "grad: expected a tensor like Tensor float32 [2, 2], got Tensor float32 [2]",
    function() weight.grad = torch.ones(2) end)
  lu.assertErrorMsgContains("argument 'step_size' is missing",
    torch.optim.lr_scheduler.StepLR, optimizer)
  lu.assertErrorMsgContains("unknown argument 'gama'",
    torch.optim.lr_scheduler.StepLR, optimizer, 3, {gama = 1})
end

support.run()
