-- Table 1 of Wang et al., CVPR 2020: networks trained on the low or on the high frequencies alone,
-- tested on whole images.
--
--   hfc-host scripts/lfc_hfc_training.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/lfc_hfc_training.lua --preset paper --device cuda
--       CIFAR-10 as the public code ran it
--
-- Expect: all fit their training images; on whole test images those trained on low frequencies stay
-- accurate, the more the larger the radius (in the embedded data r = 4 holds it all), those trained
-- on high frequencies are near chance.
local opt = hfc.options {
  dataset      = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model        = {"preact_resnet8", "see help(hfc.model)"},
  radii        = {{4, 8, 12, 16}, "of the split, in frequency bins"},
  parts        = {{"low", "high"}, "of the images to train on"},
  rule         = {"<=", "frequencies of the low part: <= radius (paper) or < (public code)"},
  rescale      = {"none", "of the filtered images: none, or max (x / max(x), public code)"},
  batch_norm   = {true, "BatchNorm before each ReLU; the paper's networks have none"},
  epochs       = 6,
  batch_size   = 10,
  lr           = {3e-3, "of Adam"},
  train_images = {0, "use so many training images, 0: all"},
  seed         = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", rule = "<", rescale = "max",
      batch_norm = false, epochs = 100, batch_size = 100, lr = 1e-4,
    },
  },
}
local published = {
  low  = {[4] = {.9668, .6167}, [8] = {.9786, .7154}, [12] = {.9786, .7516}, [16] = {.9839, .7714}},
  high = {[4] = {.9885, .2002}, [8] = {.9768, .0920}, [12] = {.9797, .0997}, [16] = {.9384, .1281}},
}
local data = hfc.data(opt.dataset, {seed = opt.seed, high = .08})
local images = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("lfc_hfc_training", opt)

for _, part in ipairs(opt.parts) do
  assert(published[part], "option --parts: expected low or high, got " .. part)
  for _, radius in ipairs(opt.radii) do
    local filter = {rule = opt.rule, rescale = opt.rescale}
    local train = part == "low" and images:low_pass(radius, filter)
      or images:high_pass(radius, filter)
    local name = ("%s r=%g"):format(part, radius)
    local model = hfc.model(opt.model, {
      classes = data.classes, channels = data.channels,
      batch_norm = opt.batch_norm, seed = opt.seed,
    })
    local history = hfc.train(model, train, {
      epochs = opt.epochs, batch_size = opt.batch_size,
      optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
      probes = {train = train, test = data.test}, log = run:series(name),
    })
    run:save(model, (name:gsub("[ =]", "_")))
    local accuracy, paper =
      history[#history].accuracy, opt.dataset == "cifar10" and published[part][radius] or {}
    run:row("table1", {
      part = part, radius = radius, train = accuracy.train, test = accuracy.test,
      ["train (paper)"] = paper[1], ["test (paper)"] = paper[2],
    }, {"part", "radius", "train", "train (paper)", "test", "test (paper)"})
  end
end
run:plot("table1", {y = "accuracy"})
print("results in " .. run:directory())
