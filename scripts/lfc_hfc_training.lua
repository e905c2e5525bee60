-- Tables 1 and 3 of Wang et al., CVPR 2020: networks trained on only the low or only the high
-- frequencies, tested on whole images.
--   hfc-host scripts/lfc_hfc_training.lua                 built-in data: half a minute on two cores
--   hfc-host scripts/lfc_hfc_training.lua --preset paper --device cuda    CIFAR-10
--
-- Expect: all networks fit their training images. On whole test images, networks trained on low
-- frequencies get better as the radius grows (in the built-in data, r = 4 is enough), and networks
-- trained on high frequencies are near chance.
local opt = hfc.options(hfc.common {
  radii        = {{4, 8, 12, 16}, "radii of the split, in frequency bins"},
  parts        = {{"low", "high"}, "parts of the images to train on", choices = {"low", "high"}},
  rule         = {"<=", "low part: <= radius (paper) or < radius (authors' code)"},
  rescale      = {"none", "rescale filtered images: none, or max (authors' code)"},
  batch_norm   = {true, "use BatchNorm before each ReLU; the paper does not"},
  epochs       = 6,
  presets = {paper = hfc.wang2020 {rescale = "max", batch_norm = false}, code = hfc.wang2020_code {
    rule = "<", rescale = "max", batch_norm = false,
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
