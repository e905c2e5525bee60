-- Section 5 of Wang et al., CVPR 2020: accuracy, gap and frequencies of four architectures.
--   hfc-host scripts/architectures.lua                                 built-in data
--   hfc-host scripts/architectures.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- The curves 'low r=N' and 'high r=N' are accuracies on filtered test images. Expect: according to
-- the paper, ResNet has the best test accuracy on CIFAR-10 and the smallest gap between training
-- and test; hfc-host has not measured this. In the built-in data, both bands carry the label. LeNet
-- and VGG-11 classify most of x_l correctly (r = 4; seeds 0, 1 and 2: 1.00 and .63 to 1.00), but
-- the residual network does not, although it fits its training images. LeNet and AlexNet never have
-- BatchNorm, so the comparison is not fair with --batch_norm true.
local opt = hfc.options(hfc.common {
  model         = false,
  models        = {{"lenet", "alexnet", "vgg11", "preact_resnet20"},
                   "networks to train (see help(hfc.model))"},
  batch_norm    = {true, "use BatchNorm in vgg and preact_resnet"},
  radii         = {{4, 12}, "radii of the filtered test images, in frequency bins"},
  epochs        = 10,
  lr            = 5e-4,
  train_images  = 200,
  probe_samples = {100, "images per probe; 0 means all"},
  presets = {paper = {
    dataset = "cifar10", models = {"lenet", "alexnet", "vgg11", "preact_resnet32"},
    batch_norm = false, radii = {4, 8, 12, 16}, epochs = 100, batch_size = 100, lr = 1e-4,
    train_images = 0, probe_samples = 0,
  }},
})
local data = hfc.data(opt, {low = .1, high = .1, noise = .25})
local models = {}
for i, name in ipairs(opt.models) do
  local batch_norm = opt.batch_norm and (name:find "^vgg" or name:find "^preact") ~= nil
  models[i] = hfc.new_model(hfc.merge(opt, {model = name}), data, {batch_norm = batch_norm})
end
local run = hfc.run("architectures", opt)
local probes = data.test:probes {
  low = opt.radii, high = opt.radii, train = data.train, test = data.test,
}

for i, name in ipairs(opt.models) do
  local last = hfc.train(models[i], data.train,
                         hfc.training(opt, {probes = probes, log = run:series(name)})):last()
  run:row("accuracy", {model = name, gap = last.train - last.test},
          {"model", "train", "test", "gap"}, last)
end
run:plot("architectures", {y = "accuracy", panels = opt.models})
