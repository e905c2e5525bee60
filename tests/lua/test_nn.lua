-- torch.nn: layers and losses as PyTorch's, classes of one's own, and networks written in Lua
-- wherever hfc takes a model.
local lu = require "luaunit"
local support = require "support"
local nn = torch.nn

TestLayers = {}

local function make(case)
  local list = {}
  for i = 1, case.count do list[i] = case.args[i] end
  if next(case.options) then list[#list + 1] = case.options end
  return nn[case.name](unpack(list))
end

function TestLayers:test_results_and_gradients_are_pytorchs()
  for i, case in ipairs(support.fixture("layers").layers) do
    local what = ("case %d, %s: "):format(i, case.name)
    local module = make(case)
    if next(case.state) then module:load_state_dict(case.state) end
    local x = case.x:clone():requires_grad_()
    local y = module(x)
    local function check(name, got, expected)
      lu.assertTrue(support.difference(got, expected) <= 1e-5,
        ("%s%s is off by %g"):format(what, name, support.difference(got, expected)))
    end
    check("y", y:detach(), case.y);
    (y * case.weights):sum():backward()
    check("x.grad", x.grad, case.x_grad)
    local seen = 0
    for name, parameter in module:named_parameters() do
      check(name .. ".grad", parameter.grad, case.grads[name])
      seen = seen + 1
    end
    for name, buffer in module:named_buffers() do check(name, buffer, case.buffers[name]) end
    local expected = 0
    for _ in pairs(case.grads) do expected = expected + 1 end
    lu.assertEquals(seen, expected, what .. "number of parameters")
  end
end

function TestLayers:test_losses_are_pytorchs()
  for i, case in ipairs(support.fixture("layers").losses) do
    local what = ("case %d, %s"):format(i, case.name)
    local input = case.input:clone():requires_grad_()
    local loss = nn[case.name](case.options)(input, case.target)
    lu.assertTrue(support.difference(loss:detach(), case.loss) <= 1e-5, what)
    loss:backward()
    lu.assertTrue(support.difference(input.grad, case.grad) <= 1e-5, what .. ", gradient")
  end
end

function TestLayers:test_dropout_and_modes()
  torch.manual_seed(1)
  local dropout, x = nn.Dropout(0.25), torch.ones(10000)
  local share = dropout(x):eq(0):double():mean():item()
  lu.assertTrue(math.abs(share - 0.25) < 0.03)
  dropout:eval()
  lu.assertTrue(dropout(x):equal(x))
end

function TestLayers:test_initial_values_are_within_pytorchs_bounds()
  torch.manual_seed(0)
  local linear = nn.Linear(100, 50)
  lu.assertTrue(
    linear.weight:abs():max():item() <= 0.1 and linear.weight:abs():max():item() > 0.095)
  local weight = torch.empty(64, 32, 3, 3)
  nn.init.kaiming_normal_(weight, {mode = "fan_out", nonlinearity = "relu"})
  lu.assertAlmostEquals(weight:std():item(), math.sqrt(2 / (64 * 9)), 1e-3)
  nn.init.xavier_uniform_(weight)
  lu.assertAlmostEquals(weight:abs():max():item(), math.sqrt(6 / ((64 + 32) * 9)), 1e-4)
  local square = nn.init.orthogonal_(torch.empty(5, 5))
  lu.assertTrue((square:mm(square:t()) - torch.eye(5)):abs():max():item() < 1e-5)
end

function TestLayers:test_bad_input()
  lu.assertErrorMsgContains("argument 'out_features' is missing", nn.Linear, 3)
  lu.assertErrorMsgContains("unknown argument 'pading'", nn.Conv2d, 3, 8, 3, {pading = 1})
  lu.assertErrorMsgContains("padding_mode must be", nn.Conv2d, 3, 8, 3, {padding_mode = "mirror"})
  lu.assertErrorMsgContains("p must be in [0,1], got 2", nn.Dropout, 2)
  lu.assertErrorMsgContains("did you mean 'Conv2d'", function() return nn.Conv22d end)
  lu.assertErrorMsgContains("call the class", nn.Sequential, {nn.ReLU})
end

TestModule = {}

local Block = nn.module "Block"
function Block:init(channels)
  self.conv = nn.Conv2d(channels, channels, 3, {padding = 1, bias = false})
  self.norm = nn.BatchNorm2d(channels)
  self.scale = nn.Parameter(torch.ones(1))
end
function Block:forward(x) return x + self.scale * self.norm(self.conv(x)):relu() end

local function network()
  torch.manual_seed(3)
  return nn.Sequential {
    nn.Conv2d(3, 8, 3, {padding = 1}), Block(8), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    nn.Linear(8, 10),
  }
end

function TestModule:test_names()
  local names = {}
  for name in network():named_parameters() do names[#names + 1] = name end
  lu.assertEquals(names, {
    "0.weight", "0.bias", "1.scale", "1.conv.weight", "1.norm.weight", "1.norm.bias", "4.weight",
    "4.bias",
  })
  local modules = {}
  for name in network():named_modules() do modules[#modules + 1] = name end
  lu.assertEquals(modules, {"", "0", "1", "1.conv", "1.norm", "2", "3", "4"})
  lu.assertStrContains(tostring(network()), "(1): Block(\n    (conv): Conv2d(")
end

function TestModule:test_state_travels()
  local one, other = network(), network():apply(function(module)
    if module.weight then
      torch.no_grad(function() module.weight:zero_() end)
    end
  end)
  local x = torch.rand(2, 3, 8, 8)
  one(x)
  lu.assertFalse(one:eval()(x):equal(other:eval()(x)))
  other:load_state_dict(one:state_dict())
  lu.assertTrue(one(x):equal(other(x)))
  local state = one:state_dict()
  state["4.bias"], state["5.bias"] = nil, torch.zeros(1)
  lu.assertErrorMsgContains("missing: 4.bias; unexpected: 5.bias",
    other.load_state_dict, other, state)
  local same, missing, unexpected = other:load_state_dict(state, {strict = false})
  lu.assertIs(same, other)
  lu.assertEquals({missing, unexpected}, {{"4.bias"}, {"5.bias"}})
  state["4.weight"] = torch.zeros(3)
  lu.assertErrorMsgContains("4.weight has shape [3], expected [10, 8]",
    other.load_state_dict, other, state)
end

function TestModule:test_clone_shares_nothing()
  local one = network()
  local other = one:clone()
  lu.assertEquals(#other:parameters(), #one:parameters())
  torch.no_grad(function()
    other[1] = nil
    for _, p in ipairs(other:parameters()) do p:zero_() end
  end)
  for _, p in ipairs(one:parameters()) do
    if p.ndim > 1 then lu.assertTrue(p:abs():sum():item() > 0) end
  end
  local model = hfc.model("preact_resnet8", {seed = 4})
  local copy = model:eval():clone()
  local x = torch.rand(2, 3, 32, 32)
  lu.assertTrue(model(x):equal(copy(x)))
  torch.no_grad(function() copy:parameters()[1]:zero_() end)
  lu.assertFalse(model(x):equal(copy(x)))
end

function TestModule:test_modes_and_moves()
  local net = network()
  net:eval()
  for _, module in ipairs(net:modules()) do lu.assertFalse(module.training) end
  net:train():to("float64")
  for name, tensor in net:named_buffers() do
    lu.assertEquals(tensor.dtype, name:find("num_batches") and "int64" or "float64")
  end
  lu.assertEquals(net(torch.rand(2, 3, 8, 8, {dtype = "float64"})).dtype, "float64")
  net:requires_grad_(false)
  lu.assertEquals(#net:parameters(), 8)
  lu.assertFalse(net:parameters()[1].requires_grad)
end

function TestModule:test_a_shared_parameter_counts_once()
  local a = nn.Linear(3, 3)
  local b = nn.Linear(3, 3)
  b.weight = a.weight
  lu.assertEquals(#nn.Sequential {a, b}:parameters(), 3)
end

function TestModule:test_inheritance()
  local Base = nn.module "Base"
  function Base:init(width) self.layer = nn.Linear(width, 2) end
  function Base:forward(x) return self.layer(x) end
  local Derived = nn.module("Derived", Base)
  function Derived:forward(x) return Base.forward(self, x) * 2 end
  local derived = Derived(3)
  local x = torch.ones(1, 3)
  lu.assertTrue(derived(x):equal(derived.layer(x) * 2))
end

function TestModule:test_a_field_that_becomes_a_parameter_later()
  local Late = nn.module "Late"
  function Late:init()
    self.scale = false
    self.scale = nn.Parameter(torch.ones(1))
  end
  lu.assertEquals(#Late():parameters(), 1)
  lu.assertErrorMsgContains("must have a name, got field 1", function() Late()[1] = nn.ReLU() end)
end

function TestModule:test_missing_forward_says_so()
  lu.assertErrorMsgContains("Empty has no forward method: define function Empty:forward(x)",
    nn.module("Empty")(), torch.ones(1))
end

TestInHfc = {}

function TestInHfc:test_a_lua_network_trains_as_a_model_does()
  local data = hfc.data("synthetic", {train = 120, test = 40, classes = 4, seed = 1})
  torch.manual_seed(0)
  local net = nn.Sequential {
    nn.Conv2d(3, 16, 5, {stride = 2}), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
    nn.Flatten(), nn.Linear(256, 4),
  }
  local before = hfc.accuracy(net, data.train)
  lu.assertTrue(net.training, "measuring leaves the mode as it was")
  local history = hfc.train(net, data.train, {
    epochs = 12, batch_size = 20, optimizer = {"adam", lr = 3e-3}, quiet = true,
    probes = {train = data.train},
  })
  lu.assertTrue(history[12].accuracy.train > before + 0.3,
    ("from %g to %g"):format(before, history[12].accuracy.train))
  lu.assertEquals(hfc.accuracy(net, data.train), history[12].accuracy.train)
  lu.assertTrue(net[1] == net["1"] and net[1].num_batches_tracked:item() > 0,
    "its BatchNorm counted the batches")
end

function TestInHfc:test_a_model_inside_a_lua_network()
  local net = nn.Sequential {hfc.model("preact_resnet8", {classes = 6}), nn.Linear(6, 2)}
  lu.assertEquals(net(torch.rand(2, 3, 16, 16)).shape, {2, 2})
  local data = hfc.data("synthetic", {train = 20, test = 10, classes = 2})
  hfc.train(net, data.train, {epochs = 1, batch_size = 10, quiet = true})
  local frozen = net:clone():eval()
  for _, module in ipairs(frozen:children()) do lu.assertTrue(torch.nn.is_module(module)) end
end

function TestInHfc:test_faults_of_a_lua_network_are_reported()
  local data = hfc.data("synthetic", {train = 4, test = 4})
  local Wrong = nn.module "Wrong"
  function Wrong:init() self.w = nn.Parameter(torch.ones(1)) end
  function Wrong:forward() return "text" end
  lu.assertErrorMsgContains("forward must return a Tensor, got string 'text'",
    hfc.accuracy, Wrong(), data.test)
  function Wrong:forward() error("my own mistake") end
  lu.assertErrorMsgContains("my own mistake",
    hfc.train, Wrong(), data.train, {epochs = 1, quiet = true})
end

support.run()
