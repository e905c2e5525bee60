-- Table 2 of Wang et al., CVPR 2020: smoothing the first convolution's kernels as a defence,
-- without training anew (equation 3).
--
--   hfc-host scripts/smoothing_defence.lua
--       embedded data: a minute on two cores
--   hfc-host scripts/smoothing_defence.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--   hfc-host scripts/smoothing_defence.lua --model runs/NAME
--       with the natural and adversarial networks of an earlier run
--
-- Expect: smoothing costs clean accuracy and gains some under attack; adversarial training (PGD in
-- the loop) makes far more robust.
local opt = hfc.options {
  dataset      = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model        = {"preact_resnet8",
                  "networks to train (help(hfc.model)), or the run directory of trained ones"},
  rho          = {{0, .1, .25, .5, 1}, "strengths of the smoothing; 0: none"},
  epsilons     = {{.03, .06, .09}, "bounds of the attacks, L-infinity"},
  steps        = {4, "of PGD in the training, each of epsilon / steps"},
  budget       = {8 / 255, "epsilon of the adversarial training"},
  batch_norm   = {false, "BatchNorm before each ReLU; the paper's networks have none"},
  train_images = {0, "train on so many, 0: all"},
  test_images  = {0, "test on so many, 0: all"},
  epochs       = {{natural = 12, adversarial = 18}, "passes over the training set"},
  batch_size = 10, lr = 3e-3, seed = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", steps = 10,
      epochs = {natural = 100, adversarial = 100}, batch_size = 100, lr = 1e-4,
    },
  },
}
local published = {  -- clean; FGSM at .03, .06, .09; PGD at the same
  natural = {
    [0] = {.856, .107, .069, .044, .003, .002, .002},
    [.1] = {.815, .149, .105, .073, .009, .002, .001},
    [.25] = {.743, .160, .110, .079, .021, .005, .005},
    [.5] = {.674, .170, .110, .083, .031, .016, .014},
    [1] = {.631, .171, .140, .127, .086, .078, .078},
  },
  adversarial = {
    [0] = {.707, .435, .232, .137, .403, .138, .038},
    [.1] = {.691, .412, .192, .109, .379, .130, .047},
    [.25] = {.667, .385, .176, .097, .352, .116, .040},
    [.5] = {.653, .365, .180, .106, .334, .121, .062},
    [1] = {.638, .356, .223, .186, .337, .175, .131},
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, train = 300, test = 100, low = .5, high = .2})
local test = opt.test_images > 0 and data.test:subset(opt.test_images, {seed = opt.seed})
  or data.test
local train = opt.train_images > 0 and data.train:subset(opt.train_images, {seed = opt.seed})
  or data.train
local run = hfc.run("smoothing_defence", opt)

local pgd = hfc.attack.pgd {
  epsilon = opt.budget, steps = opt.steps, relative_alpha = 1 / opt.steps, random_start = false,
}

for _, training in ipairs {"natural", "adversarial"} do
  local model = hfc.saved_model(opt.model, training)
  if not model then
    model = hfc.model(opt.model, {
      classes = data.classes, channels = data.channels,
      batch_norm = opt.batch_norm, seed = opt.seed,
    })
    hfc.train(model, train, {
      epochs = opt.epochs[training], batch_size = opt.batch_size,
      optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
      adversarial = training == "adversarial" and pgd or nil,
      probes = {test = test}, log = run:series(training),
    })
    run:save(model, training)
  end
  for _, rho in ipairs(opt.rho) do
    local smooth, paper =
      hfc.smooth(model, {rho = rho}), opt.dataset == "cifar10" and published[training][rho] or {}
    local row = {
      training = training, rho = rho,
      clean = hfc.accuracy(smooth, test), ["clean (paper)"] = paper[1],
    }
    for a, name in ipairs {"fgsm", "pgd"} do
      local attack = hfc.attack[name] {
        epsilon = opt.epsilons, relative_alpha = name == "pgd" and .25 or nil,
      }
      for e, share in ipairs(hfc.robust_accuracy(smooth, test, attack)) do
        local column = ("%s %g"):format(name, opt.epsilons[e])
        row[column], row[column .. " (paper)"] =
          share, paper[3 * a - 2 + math.floor(opt.epsilons[e] / .03 + .5)]
      end
    end
    run:row("table2", row, {"training", "rho", "clean", "clean (paper)"})
  end
end
print("results in " .. run:directory())
