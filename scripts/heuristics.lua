-- Figures 5 and 12 of Wang et al., CVPR 2020: dropout, mix-up, BatchNorm and adversarial training,
-- and the frequencies that they pick up.
--   hfc-host scripts/heuristics.lua                       built-in data: a minute on two cores
--   hfc-host scripts/heuristics.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- Expect: in the paper, on CIFAR-10, mix-up and BatchNorm pick up more high frequencies (the
-- accuracy on x_h) than vanilla training. On the built-in data, all learn the low frequencies and
-- stay near chance on x_h: BatchNorm in 3 epochs, vanilla training in 10, the others later. The
-- authors' code draws mix-up from Beta(1, 1), but the paper's text says .5. The code crops and
-- flips only in adversarial training.
local known = {"vanilla", "dropout", "mixup", "batchnorm", "adversarial"}
local opt = hfc.options(hfc.common {
  heuristics    = {known, "heuristics to train with", choices = known},
  dropout       = {.5, "dropout probability before the last layer"},
  mixup         = {1, "alpha of mix-up's Beta distribution"},
  budget        = {{epsilon = 8 / 255, steps = 3}, "PGD of adversarial training, in \z
                   L-infinity with steps of epsilon / steps"},
  augment       = {{pad = 0, flip = false},
                   "augmentation in adversarial training: random crops and flips"},
  radii         = {{4, 12}, "radii of the probes, in frequency bins"},
  epochs        = 24,
  train_images  = 200,
  probe_samples = {100, "images per probe; 0 means all"},
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
