-- Section 5 of Wang et al., CVPR 2020: the frequencies that a network uses, by its optimizer.
--   hfc-host scripts/optimizers.lua                       built-in data: half a minute on two cores
--   hfc-host scripts/optimizers.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- The curves low r and high r are accuracies on filtered test images. Expect: on CIFAR-10, says the
-- paper, SGD uses more of the high frequencies than the others; hfc-host has not measured this. On
-- the built-in data SGD is the slowest, and all stay near chance on x_h. The preset's step sizes of
-- SGD and AdaDelta are those of the authors' code; those of AdaGrad and RMSprop are not known.
local known = {"sgd", "adam", "adagrad", "adadelta", "rmsprop"}
local opt = hfc.options(hfc.common {
  optimizers    = {known, "optimizers to train with", choices = known},
  lr            = {{sgd = 1e-2, adam = 3e-3, adagrad = 1e-2, adadelta = 1, rmsprop = 1e-3},
                   "step size", above = 0},
  tensorflow    = {false, "TensorFlow's default options in place of PyTorch's"},
  batch_norm    = {true, "BatchNorm before each ReLU; the paper's networks have none"},
  radii         = {{4, 12}, "of the filtered test images, in frequency bins"},
  epochs        = 8,
  train_images  = 200,
  probe_samples = {100, "number of images of each probe, 0: all"},
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", batch_norm = false, radii = {4, 8, 12, 16},
    epochs = 100, batch_size = 100,
    lr = {adam = 1e-4, adagrad = 1e-2, adadelta = .1, rmsprop = 1e-4},
    train_images = 0, probe_samples = 0,
  }, code = {
    dataset = "cifar10", model = "preact_resnet32", batch_norm = false, radii = {4, 8, 12, 16},
    epochs = 100, batch_size = 100, tensorflow = true,
    lr = {adam = 1e-4, adagrad = 1e-2, adadelta = .1, rmsprop = 1e-4},
    train_images = 0, probe_samples = 0,
  }},
})
local tensorflow = {
  adagrad = {initial_accumulator_value = .1}, adadelta = {rho = .95, eps = 1e-8},
  rmsprop = {alpha = .9, eps = 1e-10},
}
local data = hfc.data(opt, {low = .1, high = .1, noise = .25})
local run = hfc.run("optimizers", opt)
local probes = data.test:probes {
  low = opt.radii, high = opt.radii, train = data.train, test = data.test,
}

for _, name in ipairs(opt.optimizers) do
  local model = hfc.new_model(opt, data, {batch_norm = opt.batch_norm})
  local last = hfc.train(model, data.train, hfc.training(opt, {
    optimizer = hfc.merge({name, lr = opt.lr[name]}, opt.tensorflow and tensorflow[name]),
    probes = probes, log = run:series(name),
  })):last()
  run:row("accuracy", {optimizer = name, gap = last.train - last.test},
          {"optimizer", "train", "test", "gap"}, last)
end
run:plot("optimizers", {y = "accuracy", panels = opt.optimizers})
