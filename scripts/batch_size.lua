-- Figure 4 of Wang et al., CVPR 2020: the batch size, the generalization gap and the high
-- frequencies.
--
--   hfc-host scripts/batch_size.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/batch_size.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--
-- Expect: small batches reach a higher accuracy. In CIFAR-10 large ones leave a smaller gap between
-- training and test and use less of the high frequencies (the accuracy on x_h); in the embedded
-- data they are only slower, having fewer steps in as many epochs.
local opt = hfc.options {
  dataset       = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model         = {"preact_resnet8", "see help(hfc.model)"},
  batch_sizes   = {{5, 10, 20, 40}, "one training each; the paper's text does not name its own"},
  batch_norm    = {true, "BatchNorm before each ReLU; the paper's networks have none"},
  radii         = {{4, 12}, "of the probes, in frequency bins"},
  epochs        = 8,
  lr            = {3e-3, "of Adam"},
  train_images  = {200, "use so many training images, 0: all"},
  probe_samples = {100, "evaluate each probe on so many images, 0: all"},
  seed          = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", batch_sizes = {32, 64, 128, 256, 512},
      batch_norm = false, radii = {4, 8, 12, 16}, epochs = 100, lr = 1e-4,
      train_images = 0, probe_samples = 0,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, low = .1, high = .1, noise = .25})
local train = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("batch_size", opt)
local probes, panels = {train = train, test = data.test}, {}
for _, r in ipairs(opt.radii) do
  probes["low r=" .. r], probes["high r=" .. r] = train:low_pass(r), train:high_pass(r)
end

for n, size in ipairs(opt.batch_sizes) do
  panels[n] = "batch size " .. size
  local model = hfc.model(opt.model, {
    classes = data.classes, channels = data.channels,
    batch_norm = opt.batch_norm, seed = opt.seed,
  })
  local history = hfc.train(model, train, {
    epochs = opt.epochs, batch_size = size, optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
    probes = probes, probe_samples = opt.probe_samples, log = run:series(panels[n]),
  })
  local row = {
    ["batch size"] = size,
    gap = history[#history].accuracy.train - history[#history].accuracy.test,
  }
  for name, accuracy in pairs(history[#history].accuracy) do row[name] = accuracy end
  run:row("accuracy", row, {"batch size", "train", "test", "gap"})
end
run:plot("figure4", {y = "accuracy", panels = panels})
print("results in " .. run:directory())
