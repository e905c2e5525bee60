-- Figures 4 and 11 of Wang et al., CVPR 2020: batch size, generalization gap and high frequencies.
--   hfc-host scripts/batch_size.lua                       built-in data: half a minute on two cores
--   hfc-host scripts/batch_size.lua --preset paper --device cuda    CIFAR-10 as in the paper
--
-- The curves 'low r=N' and 'high r=N' are accuracies on filtered test images, as in the paper.
-- Expect: on the built-in data, batches of 40 images give the lowest accuracy (seeds 0, 1 and 2),
-- because training then takes the fewest steps. The order of the other batch sizes differs between
-- seeds, and the gap does not shrink as batches grow. According to the paper, large batches on
-- CIFAR-10 give a smaller gap and less use of high frequencies; hfc-host has not measured this.
local opt = hfc.options(hfc.common {
  batch_sizes   = {{5, 10, 20, 40}, "one training run each; the paper does not state its sizes"},
  batch_norm    = {true, "use BatchNorm before each ReLU; the paper does not"},
  radii         = {{4, 12}, "radii of the filtered test images, in frequency bins"},
  batch_size    = false,
  epochs        = 8,
  train_images  = 200,
  probe_samples = {100, "images per probe; 0 means all"},
  presets = {paper = hfc.wang2020 {
    batch_size = false, batch_sizes = {32, 64, 128, 256, 512}, batch_norm = false,
    radii = {4, 8, 12, 16}, train_images = 0, probe_samples = 0,
  }, imagenet_nine = hfc.imagenet_nine {
    batch_size = false, batch_sizes = {32, 64, 128, 256}, radii = {25, 50, 100, 150}, epochs = 50,
    train_images = 0, probe_samples = 0,
  }},
})
local data = hfc.data(opt, {low = .1, high = .1, noise = .25})
local run = hfc.run("batch_size", opt)
local probes, panels = data.test:probes {
  low = opt.radii, high = opt.radii, train = data.train, test = data.test,
}, {}

for n, size in ipairs(opt.batch_sizes) do
  panels[n] = "batch size " .. size
  local model = hfc.new_model(opt, data, {batch_norm = opt.batch_norm})
  local last = hfc.train(model, data.train, hfc.training(opt, {
    batch_size = size, probes = probes, log = run:series(panels[n]),
  })):last()
  run:row("accuracy", {["batch size"] = size, gap = last.train - last.test},
          {"batch size", "train", "test", "gap"}, last)
end
run:plot("figure4", {y = "accuracy", panels = panels})
