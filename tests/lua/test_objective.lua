-- hfc.train with losses, schedules, optimizers and averages of one's own.
local lu = require "luaunit"

TestObjective = {}

function TestObjective:setUp()
  self.data = hfc.data("synthetic", {train = 48, test = 24, classes = 3, size = 8, low_radius = 2,
    high_radius = 3})
  self.options = {epochs = 2, batch_size = 16, quiet = true, optimizer = {"sgd", lr = .05}}
end

-- The weights after a training with these options on top of the common ones.
function TestObjective:trained(options)
  for name, value in pairs(self.options) do
    if options[name] == nil then options[name] = value end
  end
  local net = hfc.model("preact_resnet8", {classes = 3, seed = 1})
  local history = hfc.train(net, self.data.train, options)
  return net:parameters()[1]:clone(), history
end

function TestObjective:test_a_function_is_a_loss()
  local steps = {}
  local weights, history = self:trained {loss = function(model, images, labels, step)
    steps[#steps + 1] = {step.epoch, step.step, #step.samples}
    local loss = torch.nn.functional.cross_entropy(model(images), labels)
    return loss, {half = loss / 2, one = 1}
  end}
  lu.assertTrue(weights:equal((self:trained {loss = "cross_entropy"})))
  lu.assertTrue(weights:equal((self:trained {})))
  lu.assertEquals(steps, {{1, 1, 16}, {1, 2, 16}, {1, 3, 16}, {2, 4, 16}, {2, 5, 16}, {2, 6, 16}})
  lu.assertAlmostEquals(history[2].terms.half, history[2].loss / 2, 1e-6)
  lu.assertEquals(history[2].terms.one, 1)
end

-- Each metric is what the measuring functions say of the network after the epoch.
function TestObjective:test_metrics_of_probes()
  local data = hfc.data("synthetic", {train = 48, test = 24, classes = 6, size = 8, low_radius = 2,
    high_radius = 3})
  local net = hfc.model("preact_resnet8", {classes = 6, seed = 1})
  local low = data.test:low_pass(3)
  local lines = 0
  local history = hfc.train(net, data.train, {
    epochs = 2, batch_size = 16, quiet = true, probes = {test = data.test, low = low},
    metrics = {"top5", "accuracy", "cross_entropy", "calibration_error", "class_accuracy",
      first = function(logits, labels)
        lines = lines + 1
        lu.assertEquals(logits.dtype, "float32")
        lu.assertEquals(labels.dtype, "int64")
        return logits[{1, 1}]
      end},
  })
  lu.assertEquals(lines, 4)
  local cross_entropy = torch.nn.functional.cross_entropy
  for name, probe in pairs {test = data.test, low = low} do
    local logits = hfc.logits(net, probe)
    local is = function(metric, value)
      lu.assertAlmostEquals(history[2].metrics[metric][name], value, 1e-6, metric)
    end
    is("top5", hfc.accuracy(net, probe, {top = 5}))
    is("cross_entropy", cross_entropy(logits:double(), probe:labels()):item())
    is("calibration_error", hfc.calibration_error(net, probe))
    is("class_accuracy", hfc.class_accuracy(net, probe):mean():item())
    is("first", logits[{1, 1}]:item())
  end
  lu.assertNil(history[1].metrics.accuracy)
end

function TestObjective:test_wrong_metrics()
  local wrong = function(text, metrics, probes)
    lu.assertErrorMsgContains(text, self.trained, self,
                              {metrics = metrics, probes = probes or {test = self.data.test}})
  end
  wrong("unknown metric 'top6' (did you mean 'top5'?): expected top5, cross_entropy", {"top6"})
  wrong("option 'metrics': a function must have a name", {function() return 1 end})
  wrong("option 'metrics': the name 'loss' is already used for another value", {loss = math.abs})
  wrong("option 'metrics': the name 'milliseconds' is already used for another value",
        {milliseconds = math.abs})
  wrong("option 'metrics': 'top5' occurs twice", {"top5", top5 = math.abs})
  wrong("option 'metrics': the function 'mine' must return a number or a Tensor with one element, "
        .. "got nil", {mine = function() end})
  wrong("the metric mine of the probe 'test' is nan, expected a finite number",
        {mine = function() return 0 / 0 end})
  wrong("top5 requires at least 5 classes, but the network has 3", {"top5"})
  wrong("metrics require probes or a validation set, but neither was given", {"cross_entropy"},
        {})
end

-- The average of swa_utils.AveragedModel, from the weights after each step.
function TestObjective:test_the_average_of_the_weights()
  local net = hfc.model("preact_resnet8", {classes = 3, seed = 1, batch_norm = true})
  local parameter, buffer = net:parameters()[3], net:buffers()[1]
  local average, average_of_buffer, seen
  local options = {
    average = .75, probes = {test = self.data.test}, epochs = 2, batch_size = 16, quiet = true,
    optimizer = {"sgd", lr = .05},
    on_step = function()
      local now, now_of_buffer = parameter:detach():double(), buffer:double()
      average = average and average * .75 + now * .25 or now
      average_of_buffer = average_of_buffer and average_of_buffer * .75 + now_of_buffer * .25
        or now_of_buffer
    end,
    on_epoch = function(result)
      lu.assertTrue(torch.allclose(parameter:double(), average, 1e-5, 1e-7))
      seen = {result.accuracy.test, hfc.accuracy(net, self.data.test)}
    end,
  }
  hfc.train(net, self.data.train, options)
  lu.assertTrue(torch.allclose(parameter:double(), average, 1e-5, 1e-7))
  lu.assertTrue(torch.allclose(buffer:double(), average_of_buffer, 1e-5, 1e-7))
  lu.assertEquals(seen[1], seen[2])
  for _, wrong in ipairs {0, 1, -1, 2, 0 / 0} do
    lu.assertErrorMsgContains("'average' must be above 0 and below 1", self.trained, self,
                              {average = wrong})
  end
end

-- The host restores the network in destructors, where an error would end the process.
function TestObjective:test_functions_that_change_the_shape_of_a_weight()
  local norm, linear = torch.nn.BatchNorm2d(4), torch.nn.Linear(4 * 36, 3)
  local net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), norm, torch.nn.Flatten(), linear)
  lu.assertErrorMsgContains("has shape [7] now, but had [3] when training started", hfc.train,
                            net, self.data.train, {
    average = .5, probes = {test = self.data.test}, epochs = 1, batch_size = 16, quiet = true,
    on_epoch = function()
      torch.no_grad(function() linear.bias:set_(torch.ones(7)) end)
    end,
  })
  linear.bias = torch.nn.Parameter(torch.ones(3))
  net:register_forward_hook(function() norm.running_mean:set_(torch.ones(7)) end)
  lu.assertErrorMsgContains("running_mean", hfc.accuracy, net, self.data.test,
                            {statistics = "batch", batch_size = 12})
end

function TestObjective:test_an_optimizer_of_torch_with_groups()
  local net = hfc.model("preact_resnet8", {classes = 3, seed = 1})
  local parameters = net:parameters()
  local first, last, middle = parameters[1], parameters[#parameters], parameters[2]
  local before = {first:clone(), last:clone(), middle:clone()}
  local sgd = torch.optim.SGD({{params = {first}, lr = 0}, {params = {last}}}, {lr = .05})
  local rates = {}
  hfc.train(net, self.data.train, {
    epochs = 2, batch_size = 16, quiet = true, optimizer = sgd, schedule = {"step", size = 1},
    on_step = function(step) rates[step.step] = sgd.param_groups[2].lr end,
  })
  lu.assertTrue(first:equal(before[1]) and middle:equal(before[3]))
  lu.assertFalse(last:equal(before[2]))
  lu.assertAlmostEquals(rates[1], .05, 1e-12)
  lu.assertAlmostEquals(rates[6], .005, 1e-12)
  lu.assertEquals(sgd.param_groups[2].lr, .05)
  -- One of all parameters is what a name gives.
  local own = hfc.model("preact_resnet8", {classes = 3, seed = 1})
  local adam = torch.optim.Adam(own:parameters(), {lr = 1e-3})
  hfc.train(own, self.data.train, {epochs = 2, batch_size = 16, quiet = true, optimizer = adam})
  lu.assertTrue((own:parameters()[1]):equal((self:trained {optimizer = {"adam", lr = 1e-3}})))
  lu.assertErrorMsgContains("is not a parameter of the model", hfc.train, own, self.data.train,
                            {optimizer = sgd, quiet = true})
  local lbfgs = torch.optim.LBFGS(own:parameters())
  lu.assertErrorMsgContains("lbfgs is not supported because it requires a closure", hfc.train, own,
                            self.data.train, {optimizer = lbfgs, quiet = true})
end

function TestObjective:test_an_optimizer_over_a_network_of_torch_nn()
  local nn = torch.nn
  local net = nn.Sequential {nn.Flatten(), nn.Linear(3 * 64, 3)}
  local before = net[1].weight:clone()
  local adam = torch.optim.AdamW(net:parameters(), {lr = 1e-2})
  hfc.train(net, self.data.train, {epochs = 1, batch_size = 16, quiet = true, optimizer = adam})
  lu.assertFalse(net[1].weight:equal(before))
end

function TestObjective:test_smoothing_clipping_and_accumulation_change_the_weights()
  local plain = self:trained {}
  for _, options in ipairs {
    {loss = {"cross_entropy", label_smoothing = .2}}, {clip_norm = .01}, {accumulate = 2},
    {schedule = "cosine"}, {schedule = {"step", size = 1, gamma = .5}},
    {schedule = function(epoch) return 1 / epoch end}, {mixup = .5},
  } do
    lu.assertFalse(plain:equal((self:trained(options))))
  end
  lu.assertTrue(plain:equal((self:trained {schedule = function() return 1 end})))
end

function TestObjective:test_steps_and_epochs_are_told_and_can_stop()
  local rates, losses = {}, 0
  self:trained {
    schedule = {"linear", least = .5},
    on_step = function(state)
      rates[#rates + 1] = state.lr
      losses = losses + state.loss
    end,
  }
  lu.assertEquals(#rates, 6)
  lu.assertAlmostEquals(rates[1], .05, 1e-12)
  lu.assertAlmostEquals(rates[4], .05 * .75, 1e-12)
  lu.assertTrue(losses > 0)
  local _, history = self:trained {epochs = 5, on_epoch = function(result)
    if result.epoch == 3 then return "stop" end
  end}
  lu.assertEquals(#history, 3)
  for _, value in ipairs {"halt", 5, true} do
    lu.assertErrorMsgContains("must return nothing or \"stop\"", function()
      self:trained {on_epoch = function() return value end}
    end)
  end
end

function TestObjective:test_early_stopping_by_the_validation_set()
  local _, history = self:trained {epochs = 20, optimizer = {"sgd", lr = 1e-12},
    validation = self.data.test, early_stop = {patience = 2}}
  lu.assertEquals(#history, 3)
  lu.assertNotNil(history[1].accuracy.validation)
end

function TestObjective:test_random_numbers_of_the_script_go_on()
  torch.manual_seed(7)
  local expected = {torch.rand(3), torch.rand(3)}
  torch.manual_seed(7)
  lu.assertTrue(torch.rand(3):equal(expected[1]))
  self:trained {}
  lu.assertTrue(torch.rand(3):equal(expected[2]))
end

function TestObjective:test_a_loss_without_labels()
  local images = torch.rand(20, 1, 4, 4)
  local net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 16))
  local history = hfc.train(net, hfc.dataset(images), {epochs = 3, batch_size = 10, quiet = true,
    optimizer = {"sgd", lr = .1}, loss = function(model, x, y)
      lu.assertNil(y)
      return (model(x) - x:flatten(1)):square():mean()
    end})
  lu.assertTrue(history[3].loss < history[1].loss)
end

function TestObjective:test_wrong_losses_and_schedules_are_named()
  local function fails(message, options)
    lu.assertErrorMsgContains(message, self.trained, self, options)
  end
  fails("must return the loss as a Tensor with one element, got", {loss = function() return 1 end})
  fails("the loss must be a single floating-point number", {loss = function(_, x) return x end})
  fails("does not depend on the model's parameters", {loss = function(_, x) return x:sum() end})
  local other = torch.ones(1):requires_grad_(true)
  fails("does not depend on the model's parameters", {loss = function() return other:sum() end})
  fails("the term 'a' must be a number or a Tensor with one element", {
    loss = function(model, x) return model(x):sum(), {a = "b"} end})
  fails("the loss is nan at epoch 1, batch 1", {
    loss = function(model, x) return model(x):sum() * (0 / 0) end})
  fails("test_objective.lua", {loss = function() error "my own" end})
  fails("my own", {loss = function() error "my own" end})
  fails("unknown loss 'cross_entropie' (did you mean 'cross_entropy'?)", {loss = "cross_entropie"})
  fails("unknown schedule 'cosin' (did you mean 'cosine'?)", {schedule = "cosin"})
  fails("unknown option 'warm'", {schedule = {"cosine", warm = 1}})
  fails("the function must return the factor as a number, got", {schedule = function() end})
  fails("the schedule must return a finite non-negative factor; it returned -1 at epoch 1, step 1",
    {schedule = function() return -1 end})
  fails("'patience' is missing", {early_stop = {}})
  fails("options 'mixup' and 'adversarial' are mutually exclusive",
    {mixup = 1, adversarial = hfc.attack.fgsm {}})
  fails("mixup (alpha) must be a finite number above 0", {mixup = -1})
end

require("support").run()
