-- Figures 5 and 12 of Wang et al., CVPR 2020: the frequencies that networks use when trained with
-- dropout, mix-up, BatchNorm or adversarial training.
--   hfc-host scripts/heuristics.lua                       built-in data: a minute on two cores
--   hfc-host scripts/heuristics.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- The curves 'low r=N' and 'high r=N' are accuracies on filtered test images; the table
-- 'statistics' has these accuracies for the BatchNorm network with each kind of statistics.
-- Expect: on CIFAR-10, according to the paper, networks trained with mix-up or BatchNorm use more
-- of the high frequencies than vanilla networks. On the built-in data, all networks are near chance
-- on x_h, and the one with BatchNorm learns fastest.
local known = {"vanilla", "dropout", "mixup", "batchnorm", "adversarial"}
local opt = hfc.options(hfc.common {
  heuristics    = {known, "heuristics, one training run each", choices = known},
  dropout       = {.5, "dropout probability before the last layer"},
  mixup         = {1, "alpha of mix-up's Beta distribution: .5 (paper) or 1 (authors' code)"},
  statistics    = {"running", "BatchNorm statistics", choices = {"running", "batch"}},
  budget        = {{epsilon = 8 / 255, steps = 3}, "PGD for adversarial training"},
  augment       = {{pad = 0, flip = false},
                   "augmentation in adversarial training: pad and crop, flip (authors' code)"},
  radii         = {{4, 12}, "radii of the filtered test images, in frequency bins"},
  epochs = 24, train_images = 200,
  probe_samples = {100, "images per probe; 0 means all"},
  presets = {paper = hfc.wang2020 {
    budget = {epsilon = 8 / 255, steps = 10}, mixup = .5, radii = {4, 8, 12, 16},
    train_images = 0, probe_samples = 0,
  }, code = hfc.wang2020_code {
    budget = {epsilon = .03, steps = 10}, augment = {pad = 2, flip = true}, statistics = "batch",
    radii = {4, 8, 12, 16}, train_images = 0, probe_samples = 0,
  }, imagenet_nine = hfc.imagenet_nine {
    budget = {epsilon = 8 / 255, steps = 10}, radii = {25, 50, 100, 150}, epochs = 50,
    train_images = 0, probe_samples = 0,
  }},
})
local data = hfc.data(opt, {low = .5, high = .2})
local run = hfc.run("heuristics", opt)
local probes = data.test:probes {
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
    probes = probes, log = run:series(name), statistics = opt.statistics,
  }))):last()
  run:row("accuracy", {heuristic = name, gap = last.train - last.test},
          {"heuristic", "train", "test", "gap"}, last)
  run:save(model, name)
  if name == "batchnorm" then hfc.probe_rows(run, "statistics", {}, model, probes) end
end
run:plot("figure5", {y = "accuracy", panels = opt.heuristics})
