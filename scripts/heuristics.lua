-- Figures 5 and 12 of Wang et al., CVPR 2020: dropout, mix-up, BatchNorm and adversarial training,
-- and the frequencies they take up.
--   hfc-host scripts/heuristics.lua                       embedded data: a minute on two cores
--   hfc-host scripts/heuristics.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- Expect: in CIFAR-10, says the paper, mix-up and BatchNorm take up more of the high frequencies
-- (the accuracy on x_h) than vanilla training. In the embedded data all learn the low frequencies
-- and stay near chance on x_h: BatchNorm in 3 epochs, vanilla training in 10, the others later. The
-- public code mixes by Beta(1, 1), the paper's text says .5; it crops and flips in adversarial
-- training alone.
local known = {"vanilla", "dropout", "mixup", "batchnorm", "adversarial"}
local opt = hfc.options(hfc.common {
  heuristics    = {known, "one training each", choices = known},
  dropout       = {.5, "probability, before the last layer"},
  mixup         = {1, "alpha of mix-up's Beta distribution"},
  budget        = {{epsilon = 8 / 255, steps = 3}, "of the adversarial training: PGD in \z
                   L-infinity, steps of epsilon / steps"},
  augment       = {{pad = 0, flip = false},
                   "of the adversarial training: crop after padding, mirror every other image"},
  radii         = {{4, 12}, "of the probes, in frequency bins"},
  epochs        = 24,
  train_images  = 200,
  probe_samples = {100, "evaluate each probe on so many images, 0: all"},
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", budget = {epsilon = 8 / 255, steps = 10},
    augment = {pad = 4, flip = true}, radii = {4, 8, 12, 16},
    epochs = 100, batch_size = 100, lr = 1e-4, train_images = 0, probe_samples = 0,
  }, imagenet_nine = hfc.imagenet_nine {
    budget = {epsilon = 8 / 255, steps = 10}, radii = {25, 50, 100, 150}, epochs = 50,
    train_images = 0, probe_samples = 0,
  }},
})
local data = hfc.data(opt, {low = .5, high = .2})
local run = hfc.run("heuristics", opt)
local probes = data.train:probes {
  low = opt.radii, high = opt.radii, train = data.train, test = data.test,
}
local pgd = hfc.attack.pgd {
  epsilon = opt.budget.epsilon, steps = opt.budget.steps,
  relative_alpha = 1 / opt.budget.steps, random_start = false,
}
local recipes = {
  mixup = {mixup = opt.mixup}, adversarial = {adversarial = pgd, augment = opt.augment},
}

for _, name in ipairs(opt.heuristics) do
  local model = hfc.new_model(opt, data, {
    batch_norm = name == "batchnorm", dropout = name == "dropout" and opt.dropout or 0,
  })
  local last = hfc.train(model, data.train, hfc.training(opt, hfc.merge(recipes[name], {
    probes = probes, log = run:series(name),
  }))):last()
  run:row("accuracy", {heuristic = name, gap = last.train - last.test},
          {"heuristic", "train", "test", "gap"}, last)
  run:save(model, name)
end
run:plot("figure5", {y = "accuracy", panels = opt.heuristics})
