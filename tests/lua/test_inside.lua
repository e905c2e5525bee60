-- Inside a network that hfc.model built, that Python exported or that is written in Lua: hooks on
-- layers, their outputs, another last layer.
local lu = require "luaunit"
local support = require "support"

local nn = torch.nn
-- Absolute, since the test goes into a folder of its own.
local here = assert(io.popen "pwd"):read "*l"
local folder = here .. "/" .. support.fixtures .. "/exported/"
support.use_own_folder()

local function samples(count, classes)
  local whole = hfc.data("synthetic", {train = count, test = count, seed = 3})
  local images, labels = whole.train:batch(0, count)
  return hfc.dataset(images, labels % classes)
end

local Net = nn.module "Net"

function Net:init(body)
  self.body = body
  self.relu = nn.ReLU()
  self.fc = nn.Linear(10, 4)
end

function Net:forward(x) return self.fc(self.relu(self.body(x))) end

-- One of each kind, and the names of two of its layers.
local function networks()
  local exported = hfc.model(folder .. "mobilenet_v3_train.pt2")
  return {
    {hfc.model("resnet20", {classes = 4}), "layer1.0.bn1", "layer3"},
    {exported, "features.0.1", "features"},
    {
      hfc.normalised(exported, {.5, .5, .5}, {.2, .2, .2}),
      "network.features.0.0", "network.avgpool",
    },
    {Net(hfc.model "lenet"), "body.conv1", "relu"},
  }
end

TestHooks = {}

function TestHooks:test_see_the_outputs_that_features_gives()
  local data = samples(6, 4)
  local x = data:batch(0, 6)
  for _, case in ipairs(networks()) do
    local model, names = case[1]:eval(), {case[2], case[3]}
    local seen, handles = {}, {}
    for _, name in ipairs(names) do
      local layer = model:get_submodule(name)
      handles[#handles + 1] = layer:register_forward_hook(function(part, _, output)
        lu.assertEquals(tostring(part), tostring(layer))
        seen[name] = output:detach()
      end)
    end
    local logits = torch.no_grad(function() return model(x) end)
    for _, handle in ipairs(handles) do handle:remove() end
    local features = hfc.features(model, data, names)
    for _, name in ipairs(names) do
      lu.assertTrue((features[name] - seen[name]):abs():max():item() < 1e-5, name)
      seen[name] = nil
    end
    lu.assertTrue((model(x) - logits):abs():max():item() < 1e-4)
    lu.assertNil(next(seen))
  end
end

function TestHooks:test_replace_the_output_in_all_that_measures()
  local data = samples(8, 4)
  for _, case in ipairs(networks()) do
    local model = case[1]:eval()
    local before = hfc.logits(model, data)
    local hook = model:get_submodule(case[3]):register_forward_hook(function(_, _, output)
      return output * 0
    end)
    local changed = hfc.logits(model, data)
    lu.assertTrue((changed - changed[0]):abs():max():item() < 1e-6, "all images are the same")
    lu.assertTrue((changed - before):abs():max():item() > 1e-4)
    hook:remove()
    hook:remove()
    lu.assertTrue((hfc.logits(model, data) - before):abs():max():item() < 1e-4)
  end
end

function TestHooks:test_run_in_training_and_give_gradients()
  local model, calls, gradient = hfc.model("resnet20", {classes = 4}), 0, nil
  local hook = model.layer3:register_forward_hook(function(_, inputs, output)
    lu.assertNil(inputs)
    calls = calls + 1
    output:register_hook(function(g) gradient = g.shape end)
  end)
  hfc.train(model, samples(8, 4), {epochs = 1, batch_size = 4, quiet = true})
  lu.assertEquals(calls, 2)
  lu.assertEquals(gradient, {4, 64, 8, 8})
  model:clone()(torch.rand(1, 3, 32, 32))
  lu.assertEquals(calls, 2)
  hook:remove()
end

function TestHooks:test_leave_nothing_when_they_are_removed()
  local model = hfc.model "lenet"
  local kept = setmetatable({}, {__mode = "v"})
  local function add()
    local big = torch.ones(1000)
    kept.big = big
    return model.conv1:register_forward_hook(function(_, _, y) return y + 0 * big[0], model end)
  end
  for _ = 1, 3 do
    local hook = add()
    model(torch.rand(1, 3, 32, 32))
    lu.assertNotNil(kept.big)
    hook:remove()
    hook = nil  -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    lu.assertNil(kept.big)
  end
end

function TestHooks:test_errors_name_the_line_and_what_is_wrong()
  local model = hfc.model "lenet"
  local x = torch.rand(2, 3, 32, 32)
  local function with(hook)
    local handle = model.fc2:register_forward_hook(hook)
    local _, message = pcall(model.forward, model, x)
    handle:remove()
    return message
  end
  lu.assertStrMatches(with(function() error "inside" end), "[^:]*test_inside%.lua:%d+: inside.*")
  lu.assertStrContains(with(function() return 3 end),
    "a forward hook must return a Tensor or nothing, got number")
  lu.assertStrContains(with(function(_, _, y) return y[0] end),
    "a forward hook returned a tensor of shape [84], expected [2, 84]")
  lu.assertErrorMsgContains("expected a function", model.fc2.register_forward_hook, model.fc2, 1)
  lu.assertEquals(model(x).shape, {2, 10})
end

function TestHooks:test_features_name_the_layer_that_is_wrong()
  local x = torch.rand(2, 3, 32, 32)
  for _, case in ipairs(networks()) do
    lu.assertErrorMsgContains("the network has no layer 'layer9'",
      hfc.features, case[1], x, {case[2], "layer9"})
  end
  local net = Net(hfc.model "lenet")
  lu.assertErrorMsgContains("layer 'body' is a network: choose a layer inside it",
    hfc.features, net, x, {"relu", "body"})
  function net.relu.forward(_) return 5 end
  function net:forward(images) return self.relu(images) and self.fc(self.body(images)) end
  lu.assertErrorMsgContains("layer 'relu' does not return a tensor", hfc.features, net, x, {"relu"})
  function net:forward() error "broken" end
  lu.assertErrorMsgContains("broken", hfc.features, net, x, {"body.fc1"})
end

TestHead = {}

function TestHead:test_trains_is_copied_and_saved()
  local data = samples(12, 3)
  for i, model in ipairs {
    hfc.model("resnet20", {classes = 100}),
    hfc.model(folder .. "timm_resnetv2_train.pt2"),
    hfc.normalised(hfc.model(folder .. "vit_eval.pt2"), {.5, .5, .5}, {.2, .2, .2}),
  } do
    model.class_names = {"a", "b"}
    lu.assertTrue(rawequal(model:replace_head(3), model))
    lu.assertEquals(model.class_names, {})
    local size = i == 3 and 16 or 32
    local view = data:map(function(x) return x[{{}, {}, {0, size}, {0, size}}]:contiguous() end)
    local history = hfc.train(model, view, {
      epochs = 4, batch_size = 6, optimizer = {"adam", lr = 1e-2}, quiet = true,
    })
    lu.assertTrue(history[4].loss < history[1].loss)
    local logits = hfc.logits(model, view)
    lu.assertEquals(logits.shape, {12, 3})
    lu.assertTrue(hfc.logits(model:clone(), view):equal(logits))
    local path = hfc.run("saved" .. i):save(model)
    lu.assertTrue((hfc.logits(hfc.saved_model(path), view) - logits):abs():max():item() < 1e-5)
  end
end

function TestHead:test_of_a_file_of_weights()
  local old = hfc.model("resnet18", {form = "torchvision", classes = 20})
  torch.save(old:state_dict(), "weights.safetensors")
  local model = hfc.saved_model "weights.safetensors"
  model:requires_grad_(false)
  model:replace_head(2, {layer = "fc", seed = 4})
  lu.assertEquals(model(torch.rand(2, 3, 64, 64)).shape, {2, 2})
  lu.assertTrue(model.network.conv1.weight:equal(old.conv1.weight))
  local trainable = {}
  for name, weight in model:named_parameters() do
    if weight.requires_grad then trainable[#trainable + 1] = name end
  end
  lu.assertEquals(trainable, {"network.fc.weight", "network.fc.bias"})
  local again = hfc.saved_model "weights.safetensors"
  again:replace_head(2, {seed = 4})
  lu.assertTrue(again.network.fc.weight:equal(model.network.fc.weight))
end

function TestHead:test_in_lua_is_an_assignment()
  local net, data = Net(hfc.model "lenet"), samples(8, 3)
  net.fc = nn.Linear(10, 3)
  hfc.train(net, data, {epochs = 1, batch_size = 4, quiet = true})
  lu.assertEquals(hfc.logits(net, data).shape, {8, 3})
  net.body:replace_head(6)
  net.fc = nn.Linear(6, 2)
  lu.assertEquals(net:eval()(torch.rand(1, 3, 32, 32)).shape, {1, 2})
  lu.assertEquals(net:state_dict()["body.fc3.weight"].shape, {6, 84})
end

function TestHead:test_wrong_input()
  for _, file in ipairs {"resnet_eval", "timm_resnetv2_eval"} do
    local model = hfc.model(folder .. file .. ".pt2")
    for _, classes in ipairs {0, -1} do
      lu.assertErrorMsgContains(
        "Model:replace_head: classes must be between 1 and 1000000, got " .. classes,
        model.replace_head, model, classes)
    end
  end
  local model = hfc.model "resnet20"
  lu.assertErrorMsgContains("expected an integer", model.replace_head, model, 2.5)
  lu.assertErrorMsgContains("must be the last linear layer of the network, 'linear'; got 'layer9'",
    model.replace_head, model, 5, {layer = "layer9"})
  lu.assertErrorMsgContains("call model:replace_head(classes)", function()
    model.linear = nn.Linear(64, 3)
  end)
end

support.run()
