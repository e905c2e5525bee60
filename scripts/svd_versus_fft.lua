-- Section 8 of Wang et al., CVPR 2020: the search of sample_search with singular values in place of
-- frequencies finds much fewer images.
--
--   hfc-host scripts/svd_versus_fft.lua
--       embedded data: ten seconds on two cores
--   hfc-host scripts/svd_versus_fft.lua --preset paper --device cuda
--       CIFAR-10 as in the paper
--   hfc-host scripts/svd_versus_fft.lua --model runs/NAME
--       with the network that another run has saved
--
-- Each split keeps as much of the image in its dominant part: as much energy, or as many
-- coefficients, as the frequencies within the radius. Expect: the network is right about the
-- dominant singular values of most images, and about their trailing part of few.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  model      = {"preact_resnet8",
                "a network to train (help(hfc.model)), \z
                or a run directory or file with a trained one"},
  radius     = {12, "of the frequency split, in bins"},
  rule       = {"<=", "frequencies of the low part: <= radius (paper) or < (public code)"},
  epochs     = 12,
  batch_size = 10,
  lr         = {3e-3, "of Adam"},
  seed       = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "preact_resnet32", rule = "<",
      epochs = 100, batch_size = 100, lr = 1e-4,
    },
  },
}
local data = hfc.data(opt.dataset, {seed = opt.seed, high = .2, low = .2, low_correlation = .5})
local run = hfc.run("svd_versus_fft", opt)
local model = hfc.saved_model(opt.model)
if not model then
  model = hfc.model(opt.model, {classes = data.classes, channels = data.channels, seed = opt.seed})
  hfc.train(model, data.train, {
    epochs = opt.epochs, batch_size = opt.batch_size,
    optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
  })
  run:save(model)
end

local function like_radius(equal)
  return function(x)
    return hfc.decompose.svd(x, {radius = opt.radius, rule = opt.rule, equal = equal})
  end
end
local splits = {
  {"FFT", function(x) return hfc.frequency.split(x, {radius = opt.radius, rule = opt.rule}) end},
  {"SVD, equal energy", like_radius "energy"},
  {"SVD, equal coefficients", like_radius "coefficients"},
}
for _, entry in ipairs(splits) do
  local name, split = entry[1], entry[2]
  local count = {samples = 0, dominant = 0, trailing = 0}
  local pictures, captions = {{}, {}, {}}, {{}, {}, {}}
  for x, y in data.test:batches {size = 100} do
    local parts, class, confidence = {x, split(x)}, {}, {}
    for k, part in ipairs(parts) do class[k], confidence[k] = hfc.predict(model, part) end
    local samples = class[1]:eq(y):logical_and(class[3]:eq(y)):logical_and(class[2]:ne(y))
      :nonzero():flatten()
    count.samples, count.dominant =
      count.samples + #samples, count.dominant + class[2]:eq(y):sum():item()
    count.trailing = count.trailing + class[3]:eq(y):sum():item()
    for n = 0, math.min(8 - #pictures[1], #samples) - 1 do
      local i = samples[n]:item()
      for k, part in ipairs(parts) do
        table.insert(pictures[k], part[{{i, i + 1}}] + (k == 3 and .5 or 0))
        table.insert(captions[k], ("%s\n%.3f"):format(
          data.class_names[class[k][i]:item() + 1], confidence[k][i]:item()))
      end
    end
  end
  run:row("samples", {
    split = name, samples = count.samples,
    ["share of the test set"] = count.samples / #data.test,
    ["accuracy, dominant"] = count.dominant / #data.test,
    ["accuracy, trailing"] = count.trailing / #data.test,
  }, {"split", "samples"})
  if #pictures[1] > 0 then
    run:image((name:gsub(",", "")), pictures, {
      captions = captions, headings = {"image", "dominant", "trailing"}, title = name,
    })
  end
end
print("results in " .. run:directory())
