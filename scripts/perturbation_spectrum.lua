-- The frequencies of adversarial perturbations and input gradients, and how training changes them.
--   hfc-host scripts/perturbation_spectrum.lua            built-in data: half a minute on two cores
--   hfc-host scripts/perturbation_spectrum.lua --preset paper --device cuda    CIFAR-10
--   hfc-host scripts/perturbation_spectrum.lua --model runs/NAME    networks from fourier_masks
--
-- Measures the fraction of the power in each ring of frequencies. Expect: the gradients and
-- perturbations of the natural network reach into the high frequencies; those of the adversarially
-- trained network have more power at low frequencies. In the built-in data, where only r <= 4
-- carries the label, the gradients of the adversarially trained network have a larger fraction of
-- their power within r = 4 than those of the natural network.
local opt = hfc.options(hfc.common {
  networks   = {{"natural", "adversarial"}, "networks: natural, adversarial"},
  budget     = {{epsilon = 8 / 255, steps = 5, relative_alpha = 1 / 8},
                "PGD in L-infinity for adversarial training"},
  attack     = {{epsilon = 1, steps = 10, relative_alpha = .25, random_start = false},
                "PGD in L2 for the perturbations, so that no pixel bound shapes them"},
  images     = {100, "number of test images, starting with the first", least = 1},
  radii      = {{4, 8, 12}, "radii in the tables, in frequency bins"},
  bands      = {16, "number of rings in the figure", least = 1},
  epochs     = 6,
  batch_size = 20,
  presets = {paper = {
    dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
    budget = {epsilon = 8 / 255, steps = 10}, images = 1000,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2})
data.test = hfc.first_images(data.test, opt.images)
local run = hfc.run("perturbation_spectrum", opt)
local perturb = hfc.attack.pgdl2(opt.attack)
local x, y = data.test:batch(0, #data.test)
local recipes = {
  natural = {batch_norm = true},
  adversarial = {batch_norm = true, adversarial = hfc.attack.pgd(opt.budget)},
}
for name, model in hfc.networks(opt, data, run, recipes) do
  local seen = {
    images = x - x:mean({0}, {keepdim = true}),
    gradients = hfc.sensitivity.input_gradients(model, data.test),
    perturbations = perturb(model, x, y) - x,
  }
  for _, what in ipairs {"images", "gradients", "perturbations"} do
    local spectrum = hfc.spectrum.power(seen[what]):sum(0)
    spectrum = spectrum / spectrum:sum()
    local row, columns = {network = name, of = what}, {"network", "of"}
    for i, r in ipairs(opt.radii) do
      columns[i + 2] = "within r = " .. r
      row["within r = " .. r] = hfc.frequency.within(spectrum, r)
      local fractions = hfc.spectrum.within_each(seen[what], r)
      run:row("by image", {network = name, of = what, radius = r}, {"network", "of", "radius"},
              hfc.stats.interval(fractions[fractions:isfinite()]))
    end
    run:row("shares", row, columns)
    local rings, centres = hfc.spectrum.radial(spectrum, {bands = opt.bands, measure = "sum"})
    run:curve(what, rings, {x = centres, x_name = "radius", series = name})
  end
end
run:plot("spectrum", {
  curves = {"images", "gradients", "perturbations"}, x = "radius", y = "fraction of the power",
})
