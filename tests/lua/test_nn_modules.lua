-- Modules: lists of them, shared weights, state dicts, modes, moves, hooks, networks of hfc.model.
local lu = require "luaunit"
local support = require "support"
local nn = torch.nn

local function names_of(iterator, ...)
  local names = {}
  for name in iterator, ... do names[#names + 1] = name end
  return names
end

TestSequential = {}

function TestSequential:test_counts_and_finds_by_number()
  local net = nn.Sequential {nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3)}
  lu.assertEquals(#net, 3)
  lu.assertTrue(net[0] == net["0"] and net[2] == net["2"] and net[-1] == net["2"])
  lu.assertTrue(not net[3])
  net[1] = nn.Tanh()
  lu.assertStrContains(tostring(net), "(1): Tanh()")
  lu.assertEquals(tostring(net["1"]), "Tanh()")
  net["1"] = nn.Sigmoid()
  lu.assertEquals(net(torch.ones(1, 1)).shape, {1, 3})
  lu.assertEquals(tostring(net[1]), "Sigmoid()")
  net[3] = nn.ReLU()
  lu.assertEquals(tostring(net:children()[4]), "ReLU()")
  lu.assertEquals(#net, 4)
  lu.assertErrorMsgContains("expected a module, got text", function()
    net[0] = "text"
    net(torch.ones(1, 1))
  end)
  lu.assertEquals(#nn.Sequential(), 0)
  lu.assertErrorMsgContains("index 7 is out of range for 2 elements", function()
    nn.Sequential(nn.ReLU(), nn.ReLU())[7] = nn.ReLU()
  end)
end

function TestSequential:test_a_hole_is_an_error()
  local flag = false
  lu.assertErrorMsgContains("element 2 of 3: expected a module, got nil", nn.Sequential,
    {nn.Linear(1, 1), flag and nn.ReLU() or nil, nn.Linear(1, 7)})
  lu.assertErrorMsgContains("element 2 of 3: expected a module, got nil", nn.Sequential,
    nn.Linear(1, 1), nil, nn.Linear(1, 7))
  lu.assertErrorMsgContains("got false", nn.ModuleList, {nn.ReLU(), false})
end

function TestSequential:test_append_after_a_removal_keeps_the_others()
  local net = nn.Sequential {nn.ReLU(), nn.Tanh(), nn.Sigmoid()}
  net["1"] = nil
  net:append(nn.GELU())
  lu.assertEquals(#net, 3)
  lu.assertEquals(tostring(net[1]), "Sigmoid()")
  lu.assertEquals(tostring(net[2]), "GELU(approximate='none')")
  net = nn.Sequential {nn.ReLU(), nn.Tanh(), nn.Sigmoid()}
  net[1] = nil
  lu.assertEquals(names_of(net:named_children()), {"0", "1"})
  lu.assertEquals(#net, 2)
  lu.assertEquals(tostring(net:pop(0)), "ReLU()")
  net:insert(0, nn.Mish()):extend {nn.Tanh(), nn.ReLU()}
  lu.assertEquals(names_of(net:named_children()), {"0", "1", "2", "3"})
  lu.assertEquals(tostring(net[0]), "Mish()")
  lu.assertEquals(tostring(net:clone()[-1]), "ReLU()")
end

function TestSequential:test_names_and_inheritance()
  local net = nn.Sequential {{"conv", nn.Linear(2, 2)}, {"act", nn.ReLU()}}
  lu.assertEquals(names_of(net:named_parameters()), {"conv.weight", "conv.bias"})
  local Mine = nn.module("Mine", nn.Sequential)
  function Mine:init() nn.Sequential.init(self, nn.Linear(2, 2), nn.ReLU()) end
  lu.assertEquals(#Mine(), 2)
  lu.assertEquals(Mine()(torch.ones(1, 2)).shape, {1, 2})
end

TestDicts = {}

function TestDicts:test_module_dict()
  local dict = nn.ModuleDict {conv = nn.Conv2d(1, 1, 1), act = nn.ReLU()}
  lu.assertEquals(dict:keys(), {"act", "conv"})
  dict:update {{"zero", nn.Identity()}, {"again", nn.Identity()}}
  lu.assertEquals(dict:keys(), {"act", "conv", "zero", "again"})
  lu.assertEquals(dict:len(), 4)
  lu.assertTrue(dict:contains "conv" and not dict:contains "train")
  dict:pop "conv"
  lu.assertEquals(#dict:parameters(), 0)
  lu.assertErrorMsgContains("'train' is already the name of a method", nn.ModuleDict,
    {train = nn.ReLU()})
  lu.assertErrorMsgContains("must be a module", nn.ModuleDict, {a = 3})
end

function TestDicts:test_parameter_lists()
  local list = nn.ParameterList {torch.ones(2), torch.zeros(3)}
  lu.assertEquals(#list, 2)
  lu.assertTrue(list[0].requires_grad)
  list:append(torch.ones(1))
  lu.assertEquals(names_of(list:named_parameters()), {"0", "1", "2"})
  local dict = nn.ParameterDict {w = torch.ones(2)}
  lu.assertEquals(names_of(dict:named_parameters()), {"w"})
end

function TestDicts:test_parameters_are_kept_as_they_are()
  local weight, frozen = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1), false)
  local list = nn.ParameterList {weight}
  list:append(frozen)
  list:extend {torch.ones(2):requires_grad_() * 2}
  local dict = nn.ParameterDict {w = weight, f = frozen}
  lu.assertTrue(rawequal(list[0], weight) and rawequal(dict.w, weight))
  torch.no_grad(function() weight:fill_(7) end)
  lu.assertEquals({list[0]:tolist(), dict.w:tolist()}, {{7, 7}, {7, 7}})
  local sum = list[0] * 3 + dict.w
  sum:sum():backward()
  lu.assertEquals(weight.grad:tolist(), {4, 4})
  lu.assertTrue(rawequal(list[1], frozen) and rawequal(dict.f, frozen))
  lu.assertFalse(list[1].requires_grad or dict.f.requires_grad)
  lu.assertTrue(list[2].is_leaf and list[2].requires_grad)
end

function TestDicts:test_other_tensors_become_parameters()
  local plain = torch.ones(2)
  local list = nn.ParameterList {plain}
  plain[0] = 5
  lu.assertEquals(list[0]:tolist(), {5, 1})
  lu.assertTrue(list[0].requires_grad and not plain.requires_grad)
  local computed = torch.ones(2):requires_grad_() * 2
  local dict = nn.ParameterDict {c = computed}
  lu.assertTrue(dict.c.is_leaf and dict.c.requires_grad)
end

function TestDicts:test_an_element_of_a_parameter_list_can_be_replaced()
  local list, other = nn.ParameterList {torch.ones(2), torch.ones(1)}, nn.Parameter(torch.zeros(2))
  list[0] = other
  lu.assertTrue(rawequal(list:parameters()[1], other) and rawequal(list[0], other))
  lu.assertEquals(names_of(list:named_parameters()), {"0", "1"})
end

TestState = {}

function TestState:test_shared_weights_have_all_their_names()
  local net = nn.Sequential {nn.Linear(3, 3), nn.Linear(3, 3)}
  net[1].weight = net[0].weight
  lu.assertEquals(#net:parameters(), 3)
  local state = net:state_dict()
  lu.assertNotNil(state["1.weight"])
  net:load_state_dict(state)
  state["1.weight"] = nil  -- as other programs write it
  net:load_state_dict(state)
  lu.assertEquals(names_of(net:named_parameters {remove_duplicate = false}),
    {"0.weight", "0.bias", "1.weight", "1.bias"})
end

function TestState:test_load_state_dict_reports()
  local net = nn.Sequential {nn.Linear(2, 2), nn.BatchNorm1d(2)}
  local state = net:state_dict()
  state["1.num_batches_tracked"] = nil
  lu.assertTrue(net:load_state_dict(state) == net)
  state["0.bias"], state.extra = nil, torch.ones(1)
  local _, missing, unexpected = net:load_state_dict(state, {strict = false})
  lu.assertEquals(missing, {"0.bias"})
  lu.assertEquals(unexpected, {"extra"})
  _, missing = net:load_state_dict(state, false)
  lu.assertEquals(missing, {"0.bias"})
  lu.assertErrorMsgContains("no name matches", net.load_state_dict, net, {}, {strict = false})
  lu.assertErrorMsgContains("unknown argument 'stric'", net.load_state_dict, net, state,
    {stric = false})
  local prefixed = {}
  for name, tensor in pairs(net:state_dict()) do prefixed["module." .. name] = tensor end
  lu.assertErrorMsgContains("the names start with 'module.'", net.load_state_dict, net, prefixed,
    {strict = false})
  lu.assertErrorMsgContains("the names start with 'module.'", net.load_state_dict, net, prefixed)
  local bare = {}
  for name, tensor in pairs(net[1]:state_dict()) do bare[name] = tensor end
  lu.assertErrorMsgContains(
    "the names lack the prefix '1.': write net[\"1\"]:load_state_dict(state)",
    net.load_state_dict, net, bare)
  lu.assertErrorMsgContains("expected a table", net.load_state_dict, net, "path.pth")
end

function TestState:test_buffers_that_are_not_saved()
  local net = nn.Linear(2, 2)
  net:register_buffer("table", torch.ones(2), {persistent = false})
  lu.assertNil(net:state_dict().table)
  lu.assertEquals(net:clone():state_dict().table, nil)
  net:double()
  lu.assertEquals(net.table.dtype, "float64")
  lu.assertErrorMsgContains("without dots", net.register_buffer, net, "a.b", torch.ones(1))
end

function TestState:test_frozen_parameters_belong_to_the_module()
  local net = nn.module "Frozen"()
  net.scale = nn.Parameter(torch.ones(1), false)
  lu.assertEquals(#net:parameters(), 1)
  lu.assertFalse(net:parameters()[1].requires_grad)
end

TestMoves = {}

function TestMoves:test_memory_format_and_dtypes()
  local net = nn.Sequential {nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)}
  lu.assertTrue(net:to {memory_format = "channels_last"} == net)
  lu.assertTrue(net[0].weight:is_contiguous {memory_format = "channels_last"})
  for method, dtype in pairs {
    half = "float16", double = "float64", bfloat16 = "bfloat16", float = "float32",
  } do
    net[method](net)
    lu.assertEquals(net[0].weight.dtype, dtype)
    lu.assertEquals(net[1].num_batches_tracked.dtype, "int64")
  end
  lu.assertErrorMsgContains("expected a floating-point dtype", net.to, net, "int64")
  local model = hfc.model("resnet18"):to {memory_format = "channels_last"}:double()
  lu.assertEquals(model.bn1.num_batches_tracked.dtype, "int64")
  lu.assertEquals(model.fc.weight.dtype, "float64")
end

function TestMoves:test_half_and_cuda()
  local net = nn.Sequential {nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)}
  local weight = net[0].weight
  weight.grad = torch.ones_like(weight)
  lu.assertEquals(net:half()(torch.ones(1, 1, 4, 4):half()).dtype, "float16")
  lu.assertTrue(net[0].weight == weight and weight.grad.dtype == "float16")
  local moved, message = pcall(net.cuda, net)
  if moved then
    lu.assertEquals(net(torch.ones(1, 1, 4, 4):half():cuda()).device, "cuda:0")
    lu.assertTrue(net[0].weight == weight and weight.grad.device == "cuda:0")
  else
    lu.assertStrContains(message, "device 'cuda' cannot be used")
  end
end

function TestMoves:test_layers_take_device_and_dtype()
  local net = nn.Conv2d(3, 4, 3, {padding = 1, dtype = "float64", device = "cpu"})
  lu.assertEquals(net.weight.dtype, "float64")
  lu.assertEquals(net.padding, 1)
  lu.assertEquals(nn.BatchNorm1d(3, {dtype = "float16"}).num_batches_tracked.dtype, "int64")
end

function TestMoves:test_weights_of_losses_move()
  local loss = nn.CrossEntropyLoss {weight = torch.ones(3)}
  loss:to("float64")
  lu.assertEquals(loss.weight.dtype, "float64")
  lu.assertEquals(names_of(nn.BCEWithLogitsLoss {pos_weight = torch.ones(1)}:named_buffers()),
    {"pos_weight"})
end

function TestMoves:test_parameters_are_the_same_objects()
  for _, net in ipairs {nn.Linear(2, 2), hfc.model("lenet")} do
    local steps = {}
    for _, parameter in ipairs(net:parameters()) do steps[parameter] = 1 end
    for _, parameter in ipairs(net:parameters()) do lu.assertEquals(steps[parameter], 1) end
  end
  local model = hfc.model("lenet")
  local tied = nn.Sequential {model, nn.Linear(84, 10)}
  tied[1].weight = model.fc3.weight
  lu.assertEquals(#tied:parameters(), #model:parameters() + 1)
end

TestModes = {}

local Frozen = nn.module "Frozen"
function Frozen:init()
  self.b = nn.BatchNorm2d(3)
  self.l = nn.Linear(3072, 10)
end
function Frozen:forward(x) return self.l(self.b(x):flatten(1)) end
function Frozen:train(mode)
  self.training = mode ~= false
  self.b:eval()
  return self
end

function TestModes:test_hfc_train_calls_the_train_of_a_class()
  local net = Frozen()
  net:train()
  hfc.train(net, hfc.data("synthetic", {train = 20, test = 10}).train, {epochs = 1, quiet = true})
  lu.assertEquals(net.b.running_mean:tolist(), {0, 0, 0})
  lu.assertFalse(net.b.training)
  lu.assertTrue(net.training)
  local outer = nn.Sequential {Frozen()}
  hfc.train(outer, hfc.data("synthetic", {train = 20, test = 10}).train, {epochs = 1, quiet = true})
  lu.assertEquals(outer[0].b.running_mean:tolist(), {0, 0, 0})
end

function TestModes:test_measuring_puts_every_mode_back()
  local net = nn.Sequential {nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(), nn.Linear(3072, 10)}
  net[0]:eval()
  hfc.accuracy(net, hfc.data("synthetic", {train = 4, test = 4}).test)
  lu.assertTrue(net.training and net[2].training)
  lu.assertFalse(net[0].training)
  local broken = Frozen()
  function broken:train() error("no mode for me") end
  lu.assertErrorMsgContains("no mode for me", hfc.accuracy, broken,
    hfc.data("synthetic", {train = 4, test = 4}).test)
end

function TestModes:test_one_value_per_channel()
  local message = "Expected more than 1 value per channel when training"
  local bn = nn.BatchNorm2d(2)
  lu.assertErrorMsgContains(message, bn, torch.ones(1, 2, 1, 1))
  lu.assertFalse(bn.running_var:isnan():any():item())
  lu.assertErrorMsgContains(message, nn.BatchNorm1d(2), torch.ones(1, 2))
  lu.assertErrorMsgContains("expected 4D input (got 2D input)", bn, torch.ones(1, 2))
  lu.assertEquals(bn:eval()(torch.ones(1, 2, 1, 1)).shape, {1, 2, 1, 1})
  lu.assertEquals(nn.BatchNorm2d(2)(torch.ones(0, 2, 3, 3)).shape, {0, 2, 3, 3})
  lu.assertEquals(nn.InstanceNorm2d(2)(torch.ones(0, 2, 3, 3)).shape, {0, 2, 3, 3})
  lu.assertErrorMsgContains("Expected more than 1 spatial element", nn.InstanceNorm2d(2),
    torch.ones(3, 2, 1, 1))
  local data = hfc.data("synthetic", {train = 21, test = 10, size = 16, high_radius = 8})
  local model = hfc.model("vgg11", {batch_norm = true})
  lu.assertErrorMsgContains(message, hfc.train, model, data.train,
    {epochs = 1, batch_size = 20, quiet = true})
end

TestHooks = {}

function TestHooks:test_forward_hooks()
  local net, calls = nn.Linear(2, 2), {}
  local before = net:register_forward_pre_hook(function(module, inputs)
    calls[#calls + 1] = "before"
    lu.assertTrue(module == net)
    return inputs[1] * 0
  end)
  local after = net:register_forward_hook(function(_, _, y)
    calls[#calls + 1] = "after"
    return y + 1
  end)
  local y = net(torch.ones(1, 2))
  lu.assertEquals(calls, {"before", "after"})
  lu.assertTrue((y - net.bias - 1):abs():max():item() < 1e-6)
  before:remove()
  after:remove()
  lu.assertTrue(net(torch.ones(1, 2)):equal(net:forward(torch.ones(1, 2))))
  lu.assertEquals(#calls, 2)
  lu.assertErrorMsgContains("expected a function", net.register_forward_hook, net, 3)
end

function TestHooks:test_full_backward_hook()
  local net, seen = nn.Linear(2, 1), nil
  local handle = net:register_full_backward_hook(function(_, inputs, outputs)
    seen = {inputs[1], outputs[1]}
    return {inputs[1] * 10}
  end)
  local x = torch.ones(1, 2):requires_grad_()
  net(x):sum():backward()
  lu.assertEquals(seen[2]:tolist(), {{1}})
  lu.assertTrue(seen[1]:equal(net.weight))
  lu.assertTrue(x.grad:equal(net.weight * 10))
  handle:remove()
  x.grad = nil
  net(x):sum():backward()
  lu.assertTrue(x.grad:equal(net.weight))
end

TestModels = {}

function TestModels:test_layers_of_hfc_model()
  local model = hfc.model("resnet18")
  lu.assertTrue(model.training)
  lu.assertFalse(model:eval().training)
  lu.assertFalse(model.layer1.training)
  lu.assertEquals(names_of(model:named_children())[1], "conv1")
  lu.assertTrue(model:get_submodule "layer1.0.conv1" ~= nil)
  lu.assertEquals(#model:get_submodule "layer2":parameters(), 15)
  lu.assertStrContains(tostring(model), "(fc): Linear(weight [10, 512], bias [10])")
  model.layer1:requires_grad_(false)
  lu.assertFalse(model:get_parameter "layer1.0.conv1.weight".requires_grad)
  lu.assertErrorMsgContains("layers of a network from hfc.model are fixed", function()
    model.fc = nn.Linear(512, 3)
  end)
  local count = 0
  model:apply(function() count = count + 1 end)
  lu.assertEquals(count, #model:modules())
end

function TestModels:test_a_new_head_on_old_weights()
  local old, new = hfc.model("resnet18"), hfc.model("resnet18", {classes = 3, seed = 1})
  local state = old:state_dict()
  state["fc.weight"], state["fc.bias"] = nil, nil
  local _, missing = new:load_state_dict(state, {strict = false})
  lu.assertItemsEquals(missing, {"fc.weight", "fc.bias"})
  lu.assertTrue(new.conv1.weight:equal(old.conv1.weight))
end

TestMessages = {}

function TestMessages:test_name_the_line_of_the_script()
  local function fails(f, ...)
    local results = {f(...)}  -- not a tail call, which would hide this line
    return results
  end
  for _, case in ipairs {
    {nn.Dropout, 2}, {nn.Linear, 3}, {nn.Conv2d, 3, 8, 3, {groups = 2}}, {nn.Embedding, 3, 2, 5},
    {nn.Sequential, {nn.ReLU}}, {nn.ModuleDict, {train = nn.ReLU()}},
    {nn.init.dirac_, torch.ones(3)}, {nn.Linear(1, 1).load_state_dict, nn.Linear(1, 1), 5},
    {nn.BatchNorm2d(3), torch.ones(1, 3, 1, 1)},
  } do
    local _, message = pcall(fails, unpack(case))
    lu.assertStrMatches(message, "[^:]*test_nn_modules%.lua:%d+: .*")
  end
end

support.run()
