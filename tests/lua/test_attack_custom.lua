-- Attacks of a script's own, ranges of pixels and given starts from Lua.
local lu = require "luaunit"

TestAttackCustom = {}

-- Tells bright images from dark ones by the border 0.5.
local function brightness()
  local Brightness = torch.nn.module "Brightness"
  function Brightness:init() self.scale = torch.nn.Parameter(torch.ones(1)) end
  function Brightness:forward(x)
    local mean = (x:mean({1, 2, 3}) - 0.5) * self.scale
    return torch.stack({-mean, mean}, 1)
  end
  return Brightness()
end

-- n images of class 1 which are above the border by 0.01, 0.02, ...
local function bright_images(n)
  local above = torch.arange(1, n + 1):float():mul(0.01):reshape(n, 1, 1, 1)
  return torch.full({n, 1, 4, 4}, 0.5) + above, torch.ones(n, {dtype = "int64"})
end

local function fgsm_by_hand(_, at)
  return at:originals() + at:epsilons() * at:gradient():sign()
end

function TestAttackCustom:test_a_function_is_an_attack()
  local model = hfc.model("preact_resnet8", {classes = 3, seed = 1})
  local x = torch.rand(6, 3, 8, 8)
  local y = torch.arange(6):remainder(3)
  for _, norm in ipairs {"linf", "l2"} do
    local attack = hfc.attack.custom {step = fgsm_by_hand, steps = 1, epsilon = 0.03, norm = norm}
    local adversarial = attack(model, x, y)
    if norm == "linf" then
      lu.assertTrue(adversarial:equal(hfc.attack.fgsm {epsilon = 0.03}(model, x, y)))
    else
      local change = adversarial:double() - x:double()
      lu.assertTrue(change:flatten(1):norm(2, 1):max():item() <= 0.03 + 1e-7)
    end
  end
  local data = hfc.dataset(x, y)
  local own = hfc.attack.custom {step = fgsm_by_hand, steps = 1, epsilon = {0, 0.01, 0.1}}
  local fgsm = hfc.attack.fgsm {epsilon = {0, 0.01, 0.1}}
  lu.assertEquals(hfc.robust_accuracy(model, data, own),
    hfc.robust_accuracy(model, data, fgsm))
  lu.assertStrContains(tostring(own), "Attack custom: epsilon 0, 0.01, 0.1")
end

function TestAttackCustom:test_a_step_sees_what_is_left()
  local net = brightness()
  local x, y = bright_images(5)
  local left = {}
  local darker = hfc.attack.custom {
    steps = 4, epsilon = 0.044,
    step = function(images, at, state)
      local n = images:size(0)
      left[#left + 1] = n
      state.mine = state.mine or at:originals():mean({1, 2, 3})
      state.plain = "kept"
      lu.assertEquals(at:iteration() + 1, #left)
      lu.assertEquals(at:labels():size(0), n)
      lu.assertEquals(at:epsilons():size(), {n, 1, 1, 1})
      lu.assertEquals(at:logits():size(), {n, 2})
      lu.assertEquals(at:losses():size(), {n})
      lu.assertEquals(at:class_gradients():size(), {n, 2, 1, 4, 4})
      lu.assertTrue(state.mine:equal(at:originals():mean({1, 2, 3})))
      return images - at:epsilons() / 4
    end}
  -- 0.011 a step: the first image leaves after one, the second after two, ...
  lu.assertAlmostEquals(hfc.robust_accuracy(net, x, y, darker), 0.2, 1e-6)
  lu.assertEquals(left, {5, 4, 3, 2})
end

function TestAttackCustom:test_class_gradients()
  local net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
  local weight = net[2] and net[2].weight or net[1].weight
  local x, y = torch.rand(2, 1, 2, 2), torch.zeros(2, {dtype = "int64"})
  local all, some
  hfc.attack.custom {steps = 1, step = function(images, at)
    all = at:class_gradients()
    some = at:class_gradients(torch.tensor({{2}, {1}}, {dtype = "int64"}))
    return images
  end}(net, x, y)
  lu.assertTrue((all[1]:reshape(3, 4) - weight:detach()):abs():max():item() < 1e-6)
  lu.assertTrue((some[0][0] - all[0][2]):abs():max():item() < 1e-6)
  lu.assertTrue((some[1][0] - all[1][1]):abs():max():item() < 1e-6)
end

function TestAttackCustom:test_random_numbers_belong_to_the_sample()
  local net = brightness()
  local x, y = bright_images(9)
  local function attack(seed)
    return hfc.attack.custom {seed = seed, steps = 2, epsilon = 0.1, step = function(images, at)
      lu.assertFalse(at:rand():equal(at:rand()))
      return images + (at:rand() - 0.5) * 0.1
    end}
  end
  local whole = attack(1)(net, x, y)
  for _, size in ipairs {1, 4} do
    for first = 0, 8, size do
      local rows = torch.arange(9):narrow(0, first, math.min(size, 9 - first))
      local some = attack(1)(net, x:index_select(0, rows), y:index_select(0, rows),
        {samples = rows})
      lu.assertTrue(some:equal(whole:index_select(0, rows)))
    end
  end
  lu.assertFalse(attack(2)(net, x, y):equal(whole))
  local start = {epsilon = 0.1, steps = 1, random_start = true, step = function(i) return i end}
  lu.assertTrue((hfc.attack.custom(start)(net, x, y) - x):abs():max():item() > 0.01)
end

function TestAttackCustom:test_training_on_a_function()
  local x, y = torch.rand(8, 3, 8, 8), torch.arange(8):remainder(2)
  local function weights(attack)
    local model = hfc.model("preact_resnet8", {classes = 2, seed = 1})
    hfc.train(model, hfc.dataset(x, y), {epochs = 1, quiet = true, adversarial = attack})
    return model:parameters()[1]
  end
  local own = hfc.attack.custom {step = fgsm_by_hand, steps = 1, epsilon = 0.1}
  lu.assertTrue(weights(own):equal(weights(hfc.attack.fgsm {epsilon = 0.1})))
  lu.assertFalse(weights(own):equal(weights()))
end

function TestAttackCustom:test_a_wrong_function()
  local net = brightness()
  local x, y = bright_images(3)
  local function fails(text, step)
    lu.assertErrorMsgContains(text, hfc.attack.custom {step = step}, net, x, y)
  end
  fails("'step' must return images as a Tensor float32 [3, 1, 4, 4], got nil", function() end)
  fails("got Tensor float32 [2, 1, 4, 4]", function(i) return i:narrow(0, 0, 2) end)
  fails("got Tensor float64", function(i) return i:double() end)
  fails("pixels are all finite", function(i) return i / 0 end)
  fails("my own words", function() error "my own words" end)
  fails("classes must be between 0 and 1", function(i, at)
    at:class_gradients(torch.full({3, 1}, 2, {dtype = "int64"}))
    return i
  end)
  local kept
  hfc.attack.custom {step = function(i, at)
    kept = at
    return i
  end}(net, x, y)
  for _, name in ipairs {"originals", "labels", "epsilons", "logits", "losses", "gradient",
    "class_gradients", "rand"} do
    lu.assertErrorMsgContains("can be used only during the iteration", kept[name], kept)
  end
  lu.assertErrorMsgContains("option 'step' is missing", hfc.attack.custom, {})
  lu.assertErrorMsgContains("a function(images, at, state)", hfc.attack.custom, {step = 3})
  lu.assertErrorMsgContains("norm must be", hfc.attack.custom,
    {step = fgsm_by_hand, norm = "l1"})
  lu.assertErrorMsgContains("alpha", hfc.attack.custom, {step = fgsm_by_hand, alpha = 1})
end

function TestAttackCustom:test_filtered_views_with_another_range()
  -- Black and white pixels: a low pass overshoots.
  local data = hfc.dataset(torch.rand(12, 3, 16, 16):round(),
    torch.arange(12):remainder(2))
  local model = hfc.model("preact_resnet8", {classes = 2, seed = 1})
  local views = {data:low_pass(4), data:high_pass(4),
    data:map(function(images) return images * 3 - 1 end)}
  for _, view in ipairs(views) do
    lu.assertErrorMsgMatches('.*hfc.robust_accuracy: images must have pixels in %[0,1%], got .*' ..
      'option \'range\' to {lowest, highest}, or to "none" for filtered images',
      hfc.robust_accuracy, model, view, hfc.attack.pgd {steps = 2})
    local robust =
      hfc.robust_accuracy(model, view, hfc.attack.pgd {steps = 2, range = "none"})
    lu.assertTrue(robust <= hfc.accuracy(model, view))
    local x, y = view:batch(0, 12)
    for _, range in ipairs {"none", {-9, 9}, {-math.huge, math.huge}} do
      local adversarial = hfc.attack.fgsm {epsilon = 0.1, range = range}(model, x, y)
      lu.assertTrue(((adversarial - x):abs():max() - 0.1):abs():item() < 1e-6)
    end
  end
  hfc.train(model, data:low_pass(4), {epochs = 1, quiet = true,
    adversarial = hfc.attack.fgsm {range = "none"}})
  for _, wrong in ipairs {"all", {1}, {0, 1, 2}, 3} do
    lu.assertErrorMsgContains('option \'range\': expected a list {lowest, highest} or "none"',
      hfc.attack.fgsm, {range = wrong})
  end
  lu.assertErrorMsgContains("hfc.attack.fgsm: 'range' must be two ascending numbers",
    hfc.attack.fgsm, {range = {1, 0}})
end

function TestAttackCustom:test_a_given_start()
  local net = brightness()
  local x, y = bright_images(4)
  local start = torch.rand(4, 1, 4, 4) * 0.02
  local attack = hfc.attack.pgd {start = start, steps = 1, alpha = 1e-9, epsilon = 0.1}
  local expected = x + start
  start:zero_()
  lu.assertTrue((attack(net, x, y) - expected):abs():max():item() < 1e-6)
  lu.assertErrorMsgContains("has no option 'start'", hfc.attack.fgsm, {start = start})
  lu.assertErrorMsgContains("(one per image)", attack, net, bright_images(3))
  lu.assertErrorMsgContains("option 'start'", hfc.attack.pgd, {start = 1})
end

function TestAttackCustom:test_keep_and_early_errors()
  local net = brightness()
  local x, y = bright_images(2)
  local options = {epsilon = 0.08, alpha = 0.02, steps = 4}
  local last = hfc.attack.bim(options)(net, x, y)
  options.keep = "best"
  local best = hfc.attack.bim(options)(net, x, y)
  lu.assertTrue(((x - last):mean() - 0.08):abs():item() < 1e-6)
  lu.assertTrue((x - best)[0]:max():item() < 0.03)
  lu.assertErrorMsgContains('hfc.attack.bim: keep must be "last" or "best", got "first"',
    hfc.attack.bim, {keep = "first"})
  lu.assertErrorMsgContains('hfc.attack.pgd: loss must be "cross_entropy" or "margin"',
    hfc.attack.pgd, {loss = "hinge"})
  lu.assertErrorMsgContains("hfc.attack.pgd: steps must be at least 1", hfc.attack.pgd,
    {steps = 0})
  lu.assertErrorMsgContains("hfc.attack.pgd: epsilon must be a finite number", hfc.attack.pgd,
    {epsilon = {0.1, -1}})
  lu.assertErrorMsgContains("unknown option 'decay'", hfc.attack.pgd, {decay = 1})
end

require("support").run()
