-- hfc.model, hfc.train, hfc.accuracy, hfc.run.
local lu = require "luaunit"

local function small_data()
  return hfc.data("synthetic",
    {train = 40, test = 20, classes = 2, size = 16, high_radius = 6, noise = 0.1})
end

local function small_model(seed)
  return hfc.model("preact_resnet8", {classes = 2, seed = seed or 0})
end

TestModel = {}

function TestModel:test_logits()
  local model = small_model()
  lu.assertEquals(model(torch.rand(3, 3, 16, 16)).shape, {3, 2})
  lu.assertStrContains(tostring(model), "weights on cpu")
  lu.assertTrue(#model:parameters() > 8)
end

function TestModel:test_seed()
  local x = torch.rand(1, 3, 16, 16)
  lu.assertTrue(small_model(1)(x):equal(small_model(1)(x)))
  lu.assertFalse(small_model(1)(x):equal(small_model(2)(x)))
end

function TestModel:test_bad_input()
  lu.assertErrorMsgContains("preact_resnet32", hfc.model, "preact_resnet33")
  lu.assertErrorMsgContains("dropout", hfc.model, "preact_resnet8", {dropout = 1})
  lu.assertErrorMsgContains("unknown option 'class' (did you mean 'classes'?)",
    hfc.model, "preact_resnet8", {class = 3})
  local model = small_model()
  lu.assertErrorMsgContains("channels", function() return model(torch.rand(1, 1, 16, 16)) end)
  lu.assertErrorMsgContains("expected a Tensor, got text 'x'", function() return model("x") end)
end

TestTrain = {}

function TestTrain:test_learns_and_tells()
  local data, model, epochs = small_data(), small_model(), {}
  local history = hfc.train(model, data.train, {
    epochs = 5, batch_size = 10, optimizer = {"adam", lr = 3e-3}, quiet = true,
    probes = {train = data.train, test = data.test, ["low r=4"] = data.train:low_pass(4)},
    on_epoch = function(result) epochs[#epochs + 1] = result.epoch end,
  })
  lu.assertEquals(epochs, {1, 2, 3, 4, 5})
  lu.assertEquals(#history, 5)
  lu.assertEquals(history[5].step, 20)
  lu.assertTrue(history[5].loss < history[1].loss)
  lu.assertTrue(history[5].accuracy.test > 0.8)
  lu.assertAlmostEquals(history[5].accuracy.test, hfc.accuracy(model, data.test), 1e-12)
end

function TestTrain:test_same_seed_same_numbers()
  local data = small_data()
  local function losses()
    local result = {}
    local history = hfc.train(small_model(), data.train,
      {epochs = 2, batch_size = 10, seed = 5, quiet = true})
    for i, epoch in ipairs(history) do result[i] = epoch.loss end
    return result
  end
  lu.assertEquals(losses(), losses())
end

function TestTrain:test_recipes()
  local data = small_data()
  local function weights(options)
    options.epochs, options.batch_size, options.quiet = 1, 10, true
    local model = small_model()
    hfc.train(model, data.train, options)
    return model:parameters()[1]:detach():clone()
  end
  local plain = weights {}
  for name, options in pairs {
    mixup = {mixup = 0.2},
    augment = {augment = {pad = 2, flip = true}},
    adversarial = {adversarial = hfc.attack.fgsm {epsilon = 4 / 255}},
    both = {augment = {flip = true}, adversarial = hfc.attack.pgd {epsilon = 4 / 255, steps = 2}},
  } do
    local changed = weights(options)
    lu.assertFalse(changed:equal(plain), name)
    lu.assertTrue(changed:equal(weights(options)), name .. " again")
  end
end

function TestTrain:test_what_is_drawn_for_an_image_does_not_depend_on_the_batch_size()
  local data = small_data()
  -- The images of each epoch as a network sees them, those of the smallest mean first.
  local function seen(batch_size, options)
    local Watcher = torch.nn.module "Watcher"
    function Watcher:init()
      self.scale = torch.nn.Parameter(torch.ones(1))
      self.images = {}
    end
    function Watcher:forward(x)
      if self.training then self.images[#self.images + 1] = x:detach():clone() end
      local mean = x:mean({1, 2, 3}) - 0.5
      return torch.stack({mean * self.scale * -1, mean * self.scale, mean * 0}, 1)
    end
    local net = Watcher()
    hfc.train(net, data.train, {
      epochs = 2, batch_size = batch_size, seed = options.seed, quiet = true, device = "cpu",
      optimizer = {"sgd", lr = 1e-9},
      augment = {pad = 4, flip = true, rotate = 30}, adversarial = options.adversarial,
    })
    local all = torch.cat(net.images)
    lu.assertEquals(all:size(0), 2 * #data.train)
    local epochs = {}
    for epoch = 1, 2 do
      local images = all:narrow(0, (epoch - 1) * #data.train, #data.train)
      epochs[epoch] = images:index_select(0, images:mean({1, 2, 3}):argsort())
    end
    return epochs
  end
  local function distance(a, b) return (a - b):abs():max():item() end
  for _, adversarial in ipairs {false, hfc.attack.pgd {steps = 1, alpha = 1e-9}} do
    local options = {seed = 3, adversarial = adversarial or nil}
    local whole = seen(#data.train, options)
    for _, size in ipairs {1, 3, 7} do
      local some = seen(size, options)
      for epoch = 1, 2 do lu.assertTrue(distance(some[epoch], whole[epoch]) < 1e-6) end
    end
    lu.assertTrue(distance(whole[1], whole[2]) > 1e-2, "each epoch draws anew")
    local other = seen(#data.train, {seed = 4, adversarial = options.adversarial})
    lu.assertTrue(distance(whole[1], other[1]) > 1e-2, "and each seed")
  end
end

-- The weights of a network trained on images that are augmented and mixed.
local function weights_with(options, images)
  options.epochs, options.batch_size, options.quiet, options.seed = 2, 16, true, 3
  options.augment, options.mixup = {pad = 2, flip = true}, .3
  local model = hfc.model("preact_resnet8", {classes = 2, batch_norm = true, dropout = .3})
  local history = hfc.train(model, images, options)
  local weights = {}
  for i, weight in ipairs(model:parameters()) do weights[i] = weight:detach():flatten() end
  return torch.cat(weights), history
end

function TestTrain:test_threads_change_no_bit()
  local images = small_data().train
  local expected = weights_with({threads = 0}, images)
  for _, threads in ipairs {1, 2, 3, 7} do
    lu.assertTrue(weights_with({threads = threads}, images):equal(expected), threads)
  end
  lu.assertTrue(weights_with({}, images):equal(expected))
  lu.assertErrorMsgContains("threads must be 0 to 1024, got -1", weights_with, {threads = -1},
    images)
end

function TestTrain:test_last_batch()
  local images = small_data().train
  local weights, history = weights_with({drop_last = true}, images)
  lu.assertEquals(history[2].step, 4)
  lu.assertTrue(weights:equal((weights_with({drop_last = true, threads = 3}, images))))
  lu.assertFalse(weights:equal((weights_with({drop_last = false}, images))))
  lu.assertErrorMsgContains("drop_last leaves no batch of 'synthetic train, images 0 to 8': it \z
    has 9 images, fewer than the batch size 16", weights_with, {drop_last = true},
    images:slice(0, 9))
end

function TestTrain:test_a_last_batch_of_one_value_a_channel()
  local train = hfc.data("synthetic", {train = 21, test = 20, size = 16, high_radius = 6}).train
  local options = {epochs = 1, batch_size = 20, quiet = true}
  local model = hfc.model("vgg11", {batch_norm = true})
  lu.assertErrorMsgContains("leave a last batch of one image out (drop_last)", hfc.train, model,
    train, options)
  options.drop_last = true
  model = hfc.model("vgg11", {batch_norm = true})
  hfc.train(model, train, options)
  for name, buffer in model:named_buffers() do
    lu.assertTrue(buffer:isfinite():all():item(), name)
  end
end

function TestTrain:test_samples_that_cannot_be_read()
  local broken
  local images = hfc.dataset {size = 40, get = function(i)
    assert(i ~= broken, "sample 7 is damaged")
    return torch.full({3, 8, 8}, i / 40), i % 2
  end}
  local whole = weights_with({bad = "skip"}, images)
  broken = 7
  lu.assertErrorMsgContains("sample 7 is damaged", weights_with, {}, images)
  lu.assertFalse((weights_with({bad = "skip"}, images)):equal(whole))
  lu.assertErrorMsgContains("option 'bad': expected \"stop\" or \"skip\", got \"x\"", weights_with,
    {bad = "x"}, images)
end

function TestTrain:test_an_error_in_a_callback_ends_the_training_with_its_text()
  local data = small_data()
  lu.assertErrorMsgContains("from the script", hfc.train, small_model(), data.train,
    {epochs = 2, batch_size = 10, quiet = true, on_epoch = function() error("from the script") end})
end

function TestTrain:test_bad_input()
  local data, model = small_data(), small_model()
  local function fails(text, options)
    options.quiet = true
    lu.assertErrorMsgContains(text, hfc.train, model, data.train, options)
  end
  fails("batch", {batch_size = 0})
  fails("epochs", {epochs = 0})
  fails("lr", {optimizer = {"adam", lr = -1}})
  fails("mixup", {mixup = -0.1})
  fails("exclude each other", {mixup = 1, adversarial = hfc.attack.fgsm {}})
  fails("option 'adversarial': expected an Attack", {adversarial = "pgd"})
  fails("must have one epsilon", {adversarial = hfc.attack.pgd {epsilon = {0.01, 0.02}}})
  fails("unknown option 'flop' (did you mean 'flip'?)", {augment = {flop = true}})
  fails("adam", {optimizer = "adma"})
  fails("unknown option 'momemtum' (did you mean 'momentum'?)",
    {optimizer = {"sgd", momemtum = 0.9}})
  fails("unknown option 'epoch' (did you mean 'epochs'?)", {epoch = 3})
  fails("option 'probes', 'test': expected a Dataset, got number 3", {probes = {test = 3}})
  fails("unknown device 'gpu'", {device = "gpu"})
  fails("option 'log': expected a Series", {log = 3})
  fails("epoch 1, batch", {epochs = 1, batch_size = 10, optimizer = {"sgd", lr = 1e30}})
end

TestRun = {}

function TestRun:test_series_rows_and_lists()
  lu.assertErrorMsgContains("name", hfc.run, "../escape")
end

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
    lu.assertErrorMsgContains("average must be above 0 and below 1", self.trained, self,
                              {average = wrong})
  end
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
  lu.assertErrorMsgContains("is no parameter of the model", hfc.train, own, self.data.train,
                            {optimizer = sgd, quiet = true})
  local lbfgs = torch.optim.LBFGS(own:parameters())
  lu.assertErrorMsgContains("lbfgs needs a closure", hfc.train, own, self.data.train,
                            {optimizer = lbfgs, quiet = true})
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
  fails("must return the loss, a Tensor of one element; got", {loss = function() return 1 end})
  fails("the loss must be one floating-point number", {loss = function(_, x) return x end})
  fails("does not depend on the model's parameters", {loss = function(_, x) return x:sum() end})
  local other = torch.ones(1):requires_grad_(true)
  fails("does not depend on the model's parameters", {loss = function() return other:sum() end})
  fails("the term 'a' must be a number or a Tensor of one element", {
    loss = function(model, x) return model(x):sum(), {a = "b"} end})
  fails("the loss is nan at epoch 1, batch 1", {
    loss = function(model, x) return model(x):sum() * (0 / 0) end})
  fails("test_train.lua", {loss = function() error "my own" end})
  fails("my own", {loss = function() error "my own" end})
  fails("unknown loss 'cross_entropie' (did you mean 'cross_entropy'?)", {loss = "cross_entropie"})
  fails("unknown schedule 'cosin' (did you mean 'cosine'?)", {schedule = "cosin"})
  fails("unknown option 'warm'", {schedule = {"cosine", warm = 1}})
  fails("the function must return a factor, a number; got", {schedule = function() end})
  fails("the schedule must give a finite factor of at least 0; it gave -1 at epoch 1, step 1",
    {schedule = function() return -1 end})
  fails("patience is missing", {early_stop = {}})
  fails("mixup and adversarial exclude each other", {mixup = 1, adversarial = hfc.attack.fgsm {}})
  fails("mixup must be an alpha above 0", {mixup = -1})
end

require("support").run()
