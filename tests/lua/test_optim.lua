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

local optim = support.json("optim/expected.json")

-- The problem of make_optim.py, in double precision.
local wide = scale:double()
local function start_wide()
  return torch.tensor({{1, -2}, {0.5, 3}}, {requires_grad = true, dtype = "float64"}),
    torch.tensor({0.3, -0.7}, {requires_grad = true, dtype = "float64"})
end

-- The weights after one step by a closure, and the closure's value.
local function descend_wide(optimizer, weight, bias, step, sign)
  local value = optimizer:step(function()
    optimizer:zero_grad()
    local loss = (wide * weight * weight):sum() + ((weight:sum(0) + bias) ^ 2):sum() * 0.1
      + (bias - step * 0.01):abs():sum()
    loss = loss * (sign or 1)
    loss:backward()
    return loss
  end)
  local flat = torch.cat {weight:detach():reshape {-1}, bias:detach()}:tolist()
  flat[#flat + 1] = value:item()
  return flat
end

local function assert_close(seen, wanted, what)
  for k, number in ipairs(wanted) do
    local off = math.abs(seen[k] - number) / math.max(1, math.abs(number))
    if off ~= off or off > 1e-6 then
      lu.fail(("%s: number %d is %.12g, PyTorch's %.12g"):format(what, k, seen[k], number))
    end
  end
end

function TestOptimizers:test_twenty_steps_of_each_by_a_closure_are_pytorchs()
  for i, case in ipairs(optim.optimizers) do
    local name, options, wanted = unpack(case)
    local weight, bias = start_wide()
    local optimizer, kept = torch.optim[name]({weight, bias}, options), 1
    for step = 1, 20 do
      local flat = descend_wide(optimizer, weight, bias, step - 1, options.maximize and -1)
      if step == optim.kept[kept] then
        assert_close(flat, wanted[kept], ("case %d, %s, step %d"):format(i, name, step))
        kept = kept + 1
      end
    end
    lu.assertEquals(kept, #optim.kept + 1)
  end
end

-- The weights at a row of continued.npz.
local function start_at(row)
  local numbers = row:tolist()
  return torch.tensor({{numbers[1], numbers[2]}, {numbers[3], numbers[4]}},
      {requires_grad = true, dtype = "float64"}),
    torch.tensor({numbers[5], numbers[6]}, {requires_grad = true, dtype = "float64"})
end

function TestOptimizers:test_states_of_python_load_and_go_on()
  local continued = torch.load(support.fixtures .. "/optim/continued.npz")
  lu.assertEquals(#optim.optimizer_states, 12)
  for _, case in ipairs(optim.optimizer_states) do
    local name, options = unpack(case)
    local rows = continued[name]
    local weight, bias = start_at(rows[0])
    local grouped = name ~= "LBFGS" and name ~= "Rprop"
    local optimizer = torch.optim[name](
      grouped and {{params = {weight}}, {params = {bias}}} or {weight, bias}, options)
    optimizer:load_state_dict(torch.load(support.fixtures .. "/optim/" .. name .. ".pth"))
    if grouped then lu.assertEquals(optimizer.param_groups[2].lr, 0.03, name) end
    -- Its own state is in the same form, and goes on alike.
    local other_weight, other_bias = start_at(rows[0])
    local other = torch.optim[name](
      grouped and {{params = {other_weight}}, {params = {other_bias}}}
        or {other_weight, other_bias}, options):load_state_dict(optimizer:state_dict())
    for step = 7, 13 do
      local flat = descend_wide(optimizer, weight, bias, step)
      assert_close(flat, rows[step - 6]:tolist(), name .. " at step " .. step)
      lu.assertEquals(descend_wide(other, other_weight, other_bias, step), flat, name)
    end
  end
end

function TestOptimizers:test_state_is_in_pythons_form()
  local weight, bias = start()
  local optimizer = torch.optim.Adam({weight, bias}, {amsgrad = true})
  descend(optimizer, weight, bias, 0)
  local state = optimizer:state_dict()
  lu.assertEquals(state.param_groups[1].betas, {0.9, 0.999})
  lu.assertEquals(state.param_groups[1].params, {0, 1})
  lu.assertNil(state.param_groups[1].beta1)
  lu.assertTrue(torch.is_tensor(state.state[1].max_exp_avg_sq))
  -- Numbers in place of tensors, and the form of earlier versions of this program.
  state.state[0].step, state.state[1].step = 1, 1
  state.param_groups[1].betas, state.param_groups[1].beta1 = nil, 0.8
  optimizer:load_state_dict(state)
  lu.assertEquals(optimizer.param_groups[1].betas, {0.8, 0.999})
  lu.assertEquals(optimizer:state_dict().state[0].step:item(), 1)
  lu.assertErrorMsgContains("the optimizer sgd does not store exp_avg",
    function() torch.optim.SGD({weight, bias}):load_state_dict(state) end)
  local search = torch.optim.LBFGS({weight, bias}, {line_search_fn = "strong_wolfe"})
  search:step(function()
    local loss = weight:square():sum() + bias:square():sum()
    weight.grad, bias.grad = weight:detach() * 2, bias:detach() * 2
    return loss
  end)
  local found = search:state_dict()
  lu.assertEquals(found.param_groups[1].line_search_fn, "strong_wolfe")
  lu.assertTrue(found.state[0].n_iter >= 2)
  lu.assertTrue(torch.is_tensor(found.state[0].old_dirs[1]))
end

function TestOptimizers:test_groups()
  local weight, bias = start()
  local optimizer = torch.optim.Adam({weight})
  local group = optimizer.param_groups[1]
  group.betas = {0.5, 0.6}
  lu.assertEquals(group.betas, {0.5, 0.6})
  lu.assertEquals(group.beta2, 0.6)
  lu.assertErrorMsgContains("beta1 must be in [0,1), got 2", function() group.betas = {2, 0} end)
  lu.assertErrorMsgContains("betas: expected a list of two numbers",
    function() group.betas = {0.1} end)
  lu.assertErrorMsgContains("no option 'beta' (did you mean 'betas'?)",
    function() return group.beta end)
  optimizer:add_param_group {params = {bias}, lr = 0.5}
  lu.assertEquals(#optimizer.param_groups, 2)
  lu.assertEquals(optimizer.param_groups[2].betas, {0.9, 0.999})
  lu.assertErrorMsgContains("occurs twice", optimizer.add_param_group, optimizer,
    {params = {bias}})
  lu.assertErrorMsgContains("a group has no parameters", optimizer.add_param_group, optimizer,
    {params = {}})
  lu.assertErrorMsgContains("expected a table {params = ..., lr = ...}",
    optimizer.add_param_group, optimizer, {bias})
  lu.assertEquals(#optimizer.param_groups, 2)
  descend(optimizer, weight, bias, 0)
  lu.assertNotNil(optimizer:state_dict().state[1])
  local sgd = torch.optim.SGD({start()}, 0.25)
  lu.assertEquals(sgd.param_groups[1].lr, 0.25)
  lu.assertErrorMsgContains("nesterov requires a momentum above 0",
    function() sgd.param_groups[1].nesterov = true end)
  lu.assertFalse(sgd.param_groups[1].nesterov)
  lu.assertErrorMsgContains("write optimizer.param_groups[1].lr", function() return sgd.lr end)
  lu.assertErrorMsgContains("optimizer.param_groups[1].lr = 0.1", function() sgd.lr = 3 end)
  lu.assertErrorMsgContains("did you mean 'param_groups'", function() return sgd.param_group end)
  lu.assertEquals(sgd.defaults.lr, 0.25)
  lu.assertStrContains(tostring(sgd), "SGD (\n  param_groups[1]: 2 parameters (6 elements), "
    .. "lr = 0.25, weight_decay = 0, momentum = 0,")
  lu.assertStrContains(tostring(sgd.param_groups[1]), "param_groups[1]: 2 parameters")
  lu.assertStrContains(tostring(optimizer), "betas = {0.5, 0.6}")
end

function TestOptimizers:test_named_parameters()
  local net = torch.nn.Linear(2, 1)
  local optimizer = torch.optim.SGD(net:named_parameters(), {lr = 0.1})
  lu.assertEquals(optimizer.param_groups[1].param_names, {"weight", "bias"})
  lu.assertEquals(optimizer:state_dict().param_groups[1].param_names, {"weight", "bias"})
  optimizer:load_state_dict(optimizer:state_dict())
  lu.assertEquals(optimizer.param_groups[1].param_names, {"weight", "bias"})
  local pairs_given = torch.optim.SGD {{"w", net.weight}, {"b", net.bias}}
  lu.assertEquals(pairs_given.param_groups[1].param_names, {"w", "b"})
  local model = hfc.model("lenet")
  lu.assertTrue(#torch.optim.SGD(model:named_parameters()).param_groups[1].params > 3)
  lu.assertErrorMsgContains("such as net:parameters()", torch.optim.SGD, net)
  lu.assertErrorMsgContains("parameter 1: expected a Tensor, got nil", torch.optim.SGD,
    {nil, net.weight})
  lu.assertErrorMsgContains("got a table with the key 'x'", torch.optim.SGD,
    {net.weight, x = net.bias})
end

function TestOptimizers:test_closures()
  local p = torch.ones(1):requires_grad_()
  local optimizer = torch.optim.SGD({p}, {lr = 0.1})
  local value = torch.no_grad(function()
    return optimizer:step(function()
      local loss = p:square():sum()
      loss:backward()
      return loss
    end)
  end)
  lu.assertAlmostEquals(p:item(), 0.8, 1e-6)
  lu.assertEquals(value:item(), 1)
  lu.assertErrorMsgContains("expected a function", optimizer.step, optimizer, 3)
  lu.assertErrorMsgContains("in the closure",
    optimizer.step, optimizer, function() error("in the closure") end)
  local search = torch.optim.LBFGS {p}
  lu.assertErrorMsgContains("a step requires a closure", search.step, search)
  lu.assertErrorMsgContains("the closure must return the loss", search.step, search,
    function() end)
  lu.assertErrorMsgContains("in the closure",
    search.step, search, function() error("in the closure") end)
  lu.assertErrorMsgContains("accepts only one group of parameters", torch.optim.LBFGS,
    {{params = {torch.ones(1)}}, {params = {torch.ones(2)}}})
  lu.assertErrorMsgContains("line_search_fn must be 'strong_wolfe'", torch.optim.LBFGS, {p},
    {line_search_fn = "weak"})
  lu.assertErrorMsgContains("lbfgs", hfc.train, hfc.model("lenet"), hfc.data("synthetic").train,
    {epochs = 1, optimizer = "lbfgs", quiet = true})
end

function TestOptimizers:test_zero_grad()
  local weight, bias = start()
  local optimizer = torch.optim.SGD {weight, bias}
  weight:sum():backward()
  optimizer:zero_grad {set_to_none = false}
  lu.assertEquals(weight.grad:tolist(), {{0, 0}, {0, 0}})
  lu.assertNil(bias.grad)
  optimizer:zero_grad()
  lu.assertNil(weight.grad)
  lu.assertErrorMsgContains("unknown option 'set_to_nil'", optimizer.zero_grad, optimizer,
    {set_to_nil = true})
end

function TestOptimizers:test_clipping_of_networks_and_tensors()
  local utils, net = torch.nn.utils, torch.nn.Linear(2, 1)
  net.weight.grad, net.bias.grad = torch.tensor {{3, 0}}, torch.tensor {4}
  lu.assertAlmostEquals(utils.get_total_norm({net.weight.grad, net.bias.grad}):item(), 5, 1e-6)
  lu.assertAlmostEquals(utils.clip_grad_norm_(net, 1):item(), 5, 1e-6)
  lu.assertAlmostEquals(net.weight.grad[{0, 0}]:item(), 0.6, 1e-5)
  lu.assertAlmostEquals(utils.clip_grad_norm_(net:parameters(), 1, 1):item(), 1.4, 1e-5)
  lu.assertAlmostEquals(utils.clip_grad_norm_(net, 9, {norm_type = math.huge}):item(), 4 / 7, 1e-5)
  utils.clip_grad_value_(net, 0.1)
  lu.assertAlmostEquals(net.bias.grad:item(), 0.1, 1e-6)
  utils.clip_grads_with_norm_(net.bias, 1, torch.tensor(2.0))
  lu.assertAlmostEquals(net.bias.grad:item(), 0.05, 1e-6)
  lu.assertEquals(utils.clip_grad_norm_(torch.nn.Linear(2, 1), 1):item(), 0)
  local model = hfc.model("lenet")
  for _, parameter in model:named_parameters() do parameter.grad = torch.ones_like(parameter) end
  utils.clip_grad_norm_(model, 1)
  local gradients = {}
  for _, parameter in model:named_parameters() do gradients[#gradients + 1] = parameter.grad end
  lu.assertAlmostEquals(utils.get_total_norm(gradients):item(), 1, 1e-3)
  net.bias.grad:fill_(0 / 0)
  lu.assertErrorMsgContains("which is not finite", utils.clip_grad_norm_, net, 1,
    {error_if_nonfinite = true})
  lu.assertErrorMsgContains("parameter 1: expected a Tensor, got nil", utils.clip_grad_norm_,
    {nil, net.weight}, 1)
  lu.assertErrorMsgContains("unknown argument 'normtype'", utils.clip_grad_norm_, net, 1,
    {normtype = 1})
  lu.assertErrorMsgContains("max_norm must be >= 0", utils.clip_grad_norm_, net, -1)
  lu.assertErrorMsgContains("argument 'max_norm' is missing", utils.clip_grad_norm_, net)
  lu.assertErrorMsgContains("expected a list of Tensors", utils.clip_grad_norm_, 3, 1)
  lu.assertErrorMsgContains("did you mean 'clip_grad_norm_'",
    function() return utils.clip_grad_norm end)
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
  lu.assertErrorMsgContains("a parameter of shape [2, 2] occurs twice",
    torch.optim.Adam, {weight, weight})
  lu.assertErrorMsgContains("leaf", torch.optim.Adam, {weight * 2})
  lu.assertErrorMsgContains("expected a Tensor, got number 3", torch.optim.Adam, {3})
  lu.assertErrorMsgContains("unknown option 'momentum'",
    torch.optim.Adam, {weight}, {momentum = 0.9})
  lu.assertErrorMsgContains("lr must be a number >= 0, got -1",
    torch.optim.Adam, {weight}, {lr = -1})
  lu.assertErrorMsgContains("a group has no parameters", torch.optim.Adam, {})
  lu.assertErrorMsgContains("did you mean 'Adam'", function() return torch.optim.Adamm end)
  local optimizer = torch.optim.Adam({weight, bias})
  lu.assertErrorMsgContains("has no option 'momentum'",
    function() optimizer.param_groups[1].momentum = 1 end)
  lu.assertErrorMsgContains("expected 2 parameters, got 1", optimizer.load_state_dict, optimizer,
    {state = {}, param_groups = {{lr = 1, params = {0}}}})
  lu.assertErrorMsgContains("expected shape [2, 2], got [3]", optimizer.load_state_dict, optimizer,
    {state = {[0] = {exp_avg = torch.ones(3)}}, param_groups = {{lr = 1, params = {0, 1}}}})
  lu.assertErrorMsgContains("state[0].exp_avg: expected shape [2, 2], got []",
    optimizer.load_state_dict, optimizer,
    {state = {[0] = {exp_avg = torch.tensor(1)}}, param_groups = {{lr = 1, params = {0, 1}}}})
  lu.assertErrorMsgContains("lr must be a number >= 0, got",
    optimizer.load_state_dict, optimizer,
    {state = {}, param_groups = {{lr = 0 / 0, params = {0, 1}}}})
  lu.assertErrorMsgContains("beta1 must be in [0,1), got 5",
    function() optimizer.param_groups[1].beta1 = 5 end)
  lu.assertErrorMsgContains(
    "grad must match the tensor: expected Tensor float32 [2, 2], got Tensor float32 [2]",
    function() weight.grad = torch.ones(2) end)
end

support.run()
