-- torch.optim.lr_scheduler: the rates are those of Python's PyTorch (tests/fixtures/make_optim.py).
local lu = require "luaunit"
local support = require "support"

local L = torch.optim.lr_scheduler
local expected = support.json("optim/expected.json")

local functions = {
  ["@slower"] = function(epoch) return 1 / (1 + 0.1 * epoch) end,
  ["@saw"] = function(epoch) return 1 - 0.1 * (epoch % 3) end,
  ["@halves"] = function(x) return 0.5 ^ x end,
}

-- A value of the fixture's options: "@name" is a function.
local function value_of(value)
  if type(value) ~= "table" then return functions[value] or value end
  local list = {}
  for i, element in ipairs(value) do list[i] = value_of(element) end
  return list
end

-- The scheduler of {name = ..., options = {...}, schedulers = {...}}; `more` adds options.
local function make(spec, optimizer, more)
  local inner, options = {}, {}
  for i, one in ipairs(spec.schedulers or {}) do inner[i] = make(one, optimizer) end
  for name, value in pairs(spec.options) do options[name] = value_of(value) end
  for name, value in pairs(more or {}) do options[name] = value end
  if spec.name == "ChainedScheduler" then return L.ChainedScheduler(inner) end
  if #inner > 0 then options.schedulers = inner end
  return (spec.name == "SWALR" and torch.optim.swa_utils or L)[spec.name](optimizer, options)
end

local function metric(step) return step < 4 and 1 / (1 + step) or 0.2 + 0.01 * (step % 2) end

local function advance(scheduler, step)
  if pcall(function() return scheduler.num_bad_epochs end) then
    scheduler:step(metric(step))
  else
    scheduler:step()
  end
end

local function two_groups(kind)
  local weight, bias = torch.ones(2, 2):requires_grad_(), torch.ones(2):requires_grad_()
  return torch.optim[kind or "SGD"]({{params = {weight}}, {params = {bias}, lr = 0.02}},
    {lr = 0.1})
end

local function look(optimizer)
  local groups = optimizer.param_groups
  local betas = rawequal(tostring(optimizer):sub(1, 4), "Adam")
  return {groups[1].lr, groups[2].lr, betas and groups[1].betas[1] or groups[1].momentum}
end

-- The rates at the start and after each of `steps` steps. events: {step, "lr" or "epoch", number}.
local function trace(optimizer, schedulers, steps, events)
  local seen = {look(optimizer)}
  for step = 0, steps - 1 do
    local jump
    for _, event in ipairs(events or {}) do
      if event[1] == step and event[2] == "lr" then optimizer.param_groups[1].lr = event[3] end
      if event[1] == step and event[2] == "epoch" then jump = event[3] end
    end
    for _, scheduler in ipairs(schedulers) do
      if jump then scheduler:step(jump) else advance(scheduler, step) end
    end
    seen[#seen + 1] = look(optimizer)
  end
  return seen
end

local function off(a, b) return math.abs(a - b) / math.max(1, math.abs(b)) end

local function assert_equal(seen, wanted, what)
  lu.assertEquals(#seen, #wanted, what)
  for i, row in ipairs(wanted) do
    for k, number in ipairs(row) do
      local gap = off(seen[i][k], number)
      if gap ~= gap or gap > 1e-7 then
        lu.fail(("%s: step %d, number %d is %.9g, PyTorch's %.9g"):format(
          what, i - 1, k, seen[i][k], number))
      end
    end
  end
end

local function text_of(spec)
  local parts = {}
  for name, value in pairs(spec.options) do parts[#parts + 1] = name .. "=" .. tostring(value) end
  return spec.name .. "(" .. table.concat(parts, ", ") .. ")"
end

TestSchedules = {}

function TestSchedules:test_each_schedule_is_pytorchs()
  for i, case in ipairs(expected.singles) do
    local kind, spec, wanted = unpack(case)
    local optimizer = two_groups(kind)
    assert_equal(trace(optimizer, {make(spec, optimizer)}, #wanted - 1), wanted,
      ("case %d, %s"):format(i, text_of(spec)))
  end
end

function TestSchedules:test_each_pair_of_schedules_multiplies_as_in_pytorch()
  for _, case in ipairs(expected.pairs) do
    local first, second, rates, momenta = unpack(case)
    local optimizer = two_groups()
    local a, b = make(expected.kinds[first], optimizer), make(expected.kinds[second], optimizer)
    local wanted, seen = {}, {}
    for i, row in ipairs(trace(optimizer, {a, b}, #rates - 1)) do
      seen[i], wanted[i] = {row[1], row[3]}, {rates[i], momenta[i]}
    end
    assert_equal(seen, wanted,
      expected.kinds[first].name .. " and " .. expected.kinds[second].name)
  end
end

function TestSchedules:test_rates_set_by_hand_and_jumps_go_on_as_in_pytorch()
  for i, case in ipairs(expected.by_hand) do
    local spec, events, wanted = unpack(case)
    local optimizer = two_groups()
    assert_equal(trace(optimizer, {make(spec, optimizer)}, #wanted - 1, events), wanted,
      ("case %d, %s"):format(i, text_of(spec)))
  end
end

function TestSchedules:test_last_epoch_resumes_as_in_pytorch()
  for _, case in ipairs(expected.resumed) do
    local spec, wanted = unpack(case)
    local optimizer, again = two_groups(), two_groups()
    trace(optimizer, {make(spec, optimizer)}, 6)
    again:load_state_dict(optimizer:state_dict())
    local scheduler = make(spec, again, {last_epoch = 6})
    assert_equal(trace(again, {scheduler}, #wanted - 1), wanted, text_of(spec))
  end
end

-- The fields below a name, of a nested table and of one with dotted names.
local function below(states, name)
  if type(states[name]) == "table" then return states[name] end
  local found = {}
  for key, value in pairs(states) do
    if key:sub(1, #name + 1) == name .. "." then found[key:sub(#name + 2)] = value end
  end
  return found
end

function TestSchedules:test_states_of_python_load_and_go_on()
  local states = torch.load(support.fixtures .. "/optim/schedulers.pth")
  for _, case in ipairs(expected.scheduler_states) do
    local spec, wanted = unpack(case)
    local optimizer = two_groups()
    local scheduler = make(spec, optimizer):load_state_dict(below(states, spec.name))
    for i, group in ipairs(optimizer.param_groups) do group.lr = wanted[1][i] end
    optimizer.param_groups[1].momentum = wanted[1][3]
    assert_equal(trace(optimizer, {scheduler}, #wanted - 1), wanted, text_of(spec))
  end
end

function TestSchedules:test_own_states_load_and_go_on()
  local path = os.tmpname() .. ".safetensors"
  for _, spec in ipairs(expected.kinds) do
    local optimizer = two_groups()
    local scheduler = make(spec, optimizer)
    trace(optimizer, {scheduler}, 6)
    torch.save({optimizer = optimizer:state_dict(), scheduler = scheduler:state_dict()}, path)
    local wanted = trace(optimizer, {scheduler}, 12)
    local saved, other = torch.load(path), two_groups()
    local again = make(spec, other)
    again:load_state_dict(saved.scheduler)
    other:load_state_dict(saved.optimizer)
    assert_equal(trace(other, {again}, 12), wanted, text_of(spec))
  end
  os.remove(path)
end

function TestSchedules:test_schedules_in_a_row_and_last_epoch()
  local function rates(schedulers, count)
    local optimizer = torch.optim.SGD({torch.zeros(1):requires_grad_()}, {lr = 1})
    local made, seen = schedulers(optimizer), {}
    for i = 1, count do
      for _, one in ipairs(made) do one:step() end
      seen[i] = ("%.3g"):format(optimizer.param_groups[1].lr)
    end
    return table.concat(seen, " ")
  end
  lu.assertEquals(rates(function(o)
    return {L.LinearLR(o, {start_factor = 0.1, total_iters = 4}), L.CosineAnnealingLR(o, 8)}
  end, 8), "0.313 0.469 0.536 0.5 0.309 0.146 0.0381 0")
  lu.assertEquals(rates(function(o) return {L.StepLR(o, 2, 0.5), L.StepLR(o, 3, 0.1)} end, 6),
    "1 0.5 0.05 0.025 0.025 0.00125")
  local optimizer = two_groups()
  local scheduler = L.LambdaLR(optimizer, function(epoch) return 0.9 ^ epoch end)
  scheduler.last_epoch = 4
  scheduler:step()
  lu.assertAlmostEquals(optimizer.param_groups[1].lr, 0.1 * 0.9 ^ 5, 1e-12)
  lu.assertEquals(scheduler.last_epoch, 5)
  lu.assertEquals(optimizer.param_groups[1].initial_lr, 0.1)
end

function TestSchedules:test_a_warm_up_of_one_step_starts_at_the_top()
  local optimizer = two_groups()
  local scheduler = L.OneCycleLR(optimizer, 1, 10, {pct_start = 0.1})
  lu.assertEquals(look(optimizer), {1, 1, 0.85})
  for _ = 1, 9 do scheduler:step() end
  lu.assertAlmostEquals(optimizer.param_groups[1].lr, 1 / 25 / 1e4, 1e-12)
  for steps = 1, 6 do
    for share = 0, 10 do
      local one = two_groups()
      local cycle = L.OneCycleLR(one, 1, steps, {pct_start = share / 10, three_phase = steps > 3})
      for _ = 1, steps do cycle:step() end
      lu.assertTrue(one.param_groups[1].lr < math.huge)
    end
  end
end

function TestSchedules:test_wrong_arguments_are_one_sentence()
  local optimizer = two_groups()
  local function refused(text, name, ...)
    local ok, message = pcall(L[name], ...)
    lu.assertFalse(ok, name)
    lu.assertStrContains(message, text)
    lu.assertStrContains(message, "lr_scheduler." .. name .. ": ")
    lu.assertNil(message:find("hfc:", 1, true), message)
  end
  refused("step_size must be at least 1, got 0", "StepLR", optimizer, 0)
  refused("step_size must be at least 1, got -1", "StepLR", optimizer, -1)
  refused("expected an integer, got number 2.5", "StepLR", optimizer, 2.5)
  refused("argument 'step_size' is missing", "StepLR", optimizer)
  refused("unknown argument 'gama' (did you mean 'gamma'?)", "StepLR", optimizer, 3, {gama = 1})
  refused("too many arguments", "StepLR", optimizer, 3, 0.1, -1, 5)
  refused("expected an Optimizer, got number 3", "StepLR", 3, 3)
  refused("gamma must be at least 0, got inf", "ExponentialLR", optimizer, math.huge)
  refused("T_max must be a number above 0, got 0", "CosineAnnealingLR", optimizer, 0)
  refused("total_iters must be at least 1, got 0", "LinearLR", optimizer, {total_iters = 0})
  refused("start_factor must be in (0,1], got 0", "LinearLR", optimizer, {start_factor = 0})
  refused("end_factor must be in [0,1], got 2", "LinearLR", optimizer, {end_factor = 2})
  refused("factor must be in (0,1], got 0", "ConstantLR", optimizer, {factor = 0})
  refused("total_iters must be at least 1, got 0", "PolynomialLR", optimizer, 0)
  refused("T_0 must be at least 1, got 0", "CosineAnnealingWarmRestarts", optimizer, 0)
  refused("T_mult must be at least 1, got 0", "CosineAnnealingWarmRestarts", optimizer, 2, 0)
  refused("total_steps must be at least 1, got 0", "OneCycleLR", optimizer, 1, 0)
  refused("expected total_steps, or epochs and steps_per_epoch", "OneCycleLR", optimizer, 1)
  refused("pct_start must be in [0,1], got 2", "OneCycleLR", optimizer, 1, 9, {pct_start = 2})
  refused("anneal_strategy must be 'cos' or 'linear', got 'sin'", "OneCycleLR", optimizer, 1, 9,
    {anneal_strategy = "sin"})
  refused("max_lr must be a number or a list with one number per group (2), got 3 numbers",
    "OneCycleLR", optimizer, {1, 2, 3}, 9)
  refused("cycle_momentum requires an optimizer with momentum or betas, but adagrad has neither",
    "OneCycleLR", two_groups("Adagrad"), 1, 9)
  refused("step_size_up and step_size_down must be above 0", "CyclicLR", optimizer, 0.1, 1, 0)
  refused("mode must be 'triangular', 'triangular2' or 'exp_range', got 'square'", "CyclicLR",
    optimizer, 0.1, 1, {mode = "square"})
  refused("factor must be in [0,1), got 1", "ReduceLROnPlateau", optimizer, {factor = 1})
  refused("mode must be 'min' or 'max', got 'mean'", "ReduceLROnPlateau", optimizer, "mean")
  refused("expected a function, got number 3", "LambdaLR", optimizer, 3)
  refused("a list with one function per group (2), got 3", "LambdaLR", optimizer,
    {math.sin, math.sin, math.sin})
  refused("lr_lambda(0) must return a number, got nil", "LambdaLR", optimizer, function() end)
  refused("expected at least one scheduler, got none", "ChainedScheduler", {})
  refused("must be one less than the number of schedulers (2), got 2", "SequentialLR", optimizer,
    {L.StepLR(optimizer, 1), L.StepLR(optimizer, 2)}, {3, 4})
  refused("scheduler 1 (a StepLR) belongs to a different optimizer", "SequentialLR", optimizer,
    {L.StepLR(two_groups(), 1), L.StepLR(optimizer, 2)}, {3})
  refused("scheduler 1 is a ReduceLROnPlateau, which requires a metric at each step",
    "ChainedScheduler", {L.ReduceLROnPlateau(optimizer)})
  refused("last_epoch = 3 requires initial_lr in param_groups[1]", "StepLR", two_groups(), 3,
    {last_epoch = 3})
  lu.assertErrorMsgContains("did you mean 'ReduceLROnPlateau'",
    function() return L.ReduceLROnPlateu end)
  lu.assertErrorMsgContains("there is no torch.optim.swa_utils.x",
    function() return torch.optim.swa_utils.x end)
  lu.assertEquals(L.step_lr, L.StepLR)
end

function TestSchedules:test_steps_that_cannot_be_are_refused()
  local optimizer = two_groups()
  local plateau = L.ReduceLROnPlateau(optimizer)
  lu.assertErrorMsgContains("requires a metric", plateau.step, plateau)
  plateau:step(torch.tensor(0.5))
  lu.assertEquals(plateau.best, 0.5)
  local chained = L.ChainedScheduler {L.StepLR(optimizer, 2)}
  lu.assertErrorMsgContains("ChainedScheduler cannot jump to an epoch", chained.step, chained, 3)
  local cycle = L.OneCycleLR(two_groups(), 1, 2)
  cycle:step()
  cycle:step()
  lu.assertErrorMsgContains("step 3 is beyond the 2 steps", cycle.step, cycle)
  local grown = two_groups()
  local schedule = L.StepLR(grown, 2)
  grown:add_param_group {params = {torch.ones(1):requires_grad_()}}
  lu.assertErrorMsgContains("the number of optimizer groups changed from 2 to 3",
    schedule.step, schedule)
  lu.assertErrorMsgContains("StepLR has no field 'gama' (did you mean 'gamma'?)",
    function() return schedule.gama end)
  lu.assertErrorMsgContains("StepLR has no field 'gama'",
    function() schedule.gama = 1 end)
  lu.assertErrorMsgContains("step_size must be at least 1, got 0",
    function() schedule.step_size = 0 end)
  lu.assertEquals(schedule.step_size, 2)
  lu.assertErrorMsgContains("a value in the state has the wrong type",
    schedule.load_state_dict, schedule, {gamma = "much"})
  lu.assertErrorMsgContains("expected a table as returned by state_dict()",
    schedule.load_state_dict, schedule, 3)
  lu.assertEquals(schedule.gamma, 0.1)
  local explodes = L.LambdaLR(two_groups(), function(epoch) return epoch > 0 and 1 / 0 or 1 end)
  lu.assertErrorMsgContains("the learning rate of param_groups[1] would become inf at epoch 1",
    explodes.step, explodes)
end

function TestSchedules:test_printing_and_fields()
  local optimizer = two_groups()
  local scheduler = L.StepLR(optimizer, 30)
  scheduler:step()
  lu.assertEquals(tostring(scheduler),
    "StepLR (step_size = 30, gamma = 0.1, last_epoch = 1, lr = {0.1, 0.02})")
  lu.assertEquals(tostring(L.MultiStepLR(optimizer, {2, 5, 5})),
    "MultiStepLR (milestones = {[2] = 1, [5] = 2}, gamma = 0.1, last_epoch = 0, lr = {0.1, 0.02})")
  lu.assertEquals(tostring(L.SequentialLR(optimizer, {scheduler, scheduler}, {4})),
    "SequentialLR (milestones = {4}, last_epoch = 0, lr = {0.1, 0.02})")
  lu.assertStrContains(tostring(L.ReduceLROnPlateau(optimizer)), "best = inf")
  lu.assertEquals(scheduler:load_state_dict({}).gamma, 0.1)
  lu.assertEquals(scheduler:get_last_lr(), {0.1, 0.02})
  lu.assertEquals(scheduler.base_lrs, {0.1, 0.02})
  lu.assertEquals(scheduler.optimizer.param_groups[2].lr, 0.02)
  local state = L.MultiStepLR(optimizer, {2, 5, 5}):state_dict()
  lu.assertEquals(state.milestones, {[2] = 1, [5] = 2})
  lu.assertEquals(L.MultiStepLR(optimizer, {7}):load_state_dict(state).milestones,
    {[2] = 1, [5] = 2})
end

function TestSchedules:test_a_schedule_keeps_its_optimizer()
  local scheduler
  do
    local optimizer = two_groups()
    scheduler = L.ChainedScheduler {L.ExponentialLR(optimizer, 0.5)}
  end
  collectgarbage()
  collectgarbage()
  scheduler:step()
  lu.assertEquals(scheduler:get_last_lr(), {0.05, 0.01})
end

function TestSchedules:test_averaged_weights()
  local net = torch.nn.Linear(2, 1)
  local averaged = torch.optim.swa_utils.AveragedModel(net)
  local sum = torch.zeros(1, 2)
  for i = 1, 3 do
    torch.no_grad(function() net.weight:fill_(i) end)
    averaged:update_parameters(net)
    sum = sum + i
  end
  lu.assertTrue(support.difference(averaged.module.weight:detach(), sum / 3) < 1e-6)
  lu.assertEquals(averaged.n_averaged:item(), 3)
  local ema = torch.optim.swa_utils.AveragedModel(net,
    {avg_fn = torch.optim.swa_utils.get_ema_avg_fn(0.5)})
  ema:update_parameters(net)
  torch.no_grad(function() net.weight:fill_(5) end)
  ema:update_parameters(net)
  lu.assertEquals(ema.module.weight:tolist(), {{4, 4}})
  local norm = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
  local batches = {torch.tensor {{1, 2}, {3, 4}}, torch.tensor {{5, 6}, {7, 8}}}
  torch.optim.swa_utils.update_bn(batches, norm)
  lu.assertTrue(support.difference(norm:children()[1].running_mean, torch.tensor {4, 5}) < 1e-6)
end

support.run()
