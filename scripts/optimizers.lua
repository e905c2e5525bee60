-- Section 5 of Wang et al., CVPR 2020: which frequencies a network uses with each optimizer.
--   hfc-host scripts/optimizers.lua                       built-in data: half a minute on two cores
--   hfc-host scripts/optimizers.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/optimizers.lua --factors .1,.3,1,3   compares at equal training accuracy
--
-- The curves 'low r=N' and 'high r=N' are accuracies on filtered test images. For each optimizer,
-- the table 'matched' shows the step size at which the training accuracy is nearest to the highest
-- one that all optimizers reach. Expect: according to the paper, SGD uses more of the high
-- frequencies on CIFAR-10 than the other optimizers; hfc-host has not measured this. On the
-- built-in data, SGD is the slowest, and all optimizers stay near chance on x_h. The preset's step
-- sizes for SGD and AdaDelta are from the authors' code; the authors' values for AdaGrad and
-- RMSprop are not known.
local known = {"sgd", "adam", "adagrad", "adadelta", "rmsprop"}
local opt = hfc.options(hfc.common {
  optimizers    = {known, "optimizers to train with", choices = known},
  lr            = {{sgd = 1e-2, adam = 3e-3, adagrad = 1e-2, adadelta = 1, rmsprop = 1e-3},
                   "step size", above = 0},
  factors       = {{1}, "factors for each step size, one training run per factor", above = 0},
  batch_norm    = {true, "use BatchNorm before each ReLU; the paper does not"},
  radii         = {{4, 12}, "radii of the filtered test images, in frequency bins"},
  epochs        = 8,
  train_images  = 200,
  probe_samples = {100, "images per probe; 0 means all"},
  presets = {paper = hfc.wang2020 {
    batch_norm = false, radii = {4, 8, 12, 16}, train_images = 0, probe_samples = 0,
    lr = {adam = 1e-4, adagrad = 1e-2, adadelta = .1, rmsprop = 1e-4},
  }, code = hfc.wang2020_code {
    batch_norm = false, radii = {4, 8, 12, 16}, train_images = 0, probe_samples = 0,
    lr = {adam = 1e-4, adagrad = 1e-2, adadelta = .1, rmsprop = 1e-4},
  }},
})
local data = hfc.data(opt, {low = .1, high = .1, noise = .25})
local run, panels, results = hfc.run("optimizers", opt), {}, {}
local probes = data.test:probes {
  low = opt.radii, high = opt.radii, train = data.train, test = data.test,
}
local columns = {"optimizer", "lr", "train", "test", "gap"}

for _, name in ipairs(opt.optimizers) do
  local rule = opt.form == "tensorflow" and name ~= "sgd" and "tensorflow_" .. name or name
  for _, factor in ipairs(opt.factors) do
    local lr, panel = opt.lr[name] * factor, #opt.factors > 1 and name .. " x " .. factor or name
    local model = hfc.new_model(opt, data, {batch_norm = opt.batch_norm})
    local last = hfc.train(model, data.train, hfc.training(opt, {
      optimizer = {rule, lr = lr}, probes = probes, log = run:series(panel),
    })):last()
    panels[#panels + 1] = panel
    results[#results + 1] = hfc.merge(last, {
      optimizer = name, lr = lr, gap = last.train - last.test,
    })
    run:row("accuracy", results[#results], columns)
  end
end
for _, result in ipairs(hfc.matched(results, "optimizer", "train")) do
  run:row("matched", result, columns)
end
run:plot("optimizers", {y = "accuracy", panels = panels})
