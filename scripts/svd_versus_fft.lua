-- Section 8 of Wang et al., CVPR 2020: sample_search with singular values finds fewer images.
--   hfc-host scripts/svd_versus_fft.lua                   built-in data: ten seconds on two cores
--   hfc-host scripts/svd_versus_fft.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/svd_versus_fft.lua --model runs/NAME    a network from another run
--
-- Each split keeps the same amount in its dominant part: as much energy, or as many coefficients,
-- as the frequencies within the radius. Expect: the network classifies the dominant part of most
-- images correctly, and the trailing part of few.
local opt = hfc.options(hfc.common {
  radius     = {12, "radius of the frequency split, in bins"},
  rule       = {"<=", "low part: <= radius (paper) or < radius (authors' code)"},
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", rule = "<",
    epochs = 100, batch_size = 100, lr = 1e-4,
  }},
})
local data = hfc.data(opt, {high = .2, low = .2, low_correlation = .5})
local run = hfc.run("svd_versus_fft", opt)
local model = hfc.network(opt, data, run)

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
local x, y = data.test:batch(0, #data.test)
for _, entry in ipairs(splits) do
  local name, split = entry[1], entry[2]
  local parts, class, confidence, right = {x, split(x)}, {}, {}, {}
  for k, part in ipairs(parts) do
    class[k], confidence[k] = hfc.predict(model, part)
    right[k] = class[k]:eq(y)
  end
  local samples = right[1]:logical_and(right[3]):logical_and(right[2]:logical_not())
  run:row("samples", {
    split = name, samples = samples:sum(),
    ["share of the test set"] = samples:double():mean(),
    ["accuracy, dominant"] = right[2]:double():mean(),
    ["accuracy, trailing"] = right[3]:double():mean(),
  }, {"split", "samples"})
  if samples:any():item() then
    local pictures, captions =
      hfc.gallery(data, parts, class, confidence, samples:nonzero():flatten())
    pictures[3] = pictures[3] + .5  -- the trailing part has zero mean
    run:image((name:gsub(",", "")), pictures, {
      captions = captions, headings = {"image", "dominant", "trailing"}, title = name,
    })
  end
end
