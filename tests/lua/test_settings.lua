-- What the presets of the papers are made of: presets, standardised data, one cycle, the best
-- epoch, TensorFlow's optimizers, figures of masks, matched results.
local lu = require "luaunit"

local support = require "support"
support.use_own_folder()

local opt = {
  dataset = "synthetic", model = "lenet", epochs = 1, batch_size = 10, lr = 1e-3, seed = 3,
}
local data = hfc.data(opt, {train = 40, test = 30, classes = 3})
local run = hfc.run("settings", opt)

TestPresets = {}

function TestPresets:test_share_the_settings_of_a_paper()
  lu.assertEquals(hfc.wang2020 {rule = "<", lr = false}, {
    dataset = "cifar10", model = "preact_resnet32", epochs = 100, batch_size = 100, rule = "<",
  })
  local code = hfc.wang2020_code {epochs = 3}
  lu.assertEquals({code.form, code.initialisation, code.epochs, code.lr},
                  {"tensorflow", "tensorflow", 3, 1e-4})
  lu.assertEquals(hfc.training(code).optimizer, {"tensorflow_adam", lr = 1e-4})
  lu.assertEquals(hfc.karantzas2022({bands = 8}).bands, 8)
  lu.assertStrContains(hfc.karantzas2022({}).classes, "classes/imagenette_five.json")
end

function TestPresets:test_form_and_initialisation_reach_the_network()
  local small = {dataset = "synthetic", model = "preact_resnet8", seed = 3}
  local plain = hfc.new_model(small, data)
  local other = hfc.new_model(hfc.merge(small, {
    form = "tensorflow", initialisation = "tensorflow",
  }), data)
  local x = data.test:batch(0, 4)
  lu.assertFalse(plain(x):allclose(other(x), 1e-3, 1e-4))
  run:save(other, "other")
  lu.assertTrue(hfc.saved_model(run:directory(), "other")(x):equal(other(x)))
end

function TestPresets:test_the_recipe_of_the_mask_paper()
  local pixels = hfc.standardised(data, {grey = true, mean = .449, deviation = .226})
  local recipe = hfc.karantzas_recipe({
    dropout = .5, schedule = "one_cycle", keep_best = true, crop = .08, flip = true,
  }, pixels, {rotate = 180})
  lu.assertEquals(recipe.augment, {crop = .08, flip = true, rotate = 180, fill = pixels.range[1]})
  lu.assertTrue(recipe.keep_best and recipe.validation == pixels.test)
  local model = hfc.network(hfc.merge(opt, {
    model = "vgg11", form = "small", initialisation = "torchvision",
  }), pixels, run, recipe, "vgg")
  lu.assertEquals(model(pixels.test:batch(0, 2)).shape, {2, 3})
end

TestPixels = {}

function TestPixels:test_grey_and_standardised()
  local x, seen = data.test:batch(0, 5), data.test:grey():standardise(.5, .25):batch(0, 5)
  local grey = .299 * x:slice(1, 0, 1) + .587 * x:slice(1, 1, 2) + .114 * x:slice(1, 2, 3)
  lu.assertTrue(seen:allclose((grey - .5) / .25, 1e-5, 1e-5))
  lu.assertTrue(data.test:standardise({0, 0, .5}, {1, 1, 2}):batch(0, 5):slice(1, 2, 3)
                :allclose((x:slice(1, 2, 3) - .5) / 2, 1e-5, 1e-6))
  lu.assertErrorMsgContains("or 3 of each (one per channel)", data.test.standardise, data.test,
                            {0, 0}, {1, 1})
  lu.assertErrorMsgContains("each deviation must be", data.test.standardise, data.test, 0, 0)
end

function TestPixels:test_a_whole_data_set_with_its_range()
  local result = hfc.standardised(data, {grey = true, mean = .449, deviation = .226})
  lu.assertEquals(result.channels, 1)
  lu.assertEquals(result.train.shape, {1, 32, 32})
  lu.assertAlmostEquals(result.range[1], -1.98673, 1e-5)
  lu.assertAlmostEquals(result.range[2], 2.43805, 1e-5)
  local same = hfc.standardised(data, {})
  lu.assertEquals({same.channels, same.range}, {3, {0, 1}})
  lu.assertTrue(same.test == data.test)
  local attack = hfc.attack.pgd {epsilon = .06, steps = 2, range = result.range}
  local model = hfc.model("lenet", {data = result})
  local x, y = result.test:batch(0, 4)
  local moved = attack(model, x, y)
  lu.assertTrue((moved - x):abs():max():item() <= .06 + 1e-6)
  lu.assertTrue(moved:min():item() >= result.range[1] - 1e-5)
  -- Black and white themselves are in the range, however their pixels are rounded.
  local extremes = hfc.dataset(torch.cat {torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)},
                               torch.tensor({0, 1}, {dtype = "int64"}))
  local edge = hfc.standardised({train = extremes, test = extremes, channels = 3},
                                {grey = true, mean = .449, deviation = .226})
  local shown, labels = edge.test:batch(0, 2)
  lu.assertEquals(#hfc.attack.fgsm {epsilon = .06, range = edge.range}(
    hfc.model("lenet", {channels = 1}), shown, labels), 2)
end

TestTraining = {}

local function trained(options)
  local model, rates = hfc.model("lenet", {data = data, seed = 1}), {}
  local history = hfc.train(model, data.train, hfc.merge({
    epochs = 3, batch_size = 10, quiet = true, probes = {test = data.test},
    on_step = function(step) rates[#rates + 1] = step.lr end,
  }, options))
  return model, history, rates
end

function TestTraining:test_one_cycle_is_pytorchs()
  local optimizer = torch.optim.Adam({torch.zeros(1)}, {lr = 1})
  local schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, 12, {pct_start = .25})
  local _, _, rates = trained {
    optimizer = {"adam", lr = 2e-3}, schedule = {"one_cycle", pct_start = .25},
  }
  lu.assertEquals(#rates, 12)
  for i, rate in ipairs(rates) do
    lu.assertAlmostEquals(rate, optimizer.param_groups[1].lr, 1e-9)
    if i < 12 then
      optimizer:step()
      schedule:step()
    end
  end
  lu.assertErrorMsgContains("pct_start must be a fraction", trained,
                            {schedule = {"one_cycle", pct_start = 0}})
  lu.assertErrorMsgContains("the optimizer adagrad has neither", trained,
                            {schedule = "one_cycle", optimizer = "adagrad"})
end

function TestTraining:test_the_best_epoch_is_kept()
  local seen = {}
  local settings = {optimizer = {"sgd", lr = 1e-2, maximize = true}, keep_best = true}
  local model = hfc.model("lenet", {data = data, seed = 1})
  hfc.train(model, data.train, hfc.merge(settings, {
    epochs = 3, batch_size = 10, quiet = true,
    on_epoch = function() seen[#seen + 1] = model:clone() end,
  }))
  local x = data.test:batch(0, 10)
  lu.assertTrue(model(x):equal(seen[1](x)))  -- the loss only rises
  lu.assertFalse(model(x):equal(seen[3](x)))
end

function TestTraining:test_tensorflows_optimizers()
  for _, name in ipairs {"adam", "rmsprop", "adagrad", "adadelta"} do
    local model, history = trained {optimizer = {"tensorflow_" .. name, lr = 1e-3}}
    lu.assertTrue(history[3].loss == history[3].loss, name)
    lu.assertEquals(model(data.test:batch(0, 1)).shape, {1, 3})
  end
  lu.assertErrorMsgContains("tensorflow_adam", trained, {optimizer = "tensorflow_adm"})
end

TestFigures = {}

function TestFigures:test_reliability_has_paired_intervals()
  local model = hfc.model("lenet", {data = data, seed = 1})
  hfc.train(model, data.train, {epochs = 2, batch_size = 10, quiet = true})
  local ones = torch.ones(1, 1, 32, 32)
  local rows = hfc.mask.reliability(run, {"a", "b"}, {model, model}, data.test, {ones, ones * 0})
  lu.assertEquals(#rows, 6)
  local clean = hfc.stats.proportion(hfc.predict(model, data.test):eq(data.test:labels()))
  lu.assertEquals({rows[1].measure, rows[1].mean, rows[1].low, rows[1].n},
                  {"clean", clean.mean, clean.low, 30})
  lu.assertEquals({rows[3].measure, rows[3].mean, rows[3].low}, {"masked - clean", 0, 0})
  lu.assertAlmostEquals(rows[6].mean, rows[5].mean - rows[4].mean, 1e-12)
  lu.assertTrue(rows[6].low <= rows[6].mean and rows[6].mean <= rows[6].high)
  lu.assertStrContains(support.text_of(run:directory() .. "/reliability.svg"), "<svg")
end

function TestFigures:test_energies_and_pictures()
  local ones, low = torch.ones(1, 1, 32, 32), hfc.frequency.mask(32, 32, 4):reshape {1, 1, 32, 32}
  hfc.mask.energies(run, "energies", {"all", "low"}, {ones, low}, {bands = 4})
  lu.assertStrContains(support.text_of(run:directory() .. "/energies.svg"), "<svg")
  local x = data.test:batch(0, 1)
  local rows = hfc.mask.pictures(x, {ones, low})
  lu.assertTrue(rows[2][1]:allclose(x:mean(1, {keepdim = true}), 1e-4, 1e-4))
  local scaled = hfc.mask.pictures((x - .4) / .2, {low}, {-2, 3})
  lu.assertTrue(scaled[2][1]:allclose(rows[2][2], 1e-4, 1e-4))
end

function TestFigures:test_a_gallery_of_grey_images()
  local x = data.test:grey():batch(0, 3)
  local pictures, headings = hfc.mask.gallery(x, x, torch.ones(3, 1, 32, 32))
  lu.assertEquals({#pictures, #headings}, {7, 7})
  for _, row in ipairs(pictures) do lu.assertEquals(row.shape, {3, 3, 32, 32}) end
  run:image("gallery", pictures, {headings = headings})
end

function TestFigures:test_a_mask_for_each_class()
  local model = hfc.model("lenet", {data = data, seed = 1})
  local masks = hfc.mask.by_class(run, "by class", model, data, {epochs = 2, batch_size = 10})
  lu.assertEquals(masks.shape, {3, 1, 32, 32})
  lu.assertStrContains(support.text_of(run:directory() .. "/by class.csv"), "masked")
  lu.assertStrContains(support.text_of(run:directory() .. "/by class.svg"), "<svg")
end

TestMatched = {}

function TestMatched:test_results_are_compared_at_the_value_that_all_reach()
  local results = {
    {name = "a", train = .5, lr = 1}, {name = "a", train = .9, lr = 2}, {name = "a", train = 1},
    {name = "b", train = .88, lr = 3}, {name = "b", train = .2},
  }
  local chosen, target = hfc.matched(results, "name", "train")
  lu.assertEquals(target, .88)
  lu.assertEquals({chosen[1].lr, chosen[2].lr, #chosen}, {2, 3, 2})
  lu.assertErrorMsgContains("result 1 must have the fields 'nam' and 'train'", hfc.matched,
                            results, "nam", "train")
end

TestSeries = {}

function TestSeries:test_a_name_must_not_be_empty()
  lu.assertErrorMsgContains("argument 1 (name): expected a name, got an empty string", run.series,
                            run, "")
end

function TestSeries:test_an_event_has_names()
  local series = run:series "a"
  lu.assertErrorMsgContains("argument 1 (event): expected a table with names as keys", series.log,
                            series, {1, 2})
end

function TestSeries:test_random_images()
  lu.assertEquals(#hfc.random_images(data.train, 7, 1), 7)
  lu.assertEquals(#hfc.random_images(data.train, 0), 40)
  lu.assertEquals(#hfc.random_images(data.train, 99), 40)
end

support.run()
