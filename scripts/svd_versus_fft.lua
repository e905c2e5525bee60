-- Section 8 of Wang et al., CVPR 2020: sample_search with singular values instead of frequencies.
--   hfc-host scripts/svd_versus_fft.lua                   built-in data: ten seconds on two cores
--   hfc-host scripts/svd_versus_fft.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/svd_versus_fft.lua --model runs/NAME    a network from another run
-- The dominant part of each split keeps as much energy, or as many coefficients, as the low-pass
-- filter. The paper finds fewer samples with the SVD. Compare samples / candidates: the more images
-- are classified correctly from their dominant part, the fewer candidates a split has. Expect: in
-- the built-in data, frequencies give more samples than expected by chance; the results of the SVD
-- vary between seeds.
local opt = hfc.options(hfc.common {
  radius     = {12, "radius of the frequency split, in bins"},
  rule       = {"<=", "frequencies of the low part: <= radius (paper) or < (authors' code)"},
  statistics = {"running", "BatchNorm statistics", choices = {"running", "batch", "adapted"}},
  presets = {paper = hfc.wang2020 {}},
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
  local parts = {x, entry[2](x)}
  local found = hfc.sample_search(model, parts, y, {
    statistics = hfc.batchnorm_statistics(opt.statistics, data.test),
  })
  hfc.report_samples(run, data, parts, found, {
    figure = (entry[1]:gsub(",", "")), names = {"image", "dominant", "trailing"},
    first = {split = entry[1]},
  })
end
