-- Functions that measure a network: hfc.accuracy, hfc.logits and what follows from logits.
local lu = require "luaunit"

TestMeasure = {}

-- A network whose logits are the means of the channels: what it says is known.
local function channel_means(broken)
  local Means = torch.nn.module "Means"
  function Means:init() self.scale = torch.nn.Parameter(torch.ones(1)) end
  function Means:forward(x)
    local logits = x:mean({2, 3}) * self.scale
    return broken and logits * (0 / 0) or logits
  end
  return Means()
end

-- Image i is brightest in channel i % 3; labels say so but for the last image.
local function sample()
  local images = torch.zeros(6, 3, 8, 8)
  for i = 0, 5 do images[i][i % 3]:fill_(1) end
  return images, torch.tensor({0, 1, 2, 0, 1, 1}, {dtype = "int64"})
end

function TestMeasure:test_numbers_of_a_network_whose_answers_are_known()
  local net, images, labels = channel_means(), sample()
  local data = hfc.dataset(images, labels, {class_names = {"red", "green", "blue"}})
  for _, arguments in ipairs {{data}, {images, labels}} do
    lu.assertAlmostEquals(hfc.accuracy(net, unpack(arguments)), 5 / 6, 1e-12)
    lu.assertEquals(
      hfc.class_accuracy(net, unpack(arguments)):mul(6):tolist(), {6, 4, 6})
    lu.assertEquals(
      hfc.confusion_matrix(net, unpack(arguments)):tolist(), {{2, 0, 0}, {0, 2, 1}, {0, 0, 1}})
    lu.assertEquals(hfc.predict(net, unpack(arguments)):tolist(), {0, 1, 2, 0, 1, 2})
    lu.assertTrue(hfc.logits(net, unpack(arguments)):equal(images:mean {2, 3}))
  end
  lu.assertEquals(hfc.accuracy(net, data, {top = 3}), 1)
  -- Every confidence is e / (e + 2); they lie in one bin.
  local confidence = math.exp(1) / (math.exp(1) + 2)
  lu.assertAlmostEquals(hfc.calibration_error(net, data), 5 / 6 - confidence, 1e-7)
end

-- Every function that measures a network, called with one network.
local function measures(net, images, labels)
  local data = hfc.dataset(images, labels)
  local pgd = hfc.attack.pgd {steps = 2}
  return {
    accuracy = function() return hfc.accuracy(net, data) end,
    predict = function() return hfc.predict(net, data) end,
    logits = function() return hfc.logits(net, data) end,
    class_accuracy = function() return hfc.class_accuracy(net, data) end,
    confusion_matrix = function() return hfc.confusion_matrix(net, data) end,
    calibration_error = function() return hfc.calibration_error(net, data) end,
    attack = function() return pgd(net, images, labels) end,
    robust_accuracy = function() return hfc.robust_accuracy(net, data, pgd) end,
    robust_in_full = function()
      return hfc.robust_accuracy(net, data, pgd, {early_stop = false})
    end,
    smallest_epsilon = function()
      return hfc.smallest_epsilon(net, images, labels, hfc.attack.fgsm(), {bisections = 2})
    end,
    mask_predict = function() return hfc.mask.predict(net, data, torch.ones(8, 8)) end,
    mask_accuracy = function() return hfc.mask.accuracy(net, data, torch.ones(8, 8)) end,
    mask_learn = function() return hfc.mask.learn(net, data, {epochs = 1}) end,
    heat_map = function() return hfc.sensitivity.heat_map(net, data, {reach = 1}) end,
    dominant = function() return hfc.sensitivity.dominant(net, data, {reach = 1}) end,
    input_gradients = function() return hfc.sensitivity.input_gradients(net, data) end,
    probes = function()
      return hfc.train(net, data, {epochs = 1, quiet = true, probes = {same = data}})
    end,
  }
end

function TestMeasure:test_no_function_takes_nan_for_an_answer()
  local images, labels = sample()
  for name, measure in pairs(measures(channel_means(), images, labels)) do
    lu.assertTrue(pcall(measure), name .. " works with a sound network")
  end
  for name, measure in pairs(measures(channel_means(true), images, labels)) do
    local works, message = pcall(measure)
    lu.assertFalse(works, name .. " refuses NaN")
    lu.assertTrue(message:find "NaN" ~= nil or message:find "nan" ~= nil or
      message:find "not a number" ~= nil, name .. ": " .. message)
  end
end

function TestMeasure:test_statistics_of_batch_norm()
  local net = hfc.model("preact_resnet8", {batch_norm = true, classes = 3})
  local images, labels = torch.rand(8, 3, 16, 16), torch.arange(8):remainder(3)
  local running = hfc.logits(net, images)
  local batch = hfc.logits(net, images, {statistics = "batch"})
  lu.assertFalse(running:equal(batch))
  local all = {statistics = {adapted = {images = 8}}}
  lu.assertTrue((hfc.logits(net, images, all) - batch):abs():max():item() < .05)
  lu.assertTrue(hfc.logits(net, images):equal(running), "everything is as it was")
  lu.assertErrorMsgContains(
    "option 'statistics': expected \"running\", \"batch\"", hfc.accuracy, net, images, labels,
    {statistics = "mean"})
  lu.assertErrorMsgContains(
    "'images' must be between 1 and 8", hfc.accuracy, net, images, labels,
    {statistics = {adapted = {images = 9}}})
  lu.assertErrorMsgContains(
    "unknown option 'image'", hfc.accuracy, net, images, labels,
    {statistics = {adapted = {image = 9}}})
end

-- BatchNorm written in Lua answers as the built-in one.
function TestMeasure:test_statistics_of_a_network_written_in_lua()
  local norm = torch.nn.BatchNorm2d(4)
  local net = torch.nn.Sequential(
    torch.nn.Conv2d(3, 4, 3), norm, torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 3))
  local images = torch.rand(8, 3, 10, 10)
  local before = norm.running_mean:clone()
  local batch = net(images):detach()
  norm.running_mean:copy_(before)
  lu.assertTrue(torch.allclose(hfc.logits(net, images, {statistics = "batch"}), batch, 1e-4, 1e-5))
  lu.assertTrue(norm.running_mean:equal(before))
  lu.assertTrue(norm.training)
end

function TestMeasure:test_a_data_set_is_nobodys_to_change()
  local images, labels = sample()
  local data = hfc.dataset(images, labels)
  images:zero_()
  labels:zero_()
  data:labels():zero_()
  local batch, batch_labels = data:batch(0, 6)
  batch:zero_()
  batch_labels:zero_()
  for view in pairs {[data] = 1, [data:slice(0, 6)] = 1, [data:subset(6)] = 1} do
    lu.assertEquals(view:labels():sum():item(), 5)
    view:labels():zero_()
    lu.assertEquals(view:labels():sum():item(), 5)
  end
  lu.assertEquals(data:batch(0, 6):sum():item(), 6 * 64)
end

function TestMeasure:test_errors_name_what_is_wrong()
  local net, images, labels = channel_means(), sample()
  lu.assertErrorMsgContains("has no labels", hfc.accuracy, net, images)
  lu.assertErrorMsgContains(
    "hfc.accuracy: labels of 'images' must be between 0 and 2", hfc.accuracy, net, images,
    labels + 2)
  lu.assertErrorMsgContains("'top' must be between 1 and 3", hfc.accuracy, net, images, labels,
    {top = 4})
  lu.assertErrorMsgContains(
    "x:permute(0, 3, 1, 2)", hfc.accuracy, net, torch.rand(6, 16, 16, 3):byte(), labels)
  lu.assertErrorMsgContains(
    "option 'batch_size': expected at least 1", hfc.logits, net, images, {batch_size = 0})
  lu.assertErrorMsgContains(
    "option 'bins': expected at least 1", hfc.calibration_error, net, images, labels, {bins = 0})
  lu.assertErrorMsgContains("int64 [6]", hfc.dataset, images, labels:float())
  lu.assertErrorMsgContains("int64 [6]", hfc.dataset, images, labels:slice(0, 0, 5))
  lu.assertErrorMsgContains("must be >= 0", hfc.dataset, images, labels - 1)
  lu.assertErrorMsgContains(
    "labels must be between 0 and 0", hfc.dataset, images, labels, {class_names = {"one"}})
end

require("support").run()
