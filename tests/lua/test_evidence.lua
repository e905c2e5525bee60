-- How sure a number is: proportions, chance, controls, and the searches that report them.
local lu = require "luaunit"

local support = require "support"
support.use_own_folder()

local text_of = support.text_of

local function long(list) return torch.tensor(list, {dtype = "int64"}) end

-- Classifies by the brightness of the centre, and images without contrast as class 2.
local Centre = torch.nn.module "Centre"

function Centre:forward(x)
  local centre = x[{"...", {2, 6}, {2, 6}}]:mean {1, 2, 3}
  local flat = (x:flatten(1):amax(1) - x:flatten(1):amin(1)):lt(1e-3):float() * 9
  return torch.stack({-centre, centre, flat}, 1) * 10
end

TestProportions = {}

function TestProportions:test_of_images_and_of_a_fraction()
  local right = torch.tensor {1, 0, 1, 1}:bool()
  lu.assertEquals(hfc.stats.proportion(right), hfc.stats.wilson(3, 4))
  lu.assertEquals(hfc.stats.proportion(.873, 1000), hfc.stats.wilson(873, 1000))
  lu.assertEquals(hfc.stats.proportion(right, {level = .9}), hfc.stats.wilson(3, 4, {level = .9}))
  lu.assertErrorMsgContains("a fraction must be followed by the number of images, got nil",
                            hfc.stats.proportion, .5)
  lu.assertErrorMsgContains("expected a Tensor bool [N] or a fraction, got string",
                            hfc.stats.proportion, "x")
end

function TestProportions:test_columns_carry_the_name()
  lu.assertEquals(hfc.stats.columns("test", {mean = 2, low = 1, high = 3, n = 9}),
                  {test = 2, ["test low"] = 1, ["test high"] = 3, n = 9})
end

function TestProportions:test_of_power_within_a_radius_image_by_image()
  local x = torch.rand(3, 2, 8, 8)
  x[2] = 0
  local each = hfc.spectrum.within_each(x, 2)
  local one = hfc.spectrum.power(x[{{0, 1}}])
  lu.assertAlmostEquals(each[0]:item(), hfc.frequency.within(one, 2), 1e-5)
  lu.assertEquals(#each, 3)
  lu.assertTrue(each[2]:isnan():item())
  local flat = hfc.spectrum.within_each(torch.ones(1, 2, 8, 8), 0)
  lu.assertAlmostEquals(flat:item(), 1, 1e-12)
end

TestChance = {}

function TestChance:test_predictions_that_ignore_the_image()
  -- 3/4 of all predictions are class 0: of two images of class 0 and one of class 1 that many.
  local classes, labels = long {0, 0, 0, 1}, long {0, 1, 0, 2}
  local expected, fractions = hfc.chance(classes, labels, long {0, 1, 2})
  lu.assertEquals(fractions:tolist(), {.75, .25, 0})
  lu.assertEquals(expected, .75 + .25 + .75)
  lu.assertEquals((hfc.chance(classes, labels)), .75 + .25 + .75 + 0)
end

TestStatistics = {}

function TestStatistics:test_names_of_batchnorm_statistics()
  local data = hfc.data("synthetic", {train = 4, test = 200})
  lu.assertEquals(hfc.batchnorm_statistics("batch", data.test), "batch")
  lu.assertEquals(hfc.batchnorm_statistics("adapted", data.test).adapted,
                  {images = 128, source_weight = 16})
  lu.assertEquals(hfc.batchnorm_statistics("adapted", data.train).adapted.images, 4)
  lu.assertErrorMsgContains('expected "running", "batch" or "adapted", got none',
                            hfc.batchnorm_statistics, "none", data.test)
end

function TestStatistics:test_filters_under_each_of_them()
  local data = hfc.data("synthetic", {train = 60, test = 40})
  local model = hfc.model("preact_resnet8", {batch_norm = true})
  hfc.train(model, data.train, {epochs = 1, batch_size = 10, quiet = true})
  for _, name in ipairs {"running", "batch", "adapted"} do
    local row, accuracies = hfc.filter_row(model, data.test, 6, {statistics = name})
    local options = {statistics = hfc.batchnorm_statistics(name, data.test)}
    lu.assertEquals(row["low-pass"], hfc.accuracy(model, data.test:low_pass(6), options))
    lu.assertEquals(accuracies["high-pass"],
                    hfc.accuracy(model, data.test:high_pass(6), options))
    lu.assertTrue(row["low-pass low"] < row["low-pass high"])
    lu.assertEquals(row.n, 40)
  end
  local kept = hfc.filter_row(model, data.test, 40, {keep_mean = true})
  local means = data.test:map(function(x) return torch.zeros_like(x) + x:mean({2, 3}, true) end)
  lu.assertEquals(kept["high-pass"], hfc.accuracy(model, means))
  lu.assertEquals(#hfc.first_images(data.test, 7), 7)
  lu.assertEquals(#hfc.first_images(data.test, 0), 40)
  lu.assertTrue(hfc.first_images(data.test, 7):batch(0, 7):equal((data.test:batch(0, 7))))
end

TestSamples = {}

function TestSamples:test_candidates_samples_and_chance()
  local function images(list)
    local x = torch.zeros(#list, 3, 8, 8)
    x[{"...", 0, 0}] = 1
    for i, value in ipairs(list) do x[{i - 1, "...", {2, 6}, {2, 6}}] = value end
    return x
  end
  -- Labels 1, 1, 1, 0. Candidates: the first two. x_h is 1, 0, 0, 0 for the network.
  local parts = {images {.5, .5, .5, -.5}, images {-.5, -.5, .5, -.5}, images {.5, -.5, -.5, -.5}}
  local labels = long {1, 1, 1, 0}
  local found = hfc.sample_search(Centre(), parts, labels)
  lu.assertEquals(found.candidates:tolist(), {0, 1})
  lu.assertEquals(found.samples:tolist(), {0})
  lu.assertEquals(found.fractions:tolist(), {.75, .25})
  lu.assertEquals(found.expected, .5)
  local interval = hfc.stats.wilson(1, 2)
  lu.assertEquals(found.row, {
    samples = 1, candidates = 2, expected = .5, fraction = .5, low = interval.low,
    high = interval.high, ["expected fraction"] = .25,
  })
  local run = hfc.run("samples")
  local data = {class_names = {"dark", "bright", "flat"}}
  hfc.report_samples(run, data, parts, found, {figure = "own", first = {split = "s"}})
  local folder = run:directory() .. "/"
  lu.assertStrContains(text_of(folder .. "samples.csv"), "split,samples,candidates,expected,")
  lu.assertStrContains(text_of(folder .. "predictions.csv"), "class,labels,f(x),f(x_l),f(x_h)")
  lu.assertStrContains(text_of(folder .. "predictions.csv"), "dark,0.25,0.25,0.75,0.75")
  lu.assertStrContains(text_of(folder .. "images.csv"), "bright")
  for _, file in ipairs {"own.svg", "own confidences.svg"} do
    lu.assertTrue(#text_of(folder .. file) > 100)
  end
end

function TestSamples:test_none()
  local x = torch.rand(3, 3, 8, 8)
  local found = hfc.sample_search(Centre(), {x, x, x}, long {2, 2, 2})
  lu.assertEquals(found.row, {samples = 0, candidates = 0, expected = 0})
end

TestMasks = {}

function TestMasks:test_shuffled_masks_keep_their_weight()
  local masks = hfc.mask.symmetrise(torch.rand(5, 1, 8, 8))
  local shuffled = hfc.mask.shuffled(masks, {seed = 1})
  lu.assertTrue(torch.allclose(shuffled:sum {1, 2, 3}, masks:sum {1, 2, 3}, {rtol = 1e-5}))
  lu.assertTrue(shuffled:equal(hfc.mask.symmetrise(shuffled)))
  lu.assertFalse(torch.allclose(shuffled, masks, {atol = .05}))
  lu.assertTrue(shuffled:equal(hfc.mask.shuffled(masks, {seed = 1})))
  lu.assertFalse(shuffled:equal(hfc.mask.shuffled(masks, {seed = 2})))
  lu.assertFalse(shuffled[0]:equal(hfc.mask.shuffled(masks[{{0, 1}}]:expand(2, 1, 8, 8))[1]))
end

function TestMasks:test_controls()
  local x = torch.rand(6, 1, 8, 8):expand(6, 3, 8, 8)
  local model, masks = Centre(), torch.zeros(6, 1, 8, 8)
  masks[{"...", 0, 0}] = .25  -- the mean alone: no contrast, so class 2
  local by_name = {}
  local options = {labels = long {2, 2, 2, 1, 1, 1}, attacked = x}
  for _, row in ipairs(hfc.mask.controls(model, x, masks, options)) do by_name[row.images] = row end
  lu.assertEquals(by_name["M(x)"].mean, .5)
  lu.assertEquals(by_name["empty image"].mean, .5)
  lu.assertEquals(by_name["M(attacked)"].mean, .5)
  lu.assertEquals(by_name["M(x)"].n, 6)
  local function accuracy(through)
    return hfc.mask.accuracy(model, x, through, {labels = options.labels})
  end
  lu.assertEquals(by_name["1 - M"].mean, accuracy(1 - masks))
  lu.assertEquals(by_name["M = 0"].mean, accuracy(masks:eq(0):float()))
  lu.assertEquals(by_name.attacked.mean, accuracy(nil))
end

TestSmoothing = {}

function TestSmoothing:test_rows_by_bound_and_by_least_epsilon()
  local data = hfc.data("synthetic", {train = 60, test = 20})
  local model = hfc.model("preact_resnet8", {batch_norm = true})
  hfc.train(model, data.train, {epochs = 2, batch_size = 10, quiet = true})
  local function row_of(options)
    return hfc.smoothing_row(model, data.test,
                             hfc.merge({rho = .5, epsilons = {.03, .06}}, options))
  end
  local bound, intervals = row_of {published = {.9, .8}}
  lu.assertEquals({bound["clean (paper)"], bound["fgsm 0.03 (paper)"]}, {.9, .8})
  lu.assertEquals(#intervals, 5)
  lu.assertEquals({intervals[2].measure, intervals[2].mean, intervals[2].n, intervals[2].paper},
                  {"fgsm 0.03", bound["fgsm 0.03"], 20, .8})
  local least = row_of {search = "least"}
  local x, y = data.test:batch(0, 20)
  local smooth, epsilons = hfc.smooth(model, {rho = .5}), {}
  for i = 1, 60 do epsilons[i] = i / 1000 end
  local first = hfc.smallest_epsilon(smooth, x, y, hfc.attack.fgsm {}, {epsilons = epsilons})
  lu.assertEquals(least["fgsm 0.03"], first:gt(.03 + 1e-9):double():mean():item())
  lu.assertTrue(least["fgsm 0.06"] <= bound["fgsm 0.06"])
  lu.assertTrue(least["pgd 0.06"] <= least["pgd 0.03"])
  local batch = row_of {statistics = "batch"}
  lu.assertEquals(batch.clean, hfc.accuracy(smooth, data.test, {statistics = "batch"}))
  lu.assertNil(batch["fgsm 0.03"])
  lu.assertNotNil(row_of({statistics = "adapted", search = "least"})["pgd 0.03"])
end

function TestSmoothing:test_a_blurred_input_keeps_the_mean()
  local net, x = torch.nn.Sequential {torch.nn.Conv2d(3, 4, 3)}, torch.rand(2, 3, 9, 9)
  local blurred = hfc.blurred_input(net, .5)
  local flat = torch.full({1, 3, 9, 9}, .3)
  lu.assertTrue(torch.allclose(blurred(flat), net(flat), {atol = 1e-6}))
  lu.assertTrue(torch.allclose(hfc.blurred_input(net, 0)(x), net(x), {atol = 1e-6}))
  local pixel = torch.zeros(1, 3, 9, 9)
  pixel[{0, 0, 4, 4}] = 1
  local seen = nil
  local probe = hfc.blurred_input(function(images)
    seen = images
    return images
  end, .5)
  probe(pixel)
  lu.assertAlmostEquals(seen[{0, 0, 4, 4}]:item(), .2, 1e-6)
  lu.assertAlmostEquals(seen[{0, 0, 3, 5}]:item(), .1, 1e-6)
  lu.assertAlmostEquals(seen:sum():item(), 1, 1e-6)
  lu.assertErrorMsgContains("a finite rho >= 0, got -1", hfc.blurred_input, net, -1)
  local data = hfc.data("synthetic", {train = 4, test = 4})
  local model = hfc.model("lenet")
  local row = hfc.smoothing_row(model, data.test, {rho = 1, epsilons = {.03}, blur = true})
  lu.assertEquals(row.clean, hfc.accuracy(hfc.blurred_input(model, 1), data.test))
end

TestSpeed = {}

function TestSpeed:test_epochs_to_an_accuracy()
  local history = {}
  for epoch, accuracy in ipairs {.2, .6, .5, .9} do
    history[epoch] = {epoch = epoch, accuracy = {train = accuracy}}
  end
  lu.assertEquals({hfc.epochs_to(history, "train", .6), hfc.epochs_to(history, "train", .61)},
                  {2, 4})
  lu.assertNil(hfc.epochs_to(history, "train", .95))
  lu.assertErrorMsgContains("no probe 'test'", hfc.epochs_to, history, "test", .5)
end

TestSimilarity = {}

function TestSimilarity:test_ssim()
  local a, b = torch.rand(2, 3, 13, 12), torch.rand(2, 3, 13, 12)
  lu.assertAlmostEquals(hfc.ssim(a, a):min():item(), 1, 1e-12)
  local flat = hfc.ssim(torch.full({1, 1, 11, 11}, .2), torch.full({1, 1, 11, 11}, .6)):item()
  lu.assertAlmostEquals(flat, (2 * .12 + 1e-4) / (.04 + .36 + 1e-4), 1e-6)
  -- The formula for one window of a single channel, written out.
  local x, y = torch.rand(1, 1, 11, 11):double(), torch.rand(1, 1, 11, 11):double()
  local sums, total = {x = 0, y = 0, xx = 0, yy = 0, xy = 0}, 0
  for i = 0, 10 do
    for j = 0, 10 do
      local weight = math.exp(-((i - 5) ^ 2 + (j - 5) ^ 2) / 4.5)
      local p, q = x[{0, 0, i, j}]:item(), y[{0, 0, i, j}]:item()
      total, sums.x, sums.y = total + weight, sums.x + weight * p, sums.y + weight * q
      sums.xx, sums.yy = sums.xx + weight * p * p, sums.yy + weight * q * q
      sums.xy = sums.xy + weight * p * q
    end
  end
  for name, sum in pairs(sums) do sums[name] = sum / total end
  local covariance = sums.xy - sums.x * sums.y
  local variances = sums.xx - sums.x ^ 2 + sums.yy - sums.y ^ 2
  local expected = (2 * sums.x * sums.y + 1e-4) / (sums.x ^ 2 + sums.y ^ 2 + 1e-4)
    * (2 * covariance + 9e-4) / (variances + 9e-4)
  lu.assertAlmostEquals(hfc.ssim(x, y):item(), expected, 1e-10)
  lu.assertErrorMsgContains("two Tensors [N, C, H, W] of the same shape", hfc.ssim, a, b[0])
  lu.assertErrorMsgContains("at least 11 x 11 pixels, got 8 x 8", hfc.ssim, torch.rand(1, 3, 8, 8),
                            torch.rand(1, 3, 8, 8))
end

TestColours = {}

function TestColours:test_viridis_and_differences()
  local maps = torch.tensor {{{0, .5, 1, 2}}}
  local colours = hfc.coloured(maps)
  lu.assertEquals(colours.shape, {1, 3, 1, 4})
  local function hexadecimal(image, x)
    local text = ""
    for channel = 0, 2 do
      text = text .. ("%02X"):format(math.floor(image[{0, channel, 0, x}]:item() * 255 + .5))
    end
    return text
  end
  lu.assertEquals({hexadecimal(colours, 0), hexadecimal(colours, 1), hexadecimal(colours, 2),
                   hexadecimal(colours, 3)}, {"440154", "21908D", "FDE725", "FDE725"})
  local gap = hfc.coloured(maps:unsqueeze(1) - .5, {range = {-.5, .5}, palette = "difference"})
  lu.assertEquals({hexadecimal(gap, 0), hexadecimal(gap, 1), hexadecimal(gap, 2)},
                  {"053061", "F7F7F7", "67001F"})
  lu.assertErrorMsgContains('expected "viridis" or "difference", got "turbo"', hfc.coloured, maps,
                            {palette = "turbo"})
  lu.assertErrorMsgContains("expected {low, high} with low < high, got {1, 0}", hfc.coloured, maps,
                            {range = {1, 0}})
  lu.assertErrorMsgContains("[N, 1, H, W] or [N, H, W]", hfc.coloured, torch.zeros(2, 2))
end

function TestColours:test_pictures_of_masks()
  local x, masks = torch.rand(9, 3, 8, 8), torch.zeros(9, 1, 8, 8)
  masks[{"...", 0, 0}] = 1
  local pictures, headings = hfc.mask.gallery(x, x, masks)
  lu.assertEquals({#pictures, #headings, #pictures[1]}, {7, 7, 8})
  local own = x:slice(0, 0, 8)
  local means = own:mean({2, 3}, {keepdim = true})  -- all that is left of each channel
  local grey = means - means:mean({1, 2, 3}, {keepdim = true}) + .5
  lu.assertTrue(torch.allclose(pictures[4], grey:expand_as(pictures[4]), {atol = 1e-5}))
  local rest = own - means + .5
  lu.assertTrue(torch.allclose(pictures[7], rest, {atol = 1e-5}))
  lu.assertAlmostEquals(pictures[3][{0, 0, 4, 4}]:item(), 0xFD / 255, 1e-6)  -- the centre is 1
  lu.assertAlmostEquals(pictures[6][{0, 0, 4, 4}]:item(), 0x44 / 255, 1e-6)
  local run = hfc.run("masks")
  hfc.mask.chart(run, "own", {"a", "b"}, {masks[0], 1 - masks[1]})
  lu.assertStrContains(text_of(run:directory() .. "/own.svg"), "b - a")
end

support.run()
