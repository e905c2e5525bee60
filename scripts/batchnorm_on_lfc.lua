-- Figures 6 and 13 of Wang et al., CVPR 2020: what BatchNorm gains if only low frequencies
-- are left.
--   hfc-host scripts/batchnorm_on_lfc.lua                 built-in data: a minute on two cores
--   hfc-host scripts/batchnorm_on_lfc.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- Expect: with BatchNorm, training on x_l is faster at every radius. On CIFAR-10 the gain is
-- smallest at r = 4, because BatchNorm partly helps by picking up high frequencies.
local opt = hfc.options(hfc.common {
  model        = {"preact_resnet8", "network whose BatchNorm is optional, see help(hfc.model)"},
  radii        = {{4, 8, 12, 16}, "radii of the low-pass filter before training, in bins"},
  rule         = {"<=", "low part: <= radius (paper) or < radius (authors' code)"},
  rescale      = {"none", "rescale filtered images: none, or max (authors' code)"},
  train_images = 200,
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", rule = "<", rescale = "max",
    epochs = 100, batch_size = 100, lr = 1e-4, train_images = 0,
  }, imagenet_nine = hfc.imagenet_nine {radii = {25, 50, 100, 150}, epochs = 50, train_images = 0}},
})
local data = hfc.data(opt, {test = 100})
local run = hfc.run("batchnorm_on_lfc", opt)

local panels = {}
for n, radius in ipairs(opt.radii) do
  panels[n] = "r=" .. radius
  local train = data.train:low_pass(radius, {rule = opt.rule, rescale = opt.rescale})
  local row = {radius = radius}
  for _, batch_norm in ipairs {false, true} do
    local name = batch_norm and "BatchNorm" or "vanilla"
    local model = hfc.new_model(opt, data, {batch_norm = batch_norm})
    local last = hfc.train(model, train, hfc.training(opt, {
      probes = {[name .. ", train"] = train, [name .. ", test"] = data.test},
      log = run:series(panels[n]),
    })):last()
    for probe, accuracy in pairs(last) do row[probe] = accuracy end
  end
  row["gain, test"] = row["BatchNorm, test"] - row["vanilla, test"]
  run:row("accuracy", row,
          {"radius", "vanilla, train", "BatchNorm, train", "vanilla, test", "BatchNorm, test"})
end
run:plot("figure6", {y = "accuracy", panels = panels})
