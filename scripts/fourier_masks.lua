-- Fourier masks (Karantzas et al. 2022): the frequencies that differently trained networks need.
--   hfc-host scripts/fourier_masks.lua                    built-in data: a minute on two cores
--   hfc-host scripts/fourier_masks.lua --preset paper --dataset folder:IMAGENETTE --device cuda
-- Masks are learned on training images and scored on test images; the preset learns and scores them
-- on the test images, as the authors' code does. Expect: in the built-in data, the masked accuracy
-- is near the clean accuracy, and over 99 % of the mask weight is at r <= 4 (the label's band).
local known = {"natural", "adversarial", "scale", "translation", "rotation"}
local opt = hfc.options(hfc.karantzas_common {
  networks = {{"natural", "adversarial"}, "natural, adversarial, scale, translation, rotation"},
  budget = {{epsilon = 8 / 255, steps = 5, relative_alpha = 1 / 8}, "PGD for adversarial training"},
  epochs = 6, batch_size = 20, bands = {16, "number of rings and sectors"},
  mask = {{epochs = 40, batch_size = 50, lr = .03, lambda = .2, per_channel = false,
           bfloat16 = false}, "options of hfc.mask.learn"},
  learn_on = {"train", "images for the masks", choices = {"train", "test"}},
  mask_images = {150, "number of images for a mask; 0 means all", least = 0},
  class_masks = {false, "for the first network, also learn a mask for each class"},
  presets = {paper = hfc.karantzas2022 {
    networks = known, budget = {epsilon = .06, steps = 10},
    mask = {epochs = 100, batch_size = 1, lr = 1e-3}, learn_on = "test", mask_images = 0,
    bands = 64,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2})
data = hfc.standardised(data, opt.pixels)
local recipes = {}
for _, name in ipairs(known) do
  recipes[name] = hfc.karantzas_recipe(opt, data, {
    scale = name == "scale" and {.5, 1.5} or nil,
    translate = name == "translation" and .4 or nil, rotate = name == "rotation" and 180 or nil,
  })
end
recipes.adversarial.adversarial = hfc.attack.pgd(hfc.merge(opt.budget, {range = data.range}))
local run, test, mask, networks = hfc.run("fourier_masks", opt), data.test, hfc.mask, opt.networks
local some = hfc.random_images(data[opt.learn_on], opt.mask_images, opt.seed)

local settings = hfc.merge(opt.mask, {seed = opt.seed})
local models, masks = {}, {}
for name, model in hfc.networks(opt, data, run, recipes) do
  local learned = mask.learn(model, some, hfc.merge(settings, {log = run:series(name)}))
  run:row("masks", {network = name, clean = hfc.accuracy(model, test)},
          {"network", "clean", "masked", "complement"}, mask.scores(model, test, learned))
  models[#models + 1], masks[#masks + 1] = model, learned
end
for i, name in ipairs(networks) do
  local row = {network = name}
  for j, other in ipairs(networks) do
    row["mask of " .. other] = mask.accuracy(models[i], test, masks[j])
  end
  run:row("transfer", row, {"network"})
end
mask.reliability(run, networks, models, test, masks)
mask.energies(run, "bands", networks, masks, {bands = opt.bands})
mask.chart(run, "masks in colour", networks, masks)
run:image("masks", mask.pictures(test:batch(0, 1), masks, data.range),
          {headings = {"mask", "image"}, captions = {networks, networks}})
if opt.class_masks then
  mask.by_class(run, "class masks", models[1], {train = some, test = test}, settings)
end
