-- Tables 1 and 3 of Wang et al., CVPR 2020: networks trained on the low or on the high frequencies
-- alone, tested on whole images.
--   hfc-host scripts/lfc_hfc_training.lua                 built-in data: half a minute on two cores
--   hfc-host scripts/lfc_hfc_training.lua --preset paper --device cuda    CIFAR-10
--
-- Expect: all fit their training images. Those trained on low frequencies classify whole test
-- images, the better the larger the radius (in the built-in data r = 4 is enough). Those trained on
-- high frequencies are near chance on whole test images.
local opt = hfc.options(hfc.common {
  radii        = {{4, 8, 12, 16}, "of the split, in frequency bins"},
  parts        = {{"low", "high"}, "of the images to train on", choices = {"low", "high"}},
  rule         = {"<=", "frequencies of the low part: <= radius (paper) or < (public code)"},
  rescale      = {"none", "of the filtered images: none, or max (x / max(x), public code)"},
  batch_norm   = {true, "BatchNorm before each ReLU; the paper's networks have none"},
  epochs       = 6,
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", rescale = "max",
    batch_norm = false, epochs = 100, batch_size = 100, lr = 1e-4,
  }, code = {
    dataset = "cifar10", model = "preact_resnet32", rule = "<", rescale = "max",
    batch_norm = false, epochs = 100, batch_size = 100, lr = 1e-4,
  }, imagenet_nine = hfc.imagenet_nine {radii = {25, 50, 100, 150}, epochs = 50}},
})
local data = hfc.data(opt, {high = .08})
local run = hfc.run("lfc_hfc_training", opt)
local published = opt.dataset == "cifar10" and "wang2020 table1"
  or opt.classes:find "nine.json" and "wang2020 table3"
local views = data.train:probes {
  low = opt.radii, high = opt.radii, rule = opt.rule, rescale = opt.rescale,
}

for _, part in ipairs(opt.parts) do
  for _, radius in ipairs(opt.radii) do
    local name = ("%s r=%g"):format(part, radius)
    local train = views[name]
    local model = hfc.new_model(opt, data, {batch_norm = opt.batch_norm})
    local last = hfc.train(model, train, hfc.training(opt, {
      probes = {train = train, test = data.test}, log = run:series(name),
    })):last()
    run:save(model, (name:gsub("[ =]", "_")))
    local paper = published and hfc.published(published, part, radius) or {}
    run:row("table1", {
      part = part, radius = radius, ["train (paper)"] = paper[1], ["test (paper)"] = paper[2],
    }, {"part", "radius", "train", "train (paper)", "test", "test (paper)"}, last)
  end
end
run:plot("table1", {y = "accuracy"})
