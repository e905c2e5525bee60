-- Figures 3 and 10 of Wang et al., CVPR 2020: a network learns low frequencies first, unless the
-- labels are shuffled.
--   hfc-host scripts/shuffled_labels.lua                  built-in data: half a minute on two cores
--   hfc-host scripts/shuffled_labels.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- Expect: with natural labels, the accuracy on low-passed images (r = 4) rises together with the
-- training accuracy, to more than .9 within 12 epochs. With shuffled labels, the training accuracy
-- rises late, and the r = 4 curve stays near chance (built-in data, seeds 0, 1 and 2).
local opt = hfc.options(hfc.common {
  labels        = {{"natural", "shuffled"}, "training labels", choices = {"natural", "shuffled"}},
  epochs        = {{natural = 12, shuffled = 48}, "passes over the training set", least = 1},
  radii         = {{4, 8, 12, 16}, "radii of the low-frequency probes, in frequency bins"},
  probe_samples = {0, "images per probe; 0 means all"},
  presets = {paper = hfc.wang2020 {epochs = {natural = 100, shuffled = 300}},
             code = hfc.wang2020_code {epochs = {natural = 100, shuffled = 300}},
             imagenet_nine = hfc.imagenet_nine {
    epochs = {natural = 50, shuffled = 150}, radii = {25, 50, 100, 150},
  }},
})
-- Only 200 synthetic images with strong contrast and noise, so that the network can memorise
-- shuffled labels in a minute.
local data = hfc.data(opt, {train = 200, test = 100, low = 0.5, high = 0.25, noise = 0.5})
local run = hfc.run("shuffled_labels", opt)

for _, labels in ipairs(opt.labels) do
  local train = labels == "shuffled" and data.train:shuffle_labels {seed = opt.seed} or data.train
  local probes = train:probes {
    low = opt.radii, prefix = "train ", train = train, test = data.test,
  }
  local model = hfc.new_model(opt, data)
  local history = hfc.train(model, train, hfc.training(opt, {
    epochs = opt.epochs[labels], probes = probes, log = run:series(labels),
  }))
  for _, epoch in ipairs(#history > 1 and {1, #history} or {1}) do
    run:row("accuracy", {labels = labels, epoch = epoch}, {}, history[epoch].accuracy)
  end
end
run:plot("figure3", {y = "accuracy", panels = opt.labels})
