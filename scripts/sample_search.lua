-- Figure 2 and Corollary 1 of Wang et al., CVPR 2020: test images that a network classifies from
-- their high frequencies.
--   hfc-host scripts/sample_search.lua                    built-in data: ten seconds on two cores
--   hfc-host scripts/sample_search.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/sample_search.lua --model runs/NAME            a network from another run
--
-- A candidate is an image with f(x) = y and f(x_l) not y; a sample is a candidate with f(x_h) = y.
-- No candidate is robust under a bound of d(x, x_l) or more (Corollary 1). Expect: in the built-in
-- data, where half of the images have the low-frequency pattern of a random class, there are many
-- more samples than there would be if f(x_h) ignored the image. A few samples alone prove nothing:
-- compare their number with the number expected.
local opt = hfc.options(hfc.common {
  radius     = {12, "radius of the split, in frequency bins"},
  rule       = {"<=", "frequencies of the low part: <= radius (paper) or < (authors' code)"},
  rescale    = {"none", "rescale the parts: none, or max (authors' code)"},
  statistics = {"running", "BatchNorm statistics", choices = {"running", "batch", "adapted"}},
  epsilons   = {{linf = {.03, .06, .1, .2, .3, .4, .5, .6}, l2 = {1, 2, 4, 6, 8, 10, 12}},
                "bounds for Corollary 1"},
  presets = {paper = hfc.wang2020 {}, code = hfc.wang2020_code {
    rule = "<", rescale = "max", statistics = "batch",
  }},
})
local data = hfc.data(opt, {high = .2, low = .2, low_correlation = .5})
local run = hfc.run("sample_search", opt)
local model = hfc.network(opt, data, run)
local test, filter = data.test, {rule = opt.rule, rescale = opt.rescale}
local parts = {test, test:low_pass(opt.radius, filter), test:high_pass(opt.radius, filter)}
local found = hfc.sample_search(model, parts, test:labels(), {
  statistics = hfc.batchnorm_statistics(opt.statistics, test),
})
hfc.report_samples(run, data, parts, found, {figure = "figure2"})
local distance = hfc.distances(test, parts[2])
for _, metric in ipairs {"linf", "l2"} do
  for _, epsilon in ipairs(opt.epsilons[metric]) do
    local near = distance[metric]:index_select(0, found.candidates):le(epsilon):sum():item()
    run:row("corollary1", {metric = metric, epsilon = epsilon}, {"metric"},
            hfc.stats.wilson(near, #test))
  end
end
print(("%d of %d candidates are samples; %.1f expected if f(x_h) ignored the image")
      :format(#found.samples, #found.candidates, found.expected))
