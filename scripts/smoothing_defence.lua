-- Tables 2 and 4 of Wang et al., CVPR 2020: smoothing the first convolution's kernels as a defence,
-- without retraining (equation 3).
--   hfc-host scripts/smoothing_defence.lua                built-in data: a minute on two cores
--   hfc-host scripts/smoothing_defence.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/smoothing_defence.lua --model runs/NAME    networks from an earlier run
--
-- Expect: adversarial training makes the network far more robust (accuracy under PGD at .03 on the
-- built-in data: 1.00, and .32 to .49 without adversarial training). How much smoothing adds to
-- this varies between seeds. BatchNorm's running statistics do not match a smoothed network:
-- compare --statistics running,adapted.
local opt = hfc.options(hfc.common {
  networks     = {{"natural", "adversarial"}, "networks: natural, adversarial"},
  rho          = {{0, .1, .25, .5, 1}, "strengths of the smoothing; 0 means none", least = 0},
  epsilons     = {{.03, .06, .09}, "bounds of the attacks in L-infinity", least = 0},
  search       = {"bound", "attack with each bound, or find the smallest epsilon (authors' code)",
                  choices = {"bound", "least"}},
  statistics   = {{"running"}, "BatchNorm statistics", choices = {"running", "batch", "adapted"}},
  blur         = {false, "as a baseline, blur the input instead of smoothing the kernels"},
  steps        = {4, "PGD steps in training, each of size epsilon / steps", least = 1},
  budget       = {8 / 255, "epsilon of the adversarial training"},
  batch_norm   = {false, "use BatchNorm before each ReLU; the paper does not"},
  test_images  = {0, "number of test images, starting with the first; 0 means all", least = 0},
  epochs       = {{natural = 12, adversarial = 18}, "passes over the training set", least = 1},
  augment      = {{pad = 0, flip = false}, "augmentation in adversarial training (authors' code)"},
  presets = {paper = hfc.wang2020 {steps = 10, epochs = {natural = 100, adversarial = 100}},
             code = hfc.wang2020_code {
    steps = 10, budget = .03, augment = {pad = 2, flip = true}, search = "least",
    test_images = 1000, epochs = {natural = 100, adversarial = 100},
  }, imagenet_nine = hfc.imagenet_nine {
    steps = 10, epochs = {natural = 50, adversarial = 50}, batch_norm = true,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, low = .5, high = .2, test_images = 0})
data.test = hfc.first_images(data.test, opt.test_images)
local run, nine = hfc.run("smoothing_defence", opt), opt.classes:find "nine.json" and "table4"
local published = not opt.blur and (opt.dataset == "cifar10" and "table2" or nine)
local pgd = hfc.attack.pgd {
  epsilon = opt.budget, steps = opt.steps, relative_alpha = 1 / opt.steps, random_start = false,
}
local recipes = {natural = {}, adversarial = {adversarial = pgd, augment = opt.augment}}
for name, recipe in pairs(recipes) do
  recipe.batch_norm, recipe.epochs, recipe.log = opt.batch_norm, opt.epochs[name], run:series(name)
end
for training, model in hfc.networks(opt, data, run, recipes) do
  for _, statistics in ipairs(opt.statistics) do
    for _, rho in ipairs(opt.rho) do
      local first = {training = training, statistics = statistics, rho = rho}
      local row, intervals = hfc.smoothing_row(model, data.test, {
        rho = rho, epsilons = opt.epsilons, search = opt.search, blur = opt.blur,
        published = published and hfc.published("wang2020 " .. published, training, rho),
        statistics = statistics,
      })
      local columns = {"training", "statistics", "rho", "clean", "clean (paper)"}
      run:row("table2", hfc.merge(row, first), columns)
      for _, interval in ipairs(intervals) do
        run:row("intervals", hfc.merge(interval, first), columns)
      end
    end
  end
end
