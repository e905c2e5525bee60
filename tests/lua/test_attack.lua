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

function TestAttack:test_a_perturbation_of_high_frequencies_only()
  local model = hfc.model("preact_resnet8", {classes = 2, seed = 1})
  local x = torch.rand(2, 3, 16, 16) * 0.5 + 0.25
  local adversarial =
    hfc.attack.pgd {epsilon = 0.02, steps = 3, band = {part = "high", radius = 4}}(model, x, labels)
  local low = hfc.frequency.low_pass(adversarial - x, 4)
  lu.assertTrue(low:abs():max():item() < 1e-5)
  lu.assertTrue((adversarial - x):abs():max():item() > 1e-3)
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
  lu.assertErrorMsgContains("part must be low or high",
    hfc.attack.fgsm, {band = {part = "middle", radius = 3}})
end

require("support").run()
