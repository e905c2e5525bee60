-- Examples of attacks, reports of robustness and corruptions: a part of examples.lua.
local host = ...

function host.attack_examples(example)
example("hfc.attack.fgsm hfc.attack.bim hfc.attack.mifgsm hfc.attack.pgd hfc.attack.pgdl2 \z
  hfc.attack.ffgsm hfc.attack.apgd hfc.attack.fab hfc.attack.square \z
  hfc.attack.deepfool hfc.attack.cw", '\z
  data = hfc.data("synthetic", {train = 20, test = 10})\n\z
  model = hfc.model("preact_resnet8")\n\z
  images, labels = data.test:batch(0, 10)\n\z
  for _, attack in ipairs {hfc.attack.fgsm {epsilon = 0.03}, \z
    hfc.attack.pgd {epsilon = 0.03, steps = 2, band = {part = "low", radius = 8}}, \z
    hfc.attack.ffgsm {}, hfc.attack.apgd {steps = 5, norm = "l2", epsilon = 0.5, \z
    band = {dct = 0.25}}, hfc.attack.fab {steps = 5, targets = 2}, \z
    hfc.attack.square {queries = 20}, hfc.attack.deepfool {steps = 3}, \z
    hfc.attack.cw {steps = 10, searches = 2}} do\n\z
  \32 print((attack(model, images, labels) - images):abs():max())\n\z
  end', "6")
example("hfc.attack.custom AttackStep:originals AttackStep:labels AttackStep:epsilons \z
  AttackStep:iteration AttackStep:logits AttackStep:losses AttackStep:gradient \z
  AttackStep:class_gradients AttackStep:rand", [[
-- Signed steps that become smaller, with some noise.
noisy = hfc.attack.custom {epsilon = 0.03, steps = 3, step = function(images, at, state)
  state.best = torch.maximum(state.best or at:losses(), at:losses())
  size = at:epsilons() / (at:iteration() + 1)
  return images + size * (at:gradient():sign() + at:rand() - 0.5)
end}
-- Towards the class with the second largest logit.
second = hfc.attack.custom {norm = "l2", epsilon = 1, steps = 2, step = function(images, at)
  local _, classes = at:logits():topk(2)
  local gradients = at:class_gradients(classes)
  return images + gradients:select(1, 1) - gradients:select(1, 0)
end}
nearer = hfc.attack.custom {steps = 1, step = function(images, at)
  bright = at:labels():gt(4):float():reshape(-1, 1, 1, 1)
  return at:originals() + at:epsilons() * (1 - 2 * bright)
end}
data = hfc.data("synthetic", {train = 20, test = 10})
model = hfc.model("preact_resnet8")
for _, attack in ipairs {noisy, second, nearer} do
  print(hfc.robust_accuracy(model, data.test, attack))
end]])
example("hfc.robust_accuracy", [[
data = hfc.data("synthetic", {train = 20, test = 10})
model = hfc.model("preact_resnet8")
print(hfc.robust_accuracy(model, data.test, hfc.attack.fgsm {epsilon = 0.03}))]], "6")
example("hfc.attack.auto hfc.robustness", [[
data, model = hfc.data("synthetic", {train = 20, test = 10}), hfc.model("preact_resnet8")
attack = hfc.attack.auto {version = {hfc.attack.apgd {steps = 5}, hfc.attack.square {queries = 9}}}
found = hfc.robustness(model, data.test, attack, {checks = false})
print(found.clean, found.robust, found.steps[1].name)]], "6")
example("hfc.smallest_epsilon", '\z
  data = hfc.data("synthetic", {train = 20, test = 10})\n\z
  images, labels = data.test:batch(0, 4)\n\z
  print(hfc.smallest_epsilon(hfc.model("preact_resnet8"), images, labels, \z
    hfc.attack.fgsm {}, {bisections = 3}))', "6")
example("hfc.corrupt hfc.corruptions Dataset:corrupt hfc.corruption_error", [[
data, model = hfc.data("synthetic", {train = 20, test = 20}), hfc.model("preact_resnet8")
foggy = hfc.corrupt(data.test:batch(0, 4), "fog", 3)
print(#hfc.corruptions("all"), hfc.accuracy(model, data.test:corrupt("snow", 2)))
print(hfc.corruption_error(model, data.test, {kinds = {"contrast"}, severities = {1, 5}}).mean)]])
end
