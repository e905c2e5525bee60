-- hfc.mask from Lua; the numbers themselves are compared with numpy's and PyTorch's in
-- tests/core/mask.
local lu = require "luaunit"

TestMask = {}

-- A trained network and images of which the low frequencies (r <= 4) alone carry the label.
local function trained()
  local data = hfc.data("synthetic", {
    train = 200, test = 100, classes = 4, size = 16, channels = 1, low = .25, high = 0,
    noise = .15, low_radius = 3, high_radius = 8,
  })
  local model = hfc.model("preact_resnet8", {classes = 4, channels = 1, batch_norm = true})
  hfc.train(model, data.train,
    {epochs = 6, batch_size = 20, optimizer = {"adam", lr = 3e-3}, quiet = true})
  return model, data
end

function TestMask:test_a_learned_mask_holds_the_band_that_carries_the_label()
  local model, data = trained()
  local masks, report = hfc.mask.learn(model, data.train, {epochs = 60, lr = .02})
  lu.assertEquals(masks.shape, {1, 1, 16, 16})
  lu.assertAlmostEquals(report.l1:item(), masks:mean():item(), 1e-6)
  local band = hfc.frequency.mask(16, 16, 3)
  lu.assertTrue((masks * band):sum():item() >= .9 * masks:sum():item())
  lu.assertTrue(hfc.accuracy(model, data.test) > .9)
  lu.assertTrue(hfc.mask.accuracy(model, data.test, masks) > .9)
  lu.assertTrue(hfc.mask.accuracy(model, data.test, hfc.mask.threshold(masks, .01)) > .9)
  local each = hfc.mask.learn(model, data.test:subset(10),
    {per = "image", labels = "predicted", steps = 5})
  lu.assertEquals(each.shape, {10, 1, 16, 16})
  local rounded = hfc.mask.learn(model, data.test:subset(10),
    {per = "image", labels = "predicted", steps = 5, bfloat16 = true})
  local apart = (rounded - each):abs():max():item()
  lu.assertTrue(apart > 0 and apart < .1,
    "masks by way of bfloat16 are " .. apart .. " from the others")
  local classes = hfc.mask.learn(model, data.train, {per = "class", epochs = 1, per_channel = true})
  lu.assertEquals(classes.shape, {4, 1, 16, 16})
end

function TestMask:test_apply_is_differentiable()
  local x = torch.rand(2, 3, 8, 8)
  local mask = torch.rand(8, 8):requires_grad_(true)
  hfc.mask.apply(x, mask):square():sum():backward()
  lu.assertTrue((mask.grad - hfc.mask.symmetrise(mask.grad)):abs():max():item() < 1e-5)
  local direct = torch.real(torch.fft_ifft2(torch.fft_fft2(x) * mask:detach()))
  lu.assertTrue((hfc.mask.apply(x, mask:detach()) - direct):abs():max():item() < 1e-5)
end

function TestMask:test_predict_agrees_with_accuracy()
  local data = hfc.data("synthetic", {train = 10, test = 20, classes = 3})
  local model = hfc.model("preact_resnet8", {classes = 3})
  local classes, confidences = hfc.mask.predict(model, data.test, torch.ones(32, 32))
  lu.assertEquals(classes.shape, {20})
  local x = data.test:batch(0, 20)
  model:eval()
  local expected = torch.no_grad(function() return model(x):softmax(1):amax(1) end)
  lu.assertTrue((confidences - expected):abs():max():item() < 1e-5)
  lu.assertEquals(classes:eq(data.test:labels()):double():mean():item(),
    hfc.mask.accuracy(model, data.test, nil))
  lu.assertEquals(hfc.mask.accuracy(model, data.test:batch(0, 20), nil, {labels = classes}), 1)
end

function TestMask:test_maps()
  local data = hfc.data("synthetic",
    {train = 10, test = 6, classes = 3, size = 8, low_radius = 2, high_radius = 3})
  local model = hfc.model("preact_resnet8", {classes = 3})
  local heat = hfc.sensitivity.heat_map(model, data.test, {epsilon = 1, reach = 1})
  lu.assertEquals(heat.shape, {8, 8})
  lu.assertEquals(heat:isnan():sum():item(), 64 - 9)
  lu.assertEquals(hfc.sensitivity.dominant(model, data.test, {reach = 0}).shape, {3, 8, 8})
  lu.assertEquals(hfc.mask.largest(torch.rand(3, 8, 8), .25):sum():item(), 48)
  local spectrum = hfc.spectrum.power(data.test)
  lu.assertEquals(spectrum.shape, {3, 8, 8})
  local values, centres, counts = hfc.spectrum.radial(spectrum,
    {bands = 4, measure = "mean", radius = 4})
  lu.assertEquals({values.shape, centres:tolist(), counts:tolist()},
    {{3, 4}, {.5, 1.5, 2.5, 3.5}, {1, 8, 16, 22}})
  lu.assertEquals((hfc.spectrum.angular(spectrum, {bands = 6})).shape, {3, 6})
  lu.assertEquals(hfc.sensitivity.input_gradients(model, data.test).shape, {6, 3, 8, 8})
end

function TestMask:test_probe_and_augmentation()
  local x, y = torch.cat({torch.rand(20, 4), torch.rand(20, 4) + .8}),
    torch.cat({torch.zeros(20), torch.ones(20)}):long()
  local train, test = hfc.sensitivity.linear_probe(x, y, x, y)
  lu.assertEquals({train, test}, {1, 1})
  lu.assertTrue(select(2, hfc.sensitivity.linear_probe(x, y, x, y, {scrambled = true})) < .9)
  local images = torch.rand(3, 1, 8, 8)
  lu.assertTrue((hfc.augment(images, {}) - images):abs():max():item() < 1e-5)
  lu.assertEquals(hfc.augment(images, {
    scale = {.5, 1.5}, translate = .4, rotate = 180, crop = .5, flip = true,
  }).shape, {3, 1, 8, 8})
end

function TestMask:test_augmentation_belongs_to_the_sample()
  local x = torch.rand(21, 3, 8, 8)
  local function change(images, samples, seed)
    return hfc.augment(images, {
      scale = {.5, 1.5}, translate = .2, rotate = 90, crop = .5, pad = 2, flip = true,
      seed = seed or 5, samples = samples,
    })
  end
  local whole = change(x)
  lu.assertTrue(change(x, torch.arange(21)):equal(whole))
  for _, size in ipairs {1, 3, 7} do
    for first = 0, 20, size do
      local rows = torch.arange(21):flip(0):narrow(0, first, size)
      local some = change(x:index_select(0, rows), rows)
      lu.assertTrue((some - whole:index_select(0, rows)):abs():max():item() < 1e-6)
    end
  end
  lu.assertFalse(change(x, torch.arange(1, 22)):equal(whole))
  lu.assertFalse(change(x, nil, 6):equal(whole))
  lu.assertErrorMsgContains("samples must be int64 [21] (the index of each image in its source)",
    hfc.augment, x, {samples = torch.arange(20)})
  lu.assertErrorMsgContains("samples must be int64 [21]", hfc.augment, x, {samples = x})
end

function TestMask:test_bad_input()
  local data = hfc.data("synthetic", {train = 4, test = 4, classes = 3})
  local model, mask = hfc.model("preact_resnet8", {classes = 3}), hfc.mask
  lu.assertErrorMsgContains('\'per\' must be "data set", "class" or "image", got "pixel"',
    mask.learn, model, data.test, {per = "pixel"})
  lu.assertErrorMsgContains("lambda must be a finite number >= 0, got -1",
    mask.learn, model, data.test, {lambda = -1})
  lu.assertErrorMsgContains("expected \"true\", \"predicted\" or a Tensor, got 'mine'",
    mask.learn, model, data.test, {labels = "mine"})
  lu.assertErrorMsgContains("unknown option 'lamda' (did you mean 'lambda'?)",
    mask.learn, model, data.test, {lamda = 1})
  lu.assertErrorMsgContains("has no labels; expected an int64 tensor [2]", mask.learn, model,
    torch.rand(2, 3, 32, 32))
  lu.assertErrorMsgContains("option 'log': expected a Series or a Run, got number",
    mask.learn, model, data.test, {log = 3})
  lu.assertErrorMsgContains("unknown option 'labels'",
    mask.predict, model, data.test, nil, {labels = data.test:labels()})
  lu.assertErrorMsgContains(
    "must be between 0 and 2 (the model's classes), got 4",
    mask.accuracy, model, data.test, nil, {labels = torch.tensor({1, 2, 4, 2}):long()})
  lu.assertErrorMsgContains("mask must have a floating-point dtype, got complex64",
    mask.symmetrise, torch.fft_fft2(torch.rand(4, 4)))
  lu.assertErrorMsgContains("expected a Dataset or a Tensor [N, C, H, W]", mask.learn, model, {})
  lu.assertErrorMsgContains("mask must be [..., 32, 32]",
    mask.accuracy, model, data.test, torch.ones(8, 8))
  lu.assertErrorMsgContains("expected two numbers {min, max}, got 1",
    hfc.augment, torch.rand(1, 1, 4, 4), {scale = {2}})
  lu.assertErrorMsgContains("'measure' must be one of",
    hfc.spectrum.radial, torch.rand(4, 4), {measure = "energy"})
end

TestRange = {}

function TestRange:test_the_heat_map_refuses_images_that_it_would_clip()
  local data = hfc.data("synthetic", {train = 8, test = 8, size = 16, high_radius = 6})
  local model = hfc.model("preact_resnet8")
  lu.assertErrorMsgContains("must have pixels in [0,1]", hfc.sensitivity.heat_map, model,
    data.test:high_pass(2), {epsilon = .1})
  lu.assertErrorMsgContains(
    "must have pixels in [0,1], but some are NaN", hfc.sensitivity.heat_map, model,
    data.test:map(function(images) return images * (0 / 0) end), {epsilon = .1})
end

function TestRange:test_augmenting_without_a_seed_draws_anew()
  local images = torch.rand(20, 1, 8, 8)
  torch.manual_seed(1)
  local one, two = hfc.augment(images, {pad = 3}), hfc.augment(images, {pad = 3})
  lu.assertFalse(one:equal(two))
  torch.manual_seed(1)
  lu.assertTrue(hfc.augment(images, {pad = 3}):equal(one))
end

require("support").run()
