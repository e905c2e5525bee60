-- Figure 5 of Wang et al., CVPR 2020: dropout, mix-up, BatchNorm and adversarial training, and the
-- frequencies they take up.
--
--   hfc-host scripts/heuristics.lua
--       embedded data: a minute on two cores
--   hfc-host scripts/heuristics.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--
-- Expect: in CIFAR-10, says the paper, mix-up and BatchNorm take up more of the high frequencies
-- (the accuracy on x_h) than vanilla training. In the embedded data all learn the low frequencies
-- and stay near chance on x_h: BatchNorm in 3 epochs, vanilla training in 10, the others later. The
-- public code mixes by Beta(1, 1), the paper's text says .5; it crops and flips in adversarial
-- training alone.
local opt = hfc.options {
  dataset       = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model         = {"preact_resnet8", "see help(hfc.model)"},
  heuristics    = {{"vanilla", "dropout", "mixup", "batchnorm", "adversarial"},
                   "one training each"},
  dropout       = {.5, "probability, before the last layer"},
  mixup         = {1, "alpha of mix-up's Beta distribution"},
  budget        = {{epsilon = 8 / 255, steps = 3},
                   "of the adversarial training: PGD in L-infinity, steps of epsilon / steps"},
  augment       = {{pad = 0, flip = false},
                   "of the adversarial training: crop after padding, mirror every other image"},
  radii         = {{4, 12}, "of the probes, in frequency bins"},
  epochs        = 24,
  batch_size    = 10,
  lr            = {3e-3, "of Adam"},
  train_images  = {200, "use so many training images, 0: all"},
  probe_samples = {100, "evaluate each probe on so many images, 0: all"},
  seed          = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", budget = {epsilon = 8 / 255, steps = 10},
      augment = {pad = 4, flip = true}, radii = {4, 8, 12, 16},
      epochs = 100, batch_size = 100, lr = 1e-4, train_images = 0, probe_samples = 0,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, low = .5, high = .2})
local train = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("heuristics", opt)
local probes = {train = train, test = data.test}
for _, r in ipairs(opt.radii) do
  probes["low r=" .. r], probes["high r=" .. r] = train:low_pass(r), train:high_pass(r)
end

local pgd = hfc.attack.pgd {
  epsilon = opt.budget.epsilon, steps = opt.budget.steps,
  relative_alpha = 1 / opt.budget.steps, random_start = false,
}
local recipes = {
  vanilla = {}, dropout = {}, batchnorm = {}, mixup = {mixup = opt.mixup},
  adversarial = {adversarial = pgd, augment = opt.augment},
}
for _, name in ipairs(opt.heuristics) do
  local options = assert(recipes[name], "option --heuristics: there is no " .. name)
  local model = hfc.model(opt.model, {
    classes = data.classes, channels = data.channels, batch_norm = name == "batchnorm",
    dropout = name == "dropout" and opt.dropout or 0, seed = opt.seed,
  })
  options.epochs, options.batch_size, options.optimizer, options.seed =
    opt.epochs, opt.batch_size, {"adam", lr = opt.lr}, opt.seed
  options.probes, options.probe_samples, options.log = probes, opt.probe_samples, run:series(name)
  local history = hfc.train(model, train, options)
  local row = {
    heuristic = name,
    gap = history[#history].accuracy.train - history[#history].accuracy.test,
  }
  for probe, accuracy in pairs(history[#history].accuracy) do row[probe] = accuracy end
  run:row("accuracy", row, {"heuristic", "train", "test", "gap"})
  run:save(model, name)
end
run:plot("figure5", {y = "accuracy", panels = opt.heuristics})
print("results in " .. run:directory())
