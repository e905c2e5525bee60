-- Figure 2 and Corollary 1 of Wang et al., CVPR 2020: test images that a network classifies from
-- their high frequencies.
--   hfc-host scripts/sample_search.lua                    built-in data: ten seconds on two cores
--   hfc-host scripts/sample_search.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/sample_search.lua --model runs/NAME            a network from another run
--
-- A sample is an image with f(x) = f(x_h) = y and f(x_l) not y. Correct on x but not on x_l means
-- not robust under any bound of at least d(x, x_l) (Corollary 1). Expect: many in the built-in
-- data, where half of the low patterns are from a random class, and a few percent in CIFAR-10.
local opt = hfc.options(hfc.common {
  radius     = {12, "radius of the split, in frequency bins"},
  rule       = {"<=", "low part: <= radius (paper) or < radius (authors' code)"},
  rescale    = {"none", "rescale the parts: none, or max (authors' code)"},
  epsilons   = {{linf = {.03, .06, .1, .2, .3, .4, .5, .6}, l2 = {1, 2, 4, 6, 8, 10, 12}},
                "bounds for which to count images"},
  presets = {paper = {
    dataset = "cifar10", model = "preact_resnet32", rule = "<", rescale = "max",
    epochs = 100, batch_size = 100, lr = 1e-4,
  }},
})
local data = hfc.data(opt, {high = .2, low = .2, low_correlation = .5})
local run = hfc.run("sample_search", opt)
local model = hfc.network(opt, data, run)

local test, filter = data.test, {rule = opt.rule, rescale = opt.rescale}
local names = {"x", "x_l", "x_h"}
local parts = {test, test:low_pass(opt.radius, filter), test:high_pass(opt.radius, filter)}
local class, confidence, right = {}, {}, {}
for k, part in ipairs(parts) do
  class[k], confidence[k] = hfc.predict(model, part)
  right[k] = class[k]:eq(test:labels())
  run:row("accuracy", {part = names[k], accuracy = right[k]:double():mean()}, {"part"})
end
local bites = right[1]:logical_and(right[2]:logical_not())  -- Corollary 1 asks nothing of x_h
local samples = bites:logical_and(right[3]):nonzero():flatten()
local distance = hfc.distances(test, parts[2])
for _, metric in ipairs {"linf", "l2"} do
  for _, epsilon in ipairs(opt.epsilons[metric]) do
    local share = bites:logical_and(distance[metric]:le(epsilon)):double():mean()
    run:row("corollary1", {metric = metric, epsilon = epsilon, share = share}, {"metric"})
  end
end
local function class_of(tensor, i) return data.class_names[tensor[i]:item() + 1] end
for n = 1, #samples do
  local i = samples[n - 1]
  local row = {image = i, linf = distance.linf[i], l2 = distance.l2[i]}
  row.label = class_of(test:labels(), i)
  for k, name in ipairs(names) do
    row["f(" .. name .. ")"] = class_of(class[k], i)
    row["confidence " .. name] = confidence[k][i]
  end
  run:row("samples", row, {"image", "label"})
end
if #samples > 0 then
  local pictures, captions = hfc.gallery(data, parts, class, confidence, samples)
  pictures[3] = pictures[3] + .5  -- x_h has zero mean
  run:image("figure2", pictures, {captions = captions, headings = names})
end
print(("%d of %d test images are such samples"):format(#samples, #test))
