-- Figures 6 and 13 of Wang et al., CVPR 2020: how much BatchNorm helps if a network is trained on
-- only the low frequencies.
--   hfc-host scripts/batchnorm_on_lfc.lua                 built-in data: a minute on two cores
--   hfc-host scripts/batchnorm_on_lfc.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- The test curves use whole test images and filtered ones ('test low'). The table 'statistics'
-- compares BatchNorm's running, batch and adapted statistics. Expect: with BatchNorm, training on
-- x_l is faster at every radius; the size of the gain differs between seeds. According to the
-- paper, BatchNorm helps least at r = 4 on CIFAR-10; hfc-host has not measured this.
local opt = hfc.options(hfc.common {
  model        = {"preact_resnet8", "network with optional BatchNorm (see help(hfc.model))"},
  radii        = {{4, 8, 12, 16}, "radii of the low-pass filter for training, in frequency bins"},
  rule         = {"<=", "frequencies of the low part: <= radius (paper) or < (authors' code)"},
  rescale      = {"none", "rescale filtered images: none, or max (authors' code)"},
  accuracy     = {.5, "count epochs until training accuracy on x_l reaches this value", above = 0},
  statistics   = {"running", "BatchNorm statistics for the curves", choices = {"running", "batch"}},
  train_images = 200,
  presets = {paper = hfc.wang2020 {train_images = 0}, code = hfc.wang2020_code {
    train_images = 0, rule = "<", rescale = "max", statistics = "batch",
  }, imagenet_nine = hfc.imagenet_nine {radii = {25, 50, 100, 150}, epochs = 50, train_images = 0}},
})
local data = hfc.data(opt, {test = 100})
local run = hfc.run("batchnorm_on_lfc", opt)

local panels = {}
for n, radius in ipairs(opt.radii) do
  panels[n] = "r=" .. radius
  local filter = {rule = opt.rule, rescale = opt.rescale}
  local train, low = data.train:low_pass(radius, filter), data.test:low_pass(radius, filter)
  local row = {radius = radius}
  for _, batch_norm in ipairs {false, true} do
    local name = batch_norm and "BatchNorm" or "vanilla"
    local model = hfc.new_model(opt, data, {batch_norm = batch_norm})
    local history = hfc.train(model, train, hfc.training(opt, {
      probes = {
        [name .. ", train"] = train, [name .. ", test"] = data.test, [name .. ", test low"] = low,
      }, log = run:series(panels[n]), statistics = opt.statistics,
    }))
    for probe, accuracy in pairs(history:last()) do row[probe] = accuracy end
    row[("epochs to %g, %s"):format(opt.accuracy, name)] =
      hfc.epochs_to(history, name .. ", train", opt.accuracy)
    if batch_norm then
      hfc.probe_rows(run, "statistics", {radius = radius}, model,
                     {train = train, test = data.test, ["test low"] = low})
    end
  end
  row["gain, test"] = row["BatchNorm, test"] - row["vanilla, test"]
  run:row("accuracy", row,
          {"radius", "vanilla, train", "BatchNorm, train", "vanilla, test", "BatchNorm, test"})
end
run:plot("figure6", {y = "accuracy", panels = panels})
