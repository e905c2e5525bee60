-- Tables 2 and 4 of Wang et al., CVPR 2020: smoothing the first convolution's kernels as a defence,
-- without retraining (equation 3).
--   hfc-host scripts/smoothing_defence.lua                built-in data: a minute on two cores
--   hfc-host scripts/smoothing_defence.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/smoothing_defence.lua --model runs/NAME    networks from an earlier run
--
-- Expect: smoothing lowers the clean accuracy and slightly raises the accuracy under attack.
-- Adversarial training (with PGD) makes the network far more robust.
local opt = hfc.options(hfc.common {
  rho          = {{0, .1, .25, .5, 1}, "strengths of the smoothing; 0 means none", least = 0},
  epsilons     = {{.03, .06, .09}, "bounds of the attacks in L-infinity", least = 0},
  steps        = {4, "PGD steps in training, each of size epsilon / steps", least = 1},
  budget       = {8 / 255, "epsilon of the adversarial training"},
  batch_norm   = {false, "use BatchNorm before each ReLU; the paper does not"},
  test_images  = {0, "test images; 0 means all", least = 0},
  epochs       = {{natural = 12, adversarial = 18}, "passes over the training set", least = 1},
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", steps = 10,
    epochs = {natural = 100, adversarial = 100}, batch_size = 100, lr = 1e-4,
  }, imagenet_nine = hfc.imagenet_nine {
    steps = 10, epochs = {natural = 50, adversarial = 50}, batch_norm = true,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, low = .5, high = .2})
local run = hfc.run("smoothing_defence", opt)
local published = opt.dataset == "cifar10" and "table2"
  or opt.classes:find "nine.json" and "table4"
local pgd = hfc.attack.pgd {
  epsilon = opt.budget, steps = opt.steps, relative_alpha = 1 / opt.steps, random_start = false,
}
local recipes = {natural = {}, adversarial = {adversarial = pgd}}
for name, recipe in pairs(recipes) do
  recipe.batch_norm, recipe.epochs, recipe.log = opt.batch_norm, opt.epochs[name], run:series(name)
end
for training, model in hfc.networks(opt, data, run, recipes, {"natural", "adversarial"}) do
  for _, rho in ipairs(opt.rho) do
    local row = hfc.smoothing_row(model, data.test, {
      rho = rho, epsilons = opt.epsilons,
      published = published and hfc.published("wang2020 " .. published, training, rho),
    })
    row.training, row.rho = training, rho
    run:row("table2", row, {"training", "rho", "clean", "clean (paper)"})
  end
end
