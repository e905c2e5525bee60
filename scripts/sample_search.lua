-- Figure 2 and Corollary 1 of Wang et al., CVPR 2020: test images that a network reads by their
-- high frequencies.
--
--   hfc-host scripts/sample_search.lua
--       embedded data: ten seconds on two cores
--   hfc-host scripts/sample_search.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--   hfc-host scripts/sample_search.lua --model runs/NAME
--       with the network that another run has saved
--
-- A sample: f(x) = f(x_h) = y, f(x_l) is not y. What is right about x and wrong about x_l is not
-- robust under any bound from d(x, x_l) on (Corollary 1). Expect: samples in plenty in the embedded
-- data, whose low pattern lies half of the time; a few per cent in CIFAR-10.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model      = {"preact_resnet8",
                "a network to train (help(hfc.model)), \z
                or a run directory or file with a trained one"},
  radius     = {12, "of the split, in frequency bins"},
  rule       = {"<=", "frequencies of the low part: <= radius (paper) or < (public code)"},
  rescale    = {"none", "what the network sees of a part: none (as it is), \z
                or max (x / max(x), public code)"},
  epsilons   = {{linf = {.03, .06, .1, .2, .3, .4, .5, .6}, l2 = {1, 2, 4, 6, 8, 10, 12}},
                "bounds at which to count images"},
  epochs = 12, batch_size = 10,
  lr         = {3e-3, "of Adam"},
  seed       = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", rule = "<", rescale = "max",
      epochs = 100, batch_size = 100, lr = 1e-4,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, high = .2, low = .2, low_correlation = .5})
local run = hfc.run("sample_search", opt)
local model = hfc.saved_model(opt.model)
if not model then
  model = hfc.model(opt.model, {classes = data.classes, channels = data.channels, seed = opt.seed})
  hfc.train(model, data.train, {
    epochs = opt.epochs, batch_size = opt.batch_size,
    optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
  })
  run:save(model)
end

local test, labels, filter = data.test, data.test:labels(), {rule = opt.rule, rescale = opt.rescale}
local names, parts =
  {"x", "x_l", "x_h"}, {test, test:low_pass(opt.radius, filter), test:high_pass(opt.radius, filter)}
local class, confidence, right, pictures, captions = {}, {}, {}, {{}, {}, {}}, {{}, {}, {}}
for k, part in ipairs(parts) do
  class[k], confidence[k] = hfc.predict(model, part)
  right[k] = class[k]:eq(labels)
  run:row("accuracy", {part = names[k], accuracy = right[k]:double():mean():item()}, {"part"})
end
local bites = right[1]:logical_and(right[2]:logical_not())  -- Corollary 1 asks nothing of x_h
local samples = bites:logical_and(right[3]):nonzero():flatten()
local distance = hfc.distances(test, parts[2])
for _, metric in ipairs {"linf", "l2"} do
  for _, epsilon in ipairs(opt.epsilons[metric]) do
    local share = bites:logical_and(distance[metric]:le(epsilon)):double():mean():item()
    run:row("corollary1", {metric = metric, epsilon = epsilon, share = share},
            {"metric", "epsilon"})
  end
end
for n = 1, #samples do
  local i = samples[n - 1]:item()
  local row = {
    image = i, label = data.class_names[labels[i]:item() + 1],
    linf = distance.linf[i]:item(), l2 = distance.l2[i]:item(),
  }
  for k, name in ipairs(names) do
    row["f(" .. name .. ")"], row["confidence " .. name] =
      data.class_names[class[k][i]:item() + 1], confidence[k][i]:item()
    if n <= 8 then
      captions[k][n] = ("%s\n%.3f"):format(row["f(" .. name .. ")"], confidence[k][i]:item())
      pictures[k][n] = parts[k]:batch(i, i + 1) + (k == 3 and .5 or 0)  -- x_h has zero mean
    end
  end
  run:row("samples", row, {"image", "label"})
end
if #samples > 0 then run:image("figure2", pictures, {captions = captions, headings = names}) end
print(("%d of %d test images are such samples; results in %s"):format(
  #samples, #test, run:directory()))
