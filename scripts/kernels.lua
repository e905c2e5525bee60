-- Figure 7 of Wang et al., CVPR 2020: kernels of the first convolution, of natural and adversarial
-- training, as they are and smoothed.
--
--   hfc-host scripts/kernels.lua
--       embedded data: a minute on two cores
--   hfc-host scripts/kernels.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--   hfc-host scripts/kernels.lua --model runs/NAME
--       with the networks of a run of smoothing_defence
--
-- Expect: adversarial training makes kernels whose neighbouring weights differ less (a smaller
-- roughness), as smoothing does, and that let less of the highest frequencies through.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model      = {"preact_resnet8",
                "networks to train (help(hfc.model)), or the run directory of trained ones"},
  rho        = {{0, 1}, "strengths of the smoothing; 0: none"},
  budget     = {8 / 255, "epsilon of the adversarial training (PGD)"},
  steps      = {4, "of PGD in the training, each of epsilon / steps"},
  epochs     = {{natural = 12, adversarial = 18}, "passes over the training set"},
  batch_size = 10,
  lr         = {3e-3, "of Adam"},
  seed       = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", steps = 10,
      epochs = {natural = 100, adversarial = 100}, batch_size = 100, lr = 1e-4,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, train = 300, low = .5, high = .2})
local run = hfc.run("kernels", opt)
local pgd = hfc.attack.pgd {
  epsilon = opt.budget, steps = opt.steps, relative_alpha = 1 / opt.steps, random_start = false,
}

local rows, headings = {}, {}
for _, training in ipairs {"natural", "adversarial"} do
  local model = hfc.saved_model(opt.model, training)
  if not model then
    model = hfc.model(opt.model, {
      classes = data.classes, channels = data.channels, seed = opt.seed,
    })
    hfc.train(model, data.train, {
      epochs = opt.epochs[training], batch_size = opt.batch_size,
      optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
      adversarial = training == "adversarial" and pgd or nil,
      probes = {test = data.test}, log = run:series(training), log_kernels = true,
    })
    run:save(model, training)
  end
  for _, rho in ipairs(opt.rho) do
    local kernel = hfc.smooth(model, {rho = rho}):parameters()[1]:detach():cpu()
    local gain = hfc.frequency_response(kernel, 32):square():mean({0, 1})
    table.insert(headings, ("%s, rho = %g"):format(training, rho))
    -- grey is 0
    table.insert(rows, kernel[{{0, math.min(16, #kernel)}}] / (2 * kernel:abs():amax()) + .5)
    run:row("roughness", {
      training = training, rho = rho, roughness = hfc.roughness(kernel):mean():item(),
      ["gain beyond r=12"] =
        (gain * (1 - hfc.frequency.mask(32, 32, 12))):sum():item() / gain:sum():item(),
    }, {"training", "rho"})
  end
end
run:image("figure7", rows, {headings = headings})
print("results in " .. run:directory())
