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
  lu.assertErrorMsgContains("expected a Tensor, got string 'x'", function() return model("x") end)
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
  lu.assertErrorMsgContains("drop_last would drop the only batch of 'synthetic train, images \z
    0 to 8': it has 9 images, fewer than the batch size 16", weights_with, {drop_last = true},
    images:slice(0, 9))
end

function TestTrain:test_a_last_batch_of_one_value_a_channel()
  local train = hfc.data("synthetic", {train = 21, test = 20, size = 16, high_radius = 6}).train
  local options = {epochs = 1, batch_size = 20, quiet = true}
  local model = hfc.model("vgg11", {batch_norm = true})
  lu.assertErrorMsgContains("drop it (drop_last)", hfc.train, model,
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
  fails("are mutually exclusive", {mixup = 1, adversarial = hfc.attack.fgsm {}})
  fails("option 'adversarial': expected an Attack", {adversarial = "pgd"})
  fails("must have a single epsilon", {adversarial = hfc.attack.pgd {epsilon = {0.01, 0.02}}})
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

require("support").run()
