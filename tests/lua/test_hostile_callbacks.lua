-- Functions of a script that change tensors while the host works with them: each call returns or
-- raises an error, and none ends the process or touches foreign memory.
local lu = require "luaunit"
local A = hfc.attack

TestHostileCallbacks = {}

-- What the hook of a network does in each forward pass after the first two.
local deeds = {
  empties_its_input = function(input) input:set_(torch.empty(0)) end,
  shrinks_its_input = function(input) input:resize_ {1} end,
  enlarges_its_input = function(input) input:resize_ {1000, 3, 8, 8} end,
  shrinks_its_result = function() return torch.zeros(2, 3) end,
  shrinks_a_weight = function(_, _, weight) weight:set_(torch.ones(2, 3, 3, 3)) end,
  returns_nan = function(_, result) return result * (0 / 0) end,
}

local function network(deed)
  local convolution = torch.nn.Conv2d(3, 4, 3)
  local net = torch.nn.Sequential(convolution, torch.nn.Flatten(), torch.nn.Linear(4 * 36, 3))
  local calls = 0
  net:register_forward_hook(function(_, inputs, result)
    calls = calls + 1
    if calls > 2 then
      local input = type(inputs) == "table" and inputs[1] or inputs
      torch.no_grad(function()
        local ok, changed = pcall(deed, input, result, convolution.weight)
        if ok and changed then result = changed end
      end)
    end
    return result
  end)
  return net
end

local data = hfc.data("synthetic", {train = 48, test = 24, classes = 3, size = 8, low_radius = 2,
  high_radius = 3})
local images, labels = data.test:batch(0, 16)

local attacks = {
  fgsm = A.fgsm {}, pgd = A.pgd {steps = 4}, l2 = A.pgdl2 {steps = 4, restarts = 2},
  band = A.pgd {steps = 4, band = {part = "low", radius = 2}}, mifgsm = A.mifgsm {steps = 4},
  apgd = A.apgd {steps = 6, restarts = 2}, dlr = A.apgd {steps = 6, loss = "dlr"},
  square = A.square {queries = 20}, fab = A.fab {steps = 4, targets = 2},
  deepfool = A.deepfool {steps = 4}, cw = A.cw {steps = 4, searches = 3},
}

local function training(options)
  return function(net)
    options.epochs, options.batch_size, options.quiet = 2, 8, true
    return hfc.train(net, data.train, options)
  end
end

local function masks(per)
  return function(net)
    local options = {per = per, labels = "true", batch_size = 6}
    options[per == "image" and "steps" or "epochs"] = 3
    return hfc.mask.learn(net, data.test, options)
  end
end

local calls = {
  robust = function(net)
    return hfc.robust_accuracy(net, data.test, A.pgd {steps = 4}, {batch_size = 5})
  end,
  smallest = function(net) return hfc.smallest_epsilon(net, images, labels, A.fgsm {}) end,
  predict = function(net) return hfc.predict(net, data.test, {batch_size = 4}) end,
  adapted = function(net)
    return hfc.accuracy(net, data.test, {batch_size = 4, statistics = {adapted = {images = 10}}})
  end,
  features = function(net) return hfc.features(net, data.test, {"1"}, {batch_size = 4}) end,
  gradients = function(net)
    return hfc.sensitivity.input_gradients(net, data.test, {batch_size = 4})
  end,
  heat_map = function(net) return hfc.sensitivity.heat_map(net, data.test, {epsilon = 1}) end,
  image_masks = masks "image", class_masks = masks "class", one_mask = masks "data set",
  training = training {probes = {test = data.test}},
  adversarial = training {adversarial = A.pgd {steps = 3}},
  mixed = training {mixup = 1, validation = data.test, average = .5, keep_best = true},
}
for name, attack in pairs(attacks) do
  calls[name] = function(net) return attack(net, images:clone(), labels:clone()) end
end

-- Every error says what is wrong, and the host works as before.
local function survives(call, ...)
  local ok, message = pcall(call, ...)
  if not ok then lu.assertStrMatches(tostring(message), ".*%w.* %w.*") end
  lu.assertTrue(torch.is_grad_enabled())
end

for deed_name, deed in pairs(deeds) do
  TestHostileCallbacks["test_a_network_that_" .. deed_name] = function()
    for _, call in pairs(calls) do survives(call, network(deed)) end
  end
end

function TestHostileCallbacks:test_a_network_without_finite_logits_is_named()
  lu.assertErrorMsgContains("NaN or infinite for 16 of 24 images", calls.predict,
                            network(deeds.returns_nan))
end

-- The tensors that an iteration of a custom attack gets are the function's own.
function TestHostileCallbacks:test_the_step_of_a_custom_attack()
  local given = images:clone()
  local function perturbed(step)
    return A.custom {steps = 3, step = step}(hfc.model("preact_resnet8", {classes = 3}), given,
                                             labels)
  end
  survives(perturbed, function(at_images, at)
    at:originals():resize_ {1000, 3, 8, 8}
    at:labels():resize_ {100}
    at:epsilons():set_(torch.zeros(900))
    return at_images + .01
  end)
  lu.assertTrue(given:equal(images))
  lu.assertErrorMsgContains("'step' must return images as a Tensor float32", perturbed,
                            function(at_images, at, state)
    state.a = at:gradient()
    state.a:resize_ {3}
    at_images:resize_ {1}
    return at_images
  end)
end

require("support").run()
