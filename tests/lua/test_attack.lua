-- hfc.attack from Lua; the images themselves are compared with torchattacks' in tests/core/attack.
local lu = require "luaunit"

TestAttack = {}

-- A network that tells bright images from dark ones: which pixel values fool it is known.
local function brightness()
  local Brightness = torch.nn.module "Brightness"
  function Brightness:init() self.scale = torch.nn.Parameter(torch.ones(1)) end
  function Brightness:forward(x)
    local mean = x:mean({1, 2, 3}) - 0.5
    return torch.stack({mean * self.scale * -1, mean * self.scale}, 1)
  end
  return Brightness()
end

local labels = torch.tensor({0, 1}, {dtype = "int64"})
local function images()
  return torch.stack {torch.full({3, 8, 8}, 0.4), torch.full({3, 8, 8}, 0.7)}
end

function TestAttack:test_fgsm_goes_the_whole_way_to_the_boundary()
  local net, x = brightness(), images()
  local adversarial = hfc.attack.fgsm {epsilon = 0.05}(net, x, labels)
  lu.assertTrue((adversarial[0] - 0.45):abs():max():item() < 1e-6)
  lu.assertTrue((adversarial[1] - 0.65):abs():max():item() < 1e-6)
  lu.assertNil(net.scale.grad)
  lu.assertTrue(net.training)
end

function TestAttack:test_several_epsilons_and_the_smallest()
  local net, x = brightness(), images()
  local list =
    hfc.attack.pgd {epsilon = {0.02, 0.3}, steps = 5, relative_alpha = 0.5}(net, x, labels)
  lu.assertEquals(#list, 2)
  lu.assertTrue((list[1] - x):abs():max():item() <= 0.02 + 1e-6)
  local smallest =
    hfc.smallest_epsilon(net, x, labels, hfc.attack.fgsm(), {bisections = 14}):tolist()
  lu.assertAlmostEquals(smallest[1], 0.1, 1e-3)
  lu.assertAlmostEquals(smallest[2], 0.2, 1e-3)
end

-- Fooled by a mean pixel of .55 to .6 only: a larger step goes too far.
local Window = torch.nn.module "Window"

function Window:forward(x)
  local class_1 = .025 - (x:mean {1, 2, 3} - .575):abs()
  return torch.stack({torch.zeros_like(class_1), class_1}, 1)
end

function TestAttack:test_epsilons_in_ascending_order_find_what_a_bisection_misses()
  local x, zeros = torch.full({2, 3, 4, 4}, .5), torch.zeros(2):long()
  local fgsm, epsilons = hfc.attack.fgsm(), {}
  for i = 1, 20 do epsilons[i] = i / 100 + .001 end
  local function smallest(options)
    return hfc.smallest_epsilon(Window(), x, zeros, fgsm, options):tolist()
  end
  lu.assertEquals(smallest {max_epsilon = .3}, {math.huge, math.huge})
  local found = smallest {epsilons = epsilons}
  lu.assertAlmostEquals(found[1], epsilons[5], 1e-6)
  lu.assertAlmostEquals(found[2], epsilons[5], 1e-6)
  lu.assertEquals(smallest {epsilons = {.02, .2}}, {math.huge, math.huge})
  lu.assertErrorMsgContains("in ascending order; got 0.1 after 0.2", smallest,
                            {epsilons = {.2, .1}})
  lu.assertErrorMsgContains("already searches for the nearest adversarial image",
                            hfc.smallest_epsilon, Window(), x, zeros, hfc.attack.deepfool {},
                            {epsilons = {.1}})
end

function TestAttack:test_bounds_end_a_bisection_without_moving_an_image_across_them()
  local data = hfc.data("synthetic", {train = 4, test = 30})
  local model = hfc.model("preact_resnet8", {seed = 3})
  local x = data.test:batch(0, 30)
  local y = hfc.predict(model, x)
  local pgd = hfc.attack.pgd {steps = 5, relative_alpha = .3, random_start = false}
  local whole = hfc.smallest_epsilon(model, x, y, pgd, {max_epsilon = .3, bisections = 14})
  local bounds = {whole:median():item(), whole:max():item() * .9}
  local short = hfc.smallest_epsilon(model, x, y, pgd,
                                     {max_epsilon = .3, bisections = 14, bounds = bounds})
  for _, bound in ipairs(bounds) do
    lu.assertTrue(short:gt(bound):equal(whole:gt(bound)))
  end
  lu.assertTrue(short:ge(whole):all():item())
  lu.assertTrue(short:gt(whole):any():item())
  lu.assertErrorMsgContains("bounds must be finite", hfc.smallest_epsilon, model, x, y, pgd,
                            {bounds = {0}})
end

function TestAttack:test_a_perturbation_of_high_frequencies_only()
  local model = hfc.model("preact_resnet8", {classes = 2, seed = 1})
  local x = torch.rand(2, 3, 16, 16) * 0.5 + 0.25
  local adversarial =
    hfc.attack.pgd {epsilon = 0.02, steps = 3, band = {part = "high", radius = 4}}(model, x, labels)
  local low = hfc.frequency.low_pass(adversarial - x, 4)
  lu.assertTrue(low:abs():max():item() < 1e-5)
  lu.assertTrue((adversarial - x):abs():max():item() > 1e-3)
end

-- Calls f(images, labels, samples) in batches of each size, in reverse order, and compares each
-- answer with that for all images at once.
local function same_in_every_batch(f, x, y)
  local n = x:size(0)
  local whole = f(x, y, torch.arange(n))
  for _, size in ipairs {1, 3, 7} do
    for first = 0, n - 1, size do
      local rows = torch.arange(n):flip(0):narrow(0, first, math.min(size, n - first))
      local some = f(x:index_select(0, rows), y:index_select(0, rows), rows)
      lu.assertTrue((some - whole:index_select(0, rows)):abs():max():item() < 1e-5)
    end
  end
  return whole
end

function TestAttack:test_a_random_start_belongs_to_its_sample()
  local net = brightness()
  local x = torch.full({21, 3, 8, 8}, 0.501)
  local y = torch.ones(21, {dtype = "int64"})
  for _, method in ipairs {"pgd", "pgdl2"} do
    local function attack(seed)
      local start = hfc.attack[method] {epsilon = 0.1, steps = 1, alpha = 1e-9, seed = seed}
      return function(some, of, samples) return start(net, some, of, {samples = samples}) end
    end
    local whole = same_in_every_batch(attack(1), x, y)
    lu.assertTrue((whole - x):abs():max():item() > 1e-3)
    lu.assertTrue(attack(1)(x, y):equal(whole), "samples are 0 to N - 1 by default")
    lu.assertFalse(attack(2)(x, y):equal(whole))
    lu.assertFalse(attack(1)(x, y, torch.arange(1, 22)):equal(whole))
  end
  local pgd = hfc.attack.pgd {steps = 1, relative_alpha = 1e-9}
  same_in_every_batch(function(some, of, samples)
    local smallest = hfc.smallest_epsilon(net, some, of, pgd, {samples = samples})
    return smallest:clamp(0, 9) -- some are infinite
  end, x, y)
  lu.assertErrorMsgContains("samples must be int64 [21]", pgd, net, x, y,
    {samples = torch.arange(20)})
end

function TestAttack:test_robust_accuracy()
  local data = hfc.data("synthetic", {train = 10, test = 20, classes = 2})
  local model = hfc.model("preact_resnet8", {classes = 2, seed = 1})
  local shares =
    hfc.robust_accuracy(model, data.test, hfc.attack.pgd {epsilon = {0, 0.5}, steps = 3})
  lu.assertEquals(#shares, 2)
  lu.assertEquals(shares[1], hfc.accuracy(model, data.test))
  lu.assertTrue(shares[2] <= shares[1])
end

function TestAttack:test_bad_input()
  local net, x = brightness(), images()
  lu.assertErrorMsgContains("epsilon",
    function() hfc.attack.fgsm {epsilon = -1}(net, x, labels) end)
  lu.assertErrorMsgContains("steps", function() hfc.attack.pgd {steps = 0}(net, x, labels) end)
  lu.assertErrorMsgContains("[0,1]", hfc.attack.fgsm(), net, x * 2, labels)
  lu.assertErrorMsgContains("label", hfc.attack.fgsm(), net, x, labels + 5)
  lu.assertErrorMsgContains("did you mean 'epsilon'", hfc.attack.fgsm, {epsilom = 1})
  lu.assertErrorMsgContains("'part' must be \"low\" or \"high\"",
    hfc.attack.fgsm, {band = {part = "middle", radius = 3}})
end

function TestAttack:test_apgd_finds_the_boundary_in_both_norms()
  local net, x = brightness(), images()
  local linf = hfc.attack.apgd {epsilon = 0.15, steps = 10, loss = "margin"}
  local fooled = (linf(net, x, labels) - x):abs():flatten(1):max(1)
  lu.assertTrue(fooled[0]:item() > 0.1 and fooled[0]:item() <= 0.15 + 1e-7)
  -- The second image is 0.2 away: it comes back as it was.
  lu.assertEquals(fooled[1]:item(), 0)
  lu.assertEquals(hfc.robust_accuracy(net, x, labels, linf), 0.5)
  local far = 0.15 * math.sqrt(192)
  local l2 = hfc.attack.apgd {norm = "l2", epsilon = far, steps = 10, targets = 1}
  lu.assertEquals(hfc.robust_accuracy(net, x, labels, l2), 0.5)
end

function TestAttack:test_apgd_says_what_is_wrong()
  local net, x = brightness(), images()
  lu.assertErrorMsgContains("requires at least 3 classes, but the model has 2",
    hfc.attack.apgd {loss = "dlr"}, net, x, labels)
  lu.assertErrorMsgContains("targets must be at most 1", hfc.attack.apgd {targets = 9}, net, x,
    labels)
  lu.assertErrorMsgContains('norm must be "linf" or "l2", got "l1"', hfc.attack.apgd,
    {norm = "l1"})
  lu.assertErrorMsgContains("steps must be at least 1", hfc.attack.apgd, {steps = 0})
  lu.assertErrorMsgContains("rho must be a finite number above 0", hfc.attack.apgd, {rho = 0})
end

function TestAttack:test_a_band_of_the_cosine_transform()
  local x, y = torch.rand(2, 3, 8, 8) * 0.5 + 0.25, torch.tensor({0, 1}, {dtype = "int64"})
  local net = hfc.model("preact_resnet8", {seed = 1})
  local change = hfc.attack.pgd {steps = 2, band = {dct = 1 / 8}}(net, x, y) - x
  -- One of eight coefficients in each direction: the mean of the channel.
  lu.assertTrue((change - change:mean({2, 3}, true)):abs():max():item() < 1e-6)
  lu.assertErrorMsgContains("dct (a fraction of the coefficients) must be above 0",
    hfc.attack.pgd, {band = {dct = 2}})
end

function TestAttack:test_auto_and_its_report()
  local data = hfc.data("synthetic", {train = 20, test = 12}).test
  local net = hfc.model("preact_resnet8", {seed = 2})
  local standard = hfc.attack.auto {epsilon = 0.5}
  lu.assertStrContains(tostring(standard), "Attack auto: epsilon 0.5")
  local steps = {hfc.attack.apgd {steps = 5}, hfc.attack.fab {steps = 5, targets = 1},
    hfc.attack.square {queries = 20, rescale = true}}
  local list = hfc.attack.auto {epsilon = 4 / 255, version = steps}
  local report = hfc.robustness(net, data, list)
  lu.assertEquals(#report.steps, 3)
  lu.assertEquals(report.clean, hfc.accuracy(net, data))
  lu.assertEquals(report.robust, hfc.robust_accuracy(net, data, list))
  lu.assertTrue(report.robust <= report.clean)
  lu.assertEquals(report.fooled_by:eq(-1):double():mean():item(), 1 - report.clean)
  local x, y = data:batch(0, 12)
  lu.assertTrue(list(net, x, y):equal(report.images))
  for _, warning in ipairs(report.warnings) do lu.assertIsString(warning.text) end
end

function TestAttack:test_a_report_lists_its_checks()
  local data = hfc.data("synthetic", {train = 20, test = 12}).test
  local net = hfc.model("preact_resnet8", {seed = 2})
  local attack = hfc.attack.pgd {epsilon = 2 / 255, steps = 20}
  local report = hfc.robustness(net, data, attack)
  local names = {}
  for _, check in ipairs(report.checks) do
    names[#names + 1] = check.name
    lu.assertIsNumber(check.value)
    lu.assertIsNumber(check.limit)
  end
  lu.assertItemsEquals(names, {"gradients inside", "randomised", "probabilities", "zero gradient",
    "zero gradient", "more steps help less", "one step wins", "noise wins", "unbounded",
    "not falling", "not converged", "batch statistics"})
  local above = 0
  for _, check in ipairs(report.checks) do
    if check.value > check.limit then above = above + 1 end
  end
  lu.assertEquals(#report.warnings, above)
end

function TestAttack:test_a_report_compares_with_an_open_network()
  local data = hfc.data("synthetic", {train = 200, test = 12})
  local open = hfc.model("preact_resnet8", {seed = 2, batch_norm = true})
  hfc.train(open, data.train,
    {epochs = 4, batch_size = 20, optimizer = {"adam", lr = 2e-3}, quiet = true})
  local Rounded = torch.nn.module "Rounded"
  function Rounded:forward(x) return open((x * 15):round() / 15) end
  local attack = hfc.attack.auto {epsilon = 8 / 255,
    version = {hfc.attack.pgd {steps = 3}, hfc.attack.ffgsm {}}}
  local report = hfc.robustness(Rounded():eval(), data.test, attack,
    {checks = false, transfer = open})
  lu.assertEquals(#report.checks, 1)
  lu.assertEquals(report.warnings[1].name, "black box wins")
  lu.assertEquals(report.warnings[1].limit, 0.002)
  lu.assertStrContains(report.warnings[1].text, "option 'transfer'")
end

function TestAttack:test_auto_says_what_is_wrong()
  lu.assertErrorMsgContains('version must be "standard", "plus", "rand" or a list',
    hfc.attack.auto, {version = "full"})
  lu.assertErrorMsgContains("Attack 1 uses norm 'l2', but option 'norm' is 'linf'",
    hfc.attack.auto, {version = {hfc.attack.pgdl2()}})
  lu.assertErrorMsgContains("a list of Attacks", hfc.attack.auto, {version = {}})
  local data = hfc.data("synthetic", {train = 20, test = 4})
  local net = hfc.model("preact_resnet8")
  lu.assertErrorMsgContains("expected a single attack", hfc.smallest_epsilon, net,
    data.test:batch(0, 4), torch.zeros(4, {dtype = "int64"}), hfc.attack.auto())
  lu.assertErrorMsgContains("expected a single attack", hfc.train, net, data.train,
    {epochs = 1, adversarial = hfc.attack.auto()})
end

require("support").run()
