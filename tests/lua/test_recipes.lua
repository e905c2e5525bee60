-- What scripts share: hfc.common, hfc.training, hfc.network(s), history:last, run:row with a
-- result, and the small functions beside them.
local lu = require "luaunit"

local support = require "support"
support.use_own_folder()

local text_of = support.text_of

local opt = {
  dataset = "synthetic", model = "lenet", epochs = 2, batch_size = 10, lr = 1e-3, seed = 3,
  train_images = 30, test_images = 20,
}
local data, run = hfc.data(opt, {train = 40, test = 30, classes = 4}), hfc.run("recipes", opt)

TestCommon = {}

function TestCommon:test_values_keep_the_text_of_what_they_replace()
  local all = hfc.common {epochs = 5, lr = false, batch_size = {7, "mine"}, own = 1}
  lu.assertEquals({all.epochs[1], all.epochs.least, all.lr, all.own}, {5, 1, nil, 1})
  lu.assertStrContains(all.epochs[2], "passes")
  lu.assertEquals(all.batch_size, {7, "mine"})
  lu.assertEquals(hfc.common({}).epochs[1], 12)  -- the shared one did not change
  lu.assertErrorMsgContains("expected a table of options, got number", hfc.common, 3)
end

function TestCommon:test_data_by_the_options_of_a_script()
  lu.assertEquals({#data.train, #data.test, data.classes}, {30, 20, 4})
  local all = hfc.data(opt, {train = 40, test = 30, train_images = 0, test_images = 99})
  lu.assertEquals({#all.train, #all.test}, {40, 30})
  local by_name = hfc.data("synthetic", {train = 40, test = 30, classes = 4, seed = 3})
  lu.assertTrue(by_name.train:subset(30, {seed = 3}):labels():equal(data.train:labels()))
  lu.assertErrorMsgContains("or a table with the option 'dataset'", hfc.data, {seed = 1})
  lu.assertErrorMsgContains("option 'train_images': expected 0 (all) or more, got -1", hfc.data,
                            {dataset = "synthetic", train_images = -1})
end

function TestCommon:test_a_model_for_the_data()
  local model = hfc.model("lenet", {data = data, seed = 1})
  lu.assertEquals(model(data.test:batch(0, 2)).shape, {2, 4})
  lu.assertErrorMsgContains("the table that hfc.data returns", hfc.model, "lenet", {data = 3})
end

function TestCommon:test_options_of_a_training()
  local options = hfc.training(opt, {epochs = 9, log = "x"})
  lu.assertEquals(options, {
    epochs = 9, batch_size = 10, seed = 3, optimizer = {"adam", lr = 1e-3}, log = "x",
  })
  lu.assertEquals(hfc.training({epochs = {natural = 1}, lr = {sgd = 1}}), {optimizer = {"adam"}})
  lu.assertErrorMsgContains("expected the options of the script", hfc.training, nil)
end

TestNetworks = {}

function TestNetworks:test_one_is_trained_saved_and_loaded()
  local model = hfc.network(opt, data, run, {epochs = 1, quiet = true, batch_norm = false}, "one")
  local again = hfc.network(hfc.merge(opt, {model = run:directory()}), data, run, {}, "one")
  local x = data.test:batch(0, 4)
  lu.assertTrue(again(x):equal(model(x)))
end

function TestNetworks:test_several_in_their_order()
  local seen = {}
  local recipes = {a = {epochs = 1, quiet = true}, b = {epochs = 1, quiet = true, set = data.test}}
  for name, model in hfc.networks(opt, data, run, recipes, {"b", "a"}) do
    seen[#seen + 1] = name
    lu.assertEquals(model(data.test:batch(0, 1)).shape, {1, 4})
  end
  lu.assertEquals(seen, {"b", "a"})
  lu.assertErrorMsgContains("a table {name = recipe} and a list of names", hfc.networks,
    opt, data, run, {})
end

TestResults = {}

function TestResults:test_the_last_accuracies_fill_a_row()
  local history = hfc.train(hfc.model("lenet", {data = data}), data.train, {
    epochs = 2, quiet = true, probes = {test = data.test, train = data.train},
  })
  local last = history:last()
  lu.assertEquals(last, history[2].accuracy)
  lu.assertEquals(#history, 2)
  run:row("last", {test = 7, name = "x"}, {"name", "test"}, last)
  local train = text_of(run:directory() .. "/last.csv"):match "^name,test,train\nx,7,(%S+)\n$"
  lu.assertEquals(tonumber(train), last.train)
  lu.assertErrorMsgContains("argument 4 (result): expected a table {column = value, ...}, like \z
    argument 2 (row)", run.row, run, "last", {a = 1}, {}, {1, 2})
end

function TestResults:test_a_history_can_be_kept()
  local history = hfc.train(hfc.model("lenet", {data = data}), data.train,
                            {epochs = 1, quiet = true})
  lu.assertEquals(history:last(), {})
  torch.save({history = history}, "history.safetensors")
  lu.assertEquals(torch.load("history.safetensors").history[1].epoch, 1)
  run:log {history = history}
end

TestSmall = {}

function TestSmall:test_merge_makes_a_new_table()
  local a, b = {x = 1, y = 2}, {y = 3}
  lu.assertEquals(hfc.merge(a, b, nil), {x = 1, y = 3})
  lu.assertEquals(a, {x = 1, y = 2})
end

function TestSmall:test_published_rows()
  lu.assertEquals(hfc.published("wang2020 table1", "low", 8), {.9786, .7154})
  lu.assertEquals(hfc.published("wang2020 table2", "natural", .7), {})
  hfc.published("wang2020 table1", "low", 8)[1] = 0
  lu.assertEquals(hfc.published("wang2020 table1", "low", 8)[1], .9786)
  lu.assertErrorMsgContains("there is no table 'x'; known tables: wang2020 table1", hfc.published,
    "x")
end

function TestSmall:test_the_share_within_a_radius()
  local map = torch.zeros(2, 8, 8)
  map[{0, 0, 0}], map[{0, 0, 1}], map[{1, 4, 4}] = 1, 2, 1
  lu.assertAlmostEquals(hfc.frequency.within(map, 0), .25, 1e-7)
  lu.assertAlmostEquals(hfc.frequency.within(map, 1), .75, 1e-7)
  lu.assertAlmostEquals(hfc.frequency.within(map, 1, {rule = "<"}), .25, 1e-7)
  lu.assertAlmostEquals(hfc.frequency.within(map, 6), 1, 1e-7)
end

function TestSmall:test_selected_images()
  local some = data.test:select(torch.tensor({3, 0, 3}, {dtype = "int64"}))
  lu.assertTrue((some:batch(1, 2)):equal((data.test:batch(0, 1))))
  lu.assertEquals(some:samples()[0]:item(), data.test:samples()[3]:item())
  lu.assertErrorMsgContains("argument 1 (positions): expected at least one position",
                            data.test.select, data.test, torch.zeros(0, {dtype = "int64"}))
  lu.assertErrorMsgContains("argument 1 (positions): expected a Tensor int64 [n]",
                            data.test.select, data.test, torch.zeros(2))
  lu.assertError(data.test.select, data.test, torch.tensor({20}, {dtype = "int64"}))
end

function TestSmall:test_probes_take_other_data_sets_along()
  local probes = data.test:probes {low = {4}, prefix = "test ", train = data.train}
  local names = {}
  for name in pairs(probes) do names[#names + 1] = name end
  table.sort(names)
  lu.assertEquals(names, {"test low r=4", "train"})
  lu.assertErrorMsgContains("unknown option 'trian'", data.test.probes, data.test,
                            {low = {4}, trian = 3})
end

function TestSmall:test_a_gallery_shows_parts_with_their_predictions()
  local low = data.test:low_pass(4)
  local classes = {torch.zeros(20, {dtype = "int64"}), torch.ones(20, {dtype = "int64"})}
  local confidences = {torch.full({20}, .5), torch.full({20}, .25)}
  local pictures, captions = hfc.gallery(data, {data.test:batch(0, 20), low}, classes, confidences,
                                         torch.tensor({2, 5}, {dtype = "int64"}))
  lu.assertTrue(pictures[1][1]:equal((data.test:batch(5, 6))[0]))
  lu.assertTrue(pictures[2][0]:equal((low:batch(2, 3))[0]))
  lu.assertEquals(captions[2][1], data.class_names[2] .. "\n0.250")
end

function TestSmall:test_scores_of_a_mask()
  local model = hfc.model("lenet", {data = data})
  local low = hfc.frequency.mask(32, 32, 4):reshape {1, 1, 32, 32}
  local scores = hfc.mask.scores(model, data.test, low, {radius = 4})
  lu.assertEquals(scores.masked, hfc.mask.accuracy(model, data.test, low))
  lu.assertEquals(scores.complement, hfc.mask.accuracy(model, data.test, 1 - low))
  lu.assertAlmostEquals(scores.l1, low:mean():item(), 1e-7)
  lu.assertEquals(scores["weight in r <= 4"], 1)
end

support.run()
