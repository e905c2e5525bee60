-- Figure 3 of Wang et al., CVPR 2020: a network learns low frequencies first, unless the labels are
-- shuffled.
--
--   hfc-host scripts/shuffled_labels.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/shuffled_labels.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--
-- Expect: with natural labels the accuracy on the low-passed images (r = 4) rises within the first
-- epochs; with shuffled ones the training accuracy rises late and the r = 4 curve stays near
-- chance.
local opt = hfc.options {
  dataset       = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model         = {"preact_resnet8", "see help(hfc.model)"},
  labels        = {{"natural", "shuffled"}, "which of the two to train with"},
  epochs        = {{natural = 12, shuffled = 48}, "passes over the training set"},
  radii         = {{4, 8, 12, 16}, "radii of the low-frequency probes, in frequency bins"},
  batch_size    = 10,
  lr            = {3e-3, "step size of Adam"},
  train_images  = {0, "use so many training images, 0: all"},
  probe_samples = {0, "evaluate each probe on so many images, 0: all"},
  seed          = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32",
      epochs = {natural = 100, shuffled = 300}, batch_size = 100, lr = 1e-4,
    },
  },
}
-- Few synthetic images of strong contrast and noise: enough to tell apart, few enough to memorise
-- in a minute.
local data = hfc.data(opt.dataset, {
  seed = opt.seed, train = 200, test = 100, low = 0.5, high = 0.25, noise = 0.5,
})
local images = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("shuffled_labels", opt)

for _, labels in ipairs(opt.labels) do
  assert(opt.epochs[labels], "option --labels: expected natural or shuffled, got " .. labels)
  local train = labels == "shuffled" and images:shuffle_labels {seed = opt.seed} or images
  local probes = {train = train, test = data.test}
  for _, r in ipairs(opt.radii) do probes["train low r=" .. r] = train:low_pass(r) end
  local model = hfc.model(opt.model, {
    classes = data.classes, channels = data.channels, seed = opt.seed,
  })
  local history = hfc.train(model, train, {
    epochs = opt.epochs[labels], batch_size = opt.batch_size,
    optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
    probes = probes, probe_samples = opt.probe_samples, log = run:series(labels),
  })
  for _, epoch in ipairs {1, #history} do
    local row = {labels = labels, epoch = epoch}
    for name, accuracy in pairs(history[epoch].accuracy) do row[name] = accuracy end
    run:row("accuracy", row)
  end
end
run:plot("figure3", {y = "accuracy", panels = opt.labels})
print("results in " .. run:directory())
