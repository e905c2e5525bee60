-- What modules know of their fields: scripts that overwrite fields, networks that contain
-- themselves, copies.
local lu = require "luaunit"
local support = require "support"
local nn = torch.nn

local data = hfc.data("synthetic", {train = 2, test = 2})

local function classifier() return nn.Sequential {nn.Flatten(), nn.Linear(3072, 10)} end

local function cyclic()
  local net = classifier()
  net.inner = nn.Sequential {nn.ReLU()}
  net.inner.outer = net
  return net
end

TestRecords = {}

function TestRecords:test_overwritten_fields_change_nothing()
  local net = classifier()
  local accuracy = hfc.accuracy(net, data.test)
  net._order, net._kind, net._of = 1, setmetatable({}, {__index = error}), "module"
  net.order, net.kinds, net.name = {}, {}, "x"
  lu.assertEquals(hfc.accuracy(net, data.test), accuracy)
  lu.assertEquals(#net:parameters(), 2)
  lu.assertStrContains(tostring(net:clone()), "Sequential(")
  for _, field in ipairs {"_hooks", "_seen", "_reparametrised"} do
    for _, value in ipairs {5, "x", true, {}, {n = 3}, net} do
      local broken = classifier()
      rawset(broken, field, value)
      for _, f in ipairs {
        broken.parameters, broken.clone, tostring, broken.append, nn.utils.weight_norm,
        function() return broken(torch.ones(1, 3072)) end,
        function() return hfc.accuracy(broken, data.test) end,
      } do
        pcall(f, broken, nn.ReLU())
      end
    end
  end
end

function TestRecords:test_only_classes_make_modules()
  local methods = nn.Linear(1, 1)
  for _, value in ipairs {{}, {training = true}, "x", 5} do
    for _, name in ipairs {"parameters", "state_dict", "buffers", "register_buffer"} do
      lu.assertErrorMsgContains("expected a torch.nn module, got a " .. type(value),
        methods[name], value, name == "register_buffer" and "b" or nil)
    end
    lu.assertFalse(nn.is_module(value))
  end
end

function TestRecords:test_a_network_may_contain_itself()
  local net = cyclic()
  lu.assertEquals(#net:parameters(), 2)
  lu.assertEquals(#net:modules(), 5)
  local state = net:state_dict()
  lu.assertNotNil(state["1.weight"])
  net:load_state_dict(state)
  lu.assertStrContains(tostring(net), "(outer): Sequential(...)")
  lu.assertEquals(tostring(net), tostring(net))
  net:to("float64"):requires_grad_(false):zero_grad()
  lu.assertEquals(net[1].weight.dtype, "float64")
  local copy = net:clone()
  lu.assertTrue(copy.inner.outer == copy and copy ~= net)
  lu.assertErrorMsgContains("stack overflow", net.train, net)
  lu.assertErrorMsgContains("the network contains itself", hfc.accuracy, cyclic(), data.test)
end

TestCopies = {}

function TestCopies:test_lists_are_lists_of_their_own()
  local net = nn.Sequential {{"a", nn.Linear(2, 2)}, {"b", nn.ReLU()}}
  net[1] = nn.Tanh()
  local copy = net:clone()
  copy:append(nn.Sigmoid())
  copy[0] = nn.Identity()
  lu.assertEquals(#net, 2)
  lu.assertEquals({#copy, copy:len()}, {3, 3})
  lu.assertEquals(tostring(net[1]), "Tanh()")
  lu.assertEquals(tostring(copy[1]), "Tanh()")
  lu.assertEquals(tostring(copy.a), "Identity()")
  lu.assertEquals(#net:parameters(), 2)
  lu.assertEquals(#copy:parameters(), 0)
end

function TestCopies:test_hooks_are_copied()
  local net, calls = nn.Linear(2, 2), {}
  net:register_forward_hook(function(module) calls[#calls + 1] = module end)
  local copy = net:clone()
  copy:register_forward_hook(function() calls.of_copy = true end)
  net(torch.ones(1, 2))
  lu.assertTrue(calls[1] == net and calls.of_copy == nil)
  copy(torch.ones(1, 2))
  lu.assertTrue(calls[2] == copy and calls.of_copy)
end

function TestCopies:test_reparametrised_weights()
  local net, x = nn.utils.weight_norm(nn.Linear(3, 4)), torch.randn(2, 3)
  lu.assertErrorMsgContains("'weight' is already reparametrised", nn.utils.weight_norm, net)
  lu.assertEquals(#net:parameters(), 3)
  local copy = net:clone()
  lu.assertEquals(#copy:parameters(), 3)
  lu.assertTrue(copy(x):equal(net(x)))
  torch.no_grad(function() copy.weight_g:mul_(2) end)
  lu.assertFalse(copy(x):equal(net(x)))
  nn.utils.remove_weight_norm(copy)
  lu.assertEquals(#copy:parameters(), 2)
  lu.assertEquals(#net:parameters(), 3)
end

TestNames = {}

-- What torchvision's networks of classification and timm's ResNet, ViT and ConvNeXt ask for.
function TestNames:test_of_published_networks_exist()
  for prefix, names in pairs {
    [nn] = "AdaptiveAvgPool2d AdaptiveMaxPool2d AvgPool2d BatchNorm1d BatchNorm2d Conv1d Conv2d \z
      Conv3d ConvTranspose2d CrossEntropyLoss Dropout Dropout2d ELU Embedding Flatten GELU GRU \z
      GroupNorm Hardsigmoid Hardswish Hardtanh Identity LSTM LayerNorm LeakyReLU Linear \z
      LocalResponseNorm MaxPool2d Mish ModuleDict ModuleList MultiheadAttention PReLU Parameter \z
      ParameterDict ParameterList PixelShuffle PixelUnshuffle RMSNorm ReLU ReLU6 ReflectionPad2d \z
      ReplicationPad2d SELU Sequential SiLU Sigmoid Softmax Softplus Tanh TransformerEncoder \z
      Unflatten Unfold Upsample ZeroPad2d BCELoss BCEWithLogitsLoss CTCLoss HuberLoss KLDivLoss \z
      L1Loss MSELoss NLLLoss SmoothL1Loss",
    [nn.init] = "constant_ kaiming_normal_ kaiming_uniform_ normal_ ones_ orthogonal_ \z
      trunc_normal_ uniform_ xavier_normal_ xavier_uniform_ zeros_",
    [nn.functional] = "adaptive_avg_pool2d adaptive_max_pool2d avg_pool2d batch_norm conv2d \z
      cross_entropy dropout gelu group_norm hardsigmoid interpolate layer_norm linear \z
      log_softmax max_pool2d normalize one_hot pad relu scaled_dot_product_attention silu softmax",
  } do
    for name in names:gmatch "%S+" do lu.assertNotNil(prefix[name], name) end
  end
end

support.run()
