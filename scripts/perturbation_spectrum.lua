-- Where adversarial perturbations and input gradients lie in frequency, of networks trained
-- naturally and against attacks.
--
--   hfc-host scripts/perturbation_spectrum.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/perturbation_spectrum.lua --preset paper --device cuda
--       CIFAR-10
--   hfc-host scripts/perturbation_spectrum.lua --model runs/NAME
--       with the networks of fourier_masks
--
-- The share of the power in each ring of frequencies. Expect: the natural network's gradients and
-- perturbations reach into the high frequencies, the adversarially trained one's lie lower. In the
-- embedded data, where r <= 4 alone carries the label, the share of the gradient within r = 4 is
-- larger for the adversarially trained network.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  image_size = {128, "of a folder's images"},
  model      = {"preact_resnet8",
                "networks to train (help(hfc.model)), or the run directory of trained ones"},
  networks   = {{"natural", "adversarial"}, "natural, adversarial"},
  budget     = {{epsilon = 8 / 255, steps = 5}, "of the adversarial training, PGD in L-infinity"},
  attack     = {{epsilon = 1, steps = 10},
                "of the perturbations, PGD in L2: no bound on a pixel shapes the spectrum"},
  images     = {100, "test images"},
  radii      = {{4, 8, 12}, "of the table's shares, in frequency bins"},
  bands      = {16, "rings of the figure"},
  epochs     = 6,
  batch_size = 20,
  lr         = {3e-3, "of Adam"},
  seed       = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
      budget = {epsilon = 8 / 255, steps = 10}, images = 1000,
    },
  },
}
local data = hfc.data(opt.dataset, {
  seed = opt.seed, train = 300, test = 100, classes = 5,
  low = .25, high = 0, noise = .2, image_size = opt.image_size,
})
local test = data.test:subset(math.min(opt.images, #data.test), {seed = opt.seed})
local known = {natural = true, adversarial = true}
for _, name in ipairs(opt.networks) do
  assert(hfc.saved_model(opt.model, name) or known[name],
         "option --networks: there is no " .. name)
end
local run = hfc.run("perturbation_spectrum", opt)
local pgd = hfc.attack.pgd {
  epsilon = opt.budget.epsilon, steps = opt.budget.steps, relative_alpha = 1 / 8,
}
local perturb = hfc.attack.pgdl2 {
  epsilon = opt.attack.epsilon, steps = opt.attack.steps,
  relative_alpha = .25, random_start = false,
}
local x, y = test:batch(0, #test)

for _, name in ipairs(opt.networks) do
  local model = hfc.saved_model(opt.model, name)
  if not model then
    model = hfc.model(opt.model, {
      classes = data.classes, channels = data.channels, batch_norm = true, seed = opt.seed,
    })
    hfc.train(model, data.train, {
      epochs = opt.epochs, batch_size = opt.batch_size,
      optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
      adversarial = name == "adversarial" and pgd or nil,
      probes = {test = test}, log = run:series("training, " .. name),
    })
    run:save(model, name)
  end
  local seen = {
    images = x - x:mean({0}, {keepdim = true}),
    gradients = hfc.mask.input_gradients(model, test),
  }
  seen.perturbations = perturb(model, x, y) - x
  for _, what in ipairs {"images", "gradients", "perturbations"} do
    local spectrum = hfc.mask.power_spectrum(seen[what]):sum(0)
    spectrum = spectrum / spectrum:sum()
    local row, columns = {network = name, of = what}, {"network", "of"}
    for i, r in ipairs(opt.radii) do
      columns[i + 2] = "within r = " .. r
      row[columns[i + 2]] =
        (spectrum * hfc.frequency.mask(spectrum.shape[1], spectrum.shape[2], r)):sum():item()
    end
    run:row("shares", row, columns)
    local rings, centres = hfc.mask.radial(spectrum, {bands = opt.bands, measure = "sum"})
    run:curve(what, rings, {x = centres, x_name = "radius", series = name})
  end
end
run:plot("spectrum", {
  curves = {"images", "gradients", "perturbations"}, x = "radius", y = "share of power",
})
print("results in " .. run:directory())
