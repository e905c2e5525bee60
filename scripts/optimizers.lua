-- Section 5 of Wang et al., CVPR 2020: which frequencies a network uses, by the optimizer that
-- trained it.
--
--   hfc-host scripts/optimizers.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/optimizers.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--
-- Expect: in CIFAR-10 SGD takes up more of the high frequencies than the others (the accuracy on
-- x_h). In the embedded data SGD is the slowest and all stay near chance on x_h. The preset's step
-- sizes of SGD and AdaDelta are those of the public code.
local opt = hfc.options {
  dataset       = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model         = {"preact_resnet8", "see help(hfc.model)"},
  optimizers    = {{"sgd", "adam", "adagrad", "adadelta", "rmsprop"}, "one training each"},
  lr            = {{sgd = 1e-2, adam = 3e-3, adagrad = 1e-2, adadelta = 1, rmsprop = 1e-3},
                   "step size"},
  batch_norm    = {true, "BatchNorm before each ReLU; the paper's networks have none"},
  radii         = {{4, 12}, "of the probes, in frequency bins"},
  epochs        = 8,
  batch_size    = 10,
  train_images  = {200, "use so many training images, 0: all"},
  probe_samples = {100, "evaluate each probe on so many images, 0: all"},
  seed          = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", batch_norm = false, radii = {4, 8, 12, 16},
      epochs = 100, batch_size = 100,
      lr = {adam = 1e-4, adagrad = 1e-2, adadelta = .1, rmsprop = 1e-4},
      train_images = 0, probe_samples = 0,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, low = .1, high = .1, noise = .25})
local train = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("optimizers", opt)
local probes = {train = train, test = data.test}
for _, r in ipairs(opt.radii) do
  probes["low r=" .. r], probes["high r=" .. r] = train:low_pass(r), train:high_pass(r)
end

for _, name in ipairs(opt.optimizers) do
  assert(opt.lr[name], "option --optimizers: there is no --lr." .. name)
  local model = hfc.model(opt.model, {
    classes = data.classes, channels = data.channels,
    batch_norm = opt.batch_norm, seed = opt.seed,
  })
  local history = hfc.train(model, train, {
    epochs = opt.epochs, batch_size = opt.batch_size,
    optimizer = {name, lr = opt.lr[name]}, seed = opt.seed,
    probes = probes, probe_samples = opt.probe_samples, log = run:series(name),
  })
  local row = {
    optimizer = name,
    gap = history[#history].accuracy.train - history[#history].accuracy.test,
  }
  for probe, accuracy in pairs(history[#history].accuracy) do row[probe] = accuracy end
  run:row("accuracy", row, {"optimizer", "train", "test", "gap"})
end
run:plot("optimizers", {y = "accuracy", panels = opt.optimizers})
print("results in " .. run:directory())
