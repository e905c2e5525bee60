-- Which frequencies an attack needs: APGD restricted to bands, at equal epsilon.
--   hfc-host scripts/attack_bands.lua                     built-in data: a minute on two cores
--   hfc-host scripts/attack_bands.lua --preset paper --device cuda    CIFAR-10
--   hfc-host scripts/attack_bands.lua --model runs/NAME   networks from fourier_masks
--
-- The gradient and the perturbation keep only the lowest coefficients of the cosine transform, or
-- the frequencies beyond a radius. Expect: adversarial training weakens the attacks in the high
-- bands more than the other restricted attacks (built-in data, seeds 0, 1 and 2).
local opt = hfc.options(hfc.common {
  networks   = {{"natural", "adversarial"}, "networks to attack: natural, adversarial"},
  budget     = {{epsilon = 8 / 255, steps = 5, relative_alpha = 1 / 8},
                "PGD in L-infinity for adversarial training"},
  epsilon    = {{8 / 255, 16 / 255, 32 / 255}, "bounds of the attacks"},
  norm       = {"linf", "norm of the attacks", choices = {"linf", "l2"}},
  steps      = {20, "steps of the attacks", least = 1},
  fractions  = {{1 / 8, 1 / 4, 1 / 2}, "fractions of DCT coefficients to keep in each direction"},
  radii      = {{4, 8}, "radii of the high-frequency bands"},
  images     = {100, "number of test images", least = 1},
  epochs     = 6,
  batch_size = 20,
  presets = {paper = {
    dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
    budget = {epsilon = 8 / 255, steps = 10}, images = 1000, steps = 100,
    epsilon = {2 / 255, 4 / 255, 8 / 255},
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2,
  test_images = opt.images})
local run = hfc.run("attack_bands", opt)
local bands = {{name = "all"}}
for _, part in ipairs(opt.fractions) do
  bands[#bands + 1] = {name = ("dct %.3g"):format(part), band = {dct = part}}
end
for _, radius in ipairs(opt.radii) do
  bands[#bands + 1] = {name = "high r=" .. radius, band = {part = "high", radius = radius}}
end
local recipes = {
  natural = {batch_norm = true},
  adversarial = {batch_norm = true, adversarial = hfc.attack.pgd(opt.budget)},
}
for name, model in hfc.networks(opt, data, run, recipes) do
  for _, band in ipairs(bands) do
    local attack = hfc.attack.apgd {epsilon = opt.epsilon, norm = opt.norm, steps = opt.steps,
      band = band.band, seed = opt.seed}
    for i, robust in ipairs(hfc.robust_accuracy(model, data.test, attack)) do
      run:row("accuracy", {network = name, band = band.name, epsilon = opt.epsilon[i],
        accuracy = robust}, {"network", "band", "epsilon", "accuracy"})
    end
  end
end
