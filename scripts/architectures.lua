-- Section 5 of Wang et al., CVPR 2020: accuracy, gap and frequencies of LeNet, AlexNet, VGG and
-- ResNet.
--
--   hfc-host scripts/architectures.lua                                 embedded data
--   hfc-host scripts/architectures.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- Expect: in CIFAR-10, says the paper, ResNet has the best test accuracy and the smallest gap
-- between training and test. The embedded data carry the label twice, in low and in high
-- frequencies: LeNet and VGG-11 know x_l of r = 4 alone (1.00 and .97 after 10 epochs), the
-- residual network does not (.10) though it knows its training images; AlexNet, without BatchNorm,
-- has not begun to learn by then. VGG has BatchNorm with --batch_norm, ResNet always, LeNet and
-- AlexNet never.
local opt = hfc.options {
  dataset       = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  models        = {{"lenet", "alexnet", "vgg11", "preact_resnet20"},
                   "one training each, see help(hfc.model)"},
  batch_norm    = {true, "BatchNorm in vgg and preact_resnet"},
  radii         = {{4, 12}, "of the probes, in frequency bins"},
  epochs        = 10,
  batch_size    = 10,
  lr            = {5e-4, "of Adam"},
  train_images  = {200, "use so many training images, 0: all"},
  probe_samples = {100, "evaluate each probe on so many images, 0: all"},
  seed          = 0,
  presets = {
    paper = {
      dataset = "cifar10", models = {"lenet", "alexnet", "vgg11", "resnet18"}, batch_norm = false,
      radii = {4, 8, 12, 16}, epochs = 100, batch_size = 100, lr = 1e-4,
      train_images = 0, probe_samples = 0,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, low = .1, high = .1, noise = .25})
local train = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("architectures", opt)
local probes = {train = train, test = data.test}
for _, r in ipairs(opt.radii) do
  probes["low r=" .. r], probes["high r=" .. r] = train:low_pass(r), train:high_pass(r)
end

for _, name in ipairs(opt.models) do
  local batch_norm = opt.batch_norm and (name:find "^vgg" or name:find "^preact") ~= nil
  local model = hfc.model(name, {
    classes = data.classes, channels = data.channels, batch_norm = batch_norm, seed = opt.seed,
  })
  local history = hfc.train(model, train, {
    epochs = opt.epochs, batch_size = opt.batch_size,
    optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
    probes = probes, probe_samples = opt.probe_samples, log = run:series(name),
  })
  local row = {
    model = name,
    gap = history[#history].accuracy.train - history[#history].accuracy.test,
  }
  for probe, accuracy in pairs(history[#history].accuracy) do row[probe] = accuracy end
  run:row("accuracy", row, {"model", "train", "test", "gap"})
end
run:plot("architectures", {y = "accuracy", panels = opt.models})
print("results in " .. run:directory())
