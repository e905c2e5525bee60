-- Fourier masks (Karantzas et al. 2022): which frequencies a trained network needs, by the way it
-- was trained.
--
--   hfc-host scripts/fourier_masks.lua    embedded data: a minute on two cores
--   hfc-host scripts/fourier_masks.lua --preset paper --dataset folder:DIR --device cuda
--       as in the paper (five classes of Imagenette)
-- Masks are learned on training images and scored on test images. Expect: masked accuracy near the
-- clean one with a few per cent of the weight, in the embedded data nine tenths of it where the
-- label lies (r <= 4). Bands are of maps divided by their own L2 norm. See image_masks.lua too.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  image_size = {128, "of a folder's images"},
  model      = {"preact_resnet8",
                "networks to train (help(hfc.model)), or the run directory of trained ones"},
  networks   = {{"natural", "adversarial"}, "of natural, adversarial, scale, translation, \z
                rotation; differences are to the first"},
  budget     = {{epsilon = 8 / 255, steps = 5}, "of the adversarial training, PGD in L-infinity"},
  epochs = 6, batch_size = 20, lr = 3e-3, seed = 0,
  crop = {1, "least area of RandomResizedCrop"}, flip = false, bands = {16, "rings and sectors"},
  mask       = {{epochs = 40, batch_size = 50, lr = .03, lambda = .2, images = 150,
                 per_channel = false, bfloat16 = false}, "of a network's mask; images 0: all"},
  presets = {paper = {
    model = "resnet18", networks = {"natural", "adversarial", "scale", "translation", "rotation"},
    epochs = 50, batch_size = 128, lr = 1e-3, crop = .08, flip = true,
    budget = {epsilon = 3.5 / 255, steps = 10},
    mask = {epochs = 100, batch_size = 1, lr = 1e-3, images = 0}, bands = 64,
  }},
}
local data = hfc.data(opt.dataset, {
  seed = opt.seed, train = 300, test = 100, classes = 5,
  low = .25, high = 0, noise = .2, image_size = opt.image_size,
})
local pgd = hfc.attack.pgd {epsilon = opt.budget.epsilon, steps = opt.budget.steps,
                            relative_alpha = 1 / 8}
local changes = {
  natural = {}, adversarial = {},
  scale = {scale = {.5, 1.5}}, translation = {translate = .4}, rotation = {rotate = 180},
}
for _, name in ipairs(opt.networks) do
  assert(hfc.saved_model(opt.model, name) or changes[name],
         "option --networks: there is no " .. name)
end
local run, test, mask = hfc.run("fourier_masks", opt), data.test, hfc.mask
local function trained(name)
  local model = hfc.model(opt.model, {
    classes = data.classes, channels = data.channels, batch_norm = true, seed = opt.seed,
  })
  changes[name].crop, changes[name].flip = opt.crop, opt.flip
  hfc.train(model, data.train, {
    epochs = opt.epochs, batch_size = opt.batch_size, optimizer = {"adam", lr = opt.lr},
    seed = opt.seed, augment = changes[name], adversarial = name == "adversarial" and pgd or nil,
    probes = {test = test}, log = run:series("training, " .. name),
  })
  run:save(model, name)
  return model
end
local some = opt.mask.images > 0 and #data.train > opt.mask.images
  and data.train:subset(opt.mask.images, {seed = opt.seed}) or data.train
local models, masks, own, maps, pictures, columns = {}, {}, {}, {}, {{}, {}}, {"network"}
for i, name in ipairs(opt.networks) do
  models[i], columns[i + 1] = hfc.saved_model(opt.model, name) or trained(name), "mask of " .. name
  masks[i] = mask.learn(models[i], some, {
    epochs = opt.mask.epochs, batch_size = opt.mask.batch_size, lr = opt.mask.lr,
    lambda = opt.mask.lambda, per_channel = opt.mask.per_channel, bfloat16 = opt.mask.bfloat16,
    seed = opt.seed, log = run:series(name),
  })
  local map, masked = masks[i]:mean({0, 1}), mask.accuracy(models[i], test, masks[i])
  run:row("masks", {
    network = name, clean = hfc.accuracy(models[i], test), masked = masked, l1 = map:mean():item(),
    complement = mask.accuracy(models[i], test, 1 - masks[i]),
    ["above .5"] = mask.accuracy(models[i], test, mask.threshold(masks[i], .5)),
    ["weight in r <= 4"] =
      (map * hfc.frequency.mask(map.shape[1], map.shape[2], 4)):sum():item() / map:sum():item(),
  }, {"network", "clean", "masked", "complement", "above .5", "l1", "weight in r <= 4"})
  own[i], maps[i], pictures[1][i] = masked, map / map:norm(),
    torch.fft_fftshift(map / map:max()):reshape {1, 1, map.shape[1], map.shape[2]}
  pictures[2][i] = mask.apply(test:batch(0, 1) - .5, masks[i]):mean(1, {keepdim = true}) + .5
end
for i, name in ipairs(opt.networks) do
  local row = {network = name}
  for j in ipairs(masks) do
    row[columns[j + 1] ] = i == j and own[i] or mask.accuracy(models[i], test, masks[j])
  end
  run:row("transfer", row, columns)
end
for _, kind in ipairs {"radial", "angular"} do
  local values, centres = {}, nil
  for i in ipairs(maps) do values[i], centres = mask[kind](maps[i], {bands = opt.bands}) end
  for b = 0, opt.bands - 1 do
    local energy = {[opt.networks[1] ] = values[1][b]:item()}
    for i = 2, #maps do
      energy[opt.networks[i] .. " - " .. opt.networks[1] ] = (values[i] - values[1])[b]:item()
    end
    run:log {series = kind, band = centres[b]:item(), energy = energy}
  end
end
run:plot("bands", {x = "band", y = "energy", panels = {"radial", "angular"}})
run:image("masks", pictures,
          {headings = {"mask", "image seen"}, captions = {opt.networks, opt.networks}})
print("results in " .. run:directory())
