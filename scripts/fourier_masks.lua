-- Fourier masks (Karantzas et al. 2022): the frequencies that a network needs, by its training.
--   hfc-host scripts/fourier_masks.lua                    built-in data: a minute on two cores
--   hfc-host scripts/fourier_masks.lua --preset paper --dataset folder:DIR --device cuda
-- Masks are learned on training images and scored on test images. Expect: in the built-in data, the
-- masked accuracy is near the clean one, and nine tenths of the weight is at r <= 4 (the label).
local known = {"natural", "adversarial", "scale", "translation", "rotation"}
local opt = hfc.options(hfc.common {
  networks = {{"natural", "adversarial"}, "natural, adversarial, scale, translation, rotation"},
  budget = {{epsilon = 8 / 255, steps = 5, relative_alpha = 1 / 8}, "PGD of adversarial training"},
  epochs = 6, batch_size = 20,
  crop = {1, "smallest area of RandomResizedCrop"}, flip = false, bands = {16, "rings and sectors"},
  mask = {{epochs = 40, batch_size = 50, lr = .03, lambda = .2, per_channel = false,
           bfloat16 = false}, "options of hfc.mask.learn"},
  mask_images = {150, "training images for a mask; 0 means all", least = 0},
  presets = {paper = {
    model = "resnet18", networks = known, epochs = 50, batch_size = 128, lr = 1e-3,
    crop = .08, flip = true, budget = {epsilon = 3.5 / 255, steps = 10},
    mask = {epochs = 100, batch_size = 1, lr = 1e-3}, mask_images = 0, bands = 64,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2})
local recipes = {}
for _, name in ipairs(known) do
  recipes[name] = {batch_norm = true, augment = {
    crop = opt.crop, flip = opt.flip, scale = name == "scale" and {.5, 1.5} or nil,
    translate = name == "translation" and .4 or nil, rotate = name == "rotation" and 180 or nil,
  }}
end
recipes.adversarial.adversarial = hfc.attack.pgd(opt.budget)
local run, test, mask, networks = hfc.run("fourier_masks", opt), data.test, hfc.mask, opt.networks
local few = opt.mask_images < #data.train and opt.mask_images or 0
local some = data.train:subset(few, {seed = opt.seed})

local models, masks, maps, pictures = {}, {}, {}, {{}, {}}
for name, model in hfc.networks(opt, data, run, recipes) do
  local settings = hfc.merge(opt.mask, {seed = opt.seed, log = run:series(name)})
  local learned = mask.learn(model, some, settings)
  run:row("masks", {network = name, clean = hfc.accuracy(model, test)},
          {"network", "clean", "masked", "complement"}, mask.scores(model, test, learned))
  local map, seen = learned:mean({0, 1}), mask.apply(test:batch(0, 1) - .5, learned)
  models[#models + 1], masks[#masks + 1], maps[#maps + 1] = model, learned, map / map:norm()
  table.insert(pictures[1], torch.fft_fftshift(map / map:max())[{torch.none, torch.none}])
  table.insert(pictures[2], seen:mean(1, {keepdim = true}) + .5)
end
for i, name in ipairs(networks) do
  local row = {network = name}
  for j, other in ipairs(networks) do
    row["mask of " .. other] = mask.accuracy(models[i], test, masks[j])
  end
  run:row("transfer", row, {"network"})
  for _, kind in ipairs {"radial", "angular"} do
    local values, centres = hfc.spectrum[kind](maps[i], {bands = opt.bands})
    if i > 1 then values = values - hfc.spectrum[kind](maps[1], {bands = opt.bands}) end
    run:curve(kind, values, {x = centres, x_name = "band",
                             series = name .. (i > 1 and " - " .. networks[1] or "")})
  end
end
run:plot("bands", {curves = {"radial", "angular"}, x = "band", y = "energy"})
mask.chart(run, "masks in colour", networks, masks)
run:image("masks", pictures, {headings = {"mask", "image"}, captions = {networks, networks}})
