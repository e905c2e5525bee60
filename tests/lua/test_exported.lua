-- Networks from files of torch.export, through all that a network is used for.
local lu = require "luaunit"
local support = require "support"

-- Absolute, since the test goes into a folder of its own.
local here = assert(io.popen "pwd"):read "*l"
local folder = here .. "/" .. support.fixtures .. "/exported/"
support.use_own_folder()

local function load_fixture(name)
  return hfc.model(folder .. name .. ".pt2"), torch.load(folder .. name .. ".safetensors")
end

-- Five classes of 32 pixels, as the fixtures take them.
local function samples(count)
  local whole = hfc.data("synthetic", {train = count, test = count, seed = 3})
  local images, labels = whole.train:batch(0, count)
  return hfc.dataset(images, labels % 5)
end

local function difference(a, b)
  return ((a - b):abs():max() / b:abs():max()):item()
end

TestExported = {}

function TestExported:test_names_and_numbers_are_those_of_python()
  local model, truth = load_fixture "densenet_eval"
  local x = truth["x.2"]:float() / 256
  lu.assertTrue(difference(model(x):double(), truth["y.2"]) < 1e-5)
  lu.assertFalse(model.training)
  local names = {}
  for name in model:named_parameters() do names[#names + 1] = name end
  lu.assertEquals(names[1], "features.conv0.weight")
  lu.assertEquals(names[#names], "classifier.bias")
  local text = tostring(model)
  lu.assertStrContains(text, "(conv0): Conv2d(weight [")
  lu.assertStrContains(text, "(classifier): Linear(weight [5, ")
  local state = model:state_dict()
  local count = 0
  for name in pairs(state) do
    lu.assertNotNil(truth["s." .. name], name)
    count = count + 1
  end
  for name in pairs(truth) do count = name:find "^s%." and count - 1 or count end
  lu.assertEquals(count, 0)
end

function TestExported:test_a_copy_shares_nothing()
  local model = load_fixture "vit_eval"
  local copy = model:clone()
  local x = torch.rand(2, 3, 16, 16)
  lu.assertEquals(difference(copy(x), model(x)), 0)
  torch.no_grad(function()
    for _, weight in ipairs(copy:parameters()) do weight:zero_() end
  end)
  lu.assertTrue(difference(copy(x), model(x)) > .5)
end

function TestExported:test_it_moves_to_another_dtype_with_its_constants()
  local model, truth = load_fixture "swin_eval"
  model:to("float64")
  lu.assertTrue(difference(model(truth["x.7"]:double() / 256), truth["y.7"]) < 1e-12)
end

function TestExported:test_training_and_measuring()
  local model, data = load_fixture "mobilenet_v3_train", samples(20)
  local history = hfc.train(model, data, {
    epochs = 3, batch_size = 10, optimizer = {"adam", lr = 1e-2}, quiet = true,
  })
  lu.assertTrue(history[3].loss < history[1].loss)
  local accuracy = hfc.accuracy(model, data)
  lu.assertTrue(accuracy >= 0 and accuracy <= 1)
  for _, kind in ipairs {"batch", {adapted = {images = 10, source_weight = 8}}} do
    hfc.accuracy(model, data, {statistics = kind})
  end
  local attacked = hfc.robust_accuracy(model, data, hfc.attack.pgd {epsilon = 8 / 255, steps = 3})
  lu.assertTrue(attacked <= accuracy)
end

function TestExported:test_attacks_change_images_within_epsilon()
  local model = load_fixture "resnet_eval"
  local x = torch.rand(4, 3, 64, 64)
  local attack = hfc.attack.pgd {epsilon = 8 / 255, steps = 2}
  local adversarial = attack(model, x, torch.tensor({0, 1, 2, 3}, {dtype = "int64"}))
  local most = (adversarial - x):abs():max():item()
  lu.assertTrue(most > 0 and most < 8 / 255 + 1e-6)
end

function TestExported:test_masks_and_maps()
  local model, data = load_fixture "efficientnet_eval", samples(10)
  local masks = hfc.mask.learn(model, data, {epochs = 1, lr = .02})
  lu.assertEquals(masks.shape, {1, 1, 32, 32})
  local map = hfc.sensitivity.heat_map(model, data, {epsilon = 1, reach = 1})
  lu.assertEquals(map.shape, {32, 32})
end

function TestExported:test_smoothing_changes_the_first_convolution()
  local model = load_fixture "resnet_eval"
  local smooth = hfc.smooth(model, {rho = .5})
  local before, after = model:state_dict(), smooth:state_dict()
  lu.assertTrue(difference(after["conv1.weight"], before["conv1.weight"]) > 0)
  lu.assertEquals(difference(after["fc.weight"], before["fc.weight"]), 0)
end

function TestExported:test_features_and_normalisation()
  local model, truth = load_fixture "convnext_eval"
  local x = truth["x.7"]:float() / 256
  local given = hfc.features(model, x, {"classifier", "features.1"})
  lu.assertTrue(difference(given.classifier:double(), truth["y.7"]) < 1e-5)
  lu.assertEquals(given["features.1"].shape[1], 7)
  local normalised = hfc.normalised(model, {.5, .4, .3}, {.2, .2, .25})
  local mean = torch.tensor({.5, .4, .3}):reshape {1, 3, 1, 1}
  local deviation = torch.tensor({.2, .2, .25}):reshape {1, 3, 1, 1}
  lu.assertTrue(difference(normalised(x * deviation + mean):double(), truth["y.7"]) < 1e-4)
  lu.assertErrorMsgContains("layer 'features.9'", hfc.features, model, x, {"features.9"})
  lu.assertErrorMsgContains("above 0", hfc.normalised, model, {0}, {0})
  lu.assertErrorMsgContains("already normalises its images", hfc.normalised, normalised)
  local usual = hfc.normalised(model)
  local imagenet = hfc.normalised(model, {.485, .456, .406}, {.229, .224, .225})
  lu.assertEquals(difference(usual(x):double(), imagenet(x):double()), 0)
end

function TestExported:test_layers_are_frozen_by_name()
  local model = load_fixture "mobilenet_v3_eval"
  model.features:requires_grad_(false)
  hfc.train(model, samples(10), {epochs = 1, batch_size = 10, quiet = true})
  local before = load_fixture("mobilenet_v3_eval"):state_dict()
  local after = model:state_dict()
  lu.assertEquals(difference(after["features.0.0.weight"], before["features.0.0.weight"]), 0)
  lu.assertTrue(difference(after["classifier.3.bias"], before["classifier.3.bias"]) > 0)
end

function TestExported:test_a_saved_network_is_whole_in_itself()
  local model, truth = load_fixture "swin_eval"
  local run = hfc.run("saved")
  model.class_names = {"a", "b", "c", "d", "e"}
  local x = truth["x.7"]:float() / 256
  local path = run:save(model, "net")
  local again = hfc.saved_model(path)
  lu.assertTrue(difference(again(x):double(), truth["y.7"]) < 1e-5)
  lu.assertEquals(again.class_names, model.class_names)
  local normalised = hfc.normalised(model, {.5, .5, .5}, {.2, .2, .2})
  local loaded = hfc.saved_model(run:save(normalised, "normalised"))
  lu.assertTrue(difference(loaded(x), normalised(x)) < 1e-6)
  lu.assertTrue(difference(hfc.saved_model(folder .. "swin_eval.pt2")(x), model(x)) < 1e-6)
end

function TestExported:test_weights_go_in_and_out_by_name()
  local model = load_fixture "vit_eval"
  local state = model:state_dict()
  local other = load_fixture "vit_train"
  for _, weight in ipairs(other:parameters()) do
    torch.no_grad(function() weight:zero_() end)
  end
  other:load_state_dict(state)
  local x = torch.rand(2, 3, 16, 16)
  lu.assertEquals(difference(other:eval()(x), model(x)), 0)
end

function TestExported:test_other_files_say_what_to_export()
  lu.assertErrorMsgContains("accepts no options", hfc.model, folder .. "vit_eval.pt2",
    {classes = 5})
  lu.assertErrorMsgContains("No such file", hfc.model, "none.pt2")
  local file = assert(io.open("text.pt2", "w"))
  file:write "no zip archive"
  file:close()
  lu.assertErrorMsgContains("torch.export.save(torch.export.export(", hfc.model, "text.pt2")
end

support.run()
