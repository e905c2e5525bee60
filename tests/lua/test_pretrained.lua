-- Weights that others trained: ResNets for CIFAR-10 in PyTorch's format from before 1.6. All 10 000
-- test images, which take minutes, are classified with HFC_TEST_IMAGES=10000.
local lu = require "luaunit"
local support = require "support"

local nn = torch.nn
local folder = support.fixtures .. "/../../../shared/pretrained/cifar10-resnet/"
local files = {
  [20] = "resnet20-12fca82f.th", [32] = "resnet32-d509ac18.th", [44] = "resnet44-014dd654.th",
  [56] = "resnet56-4bfd9763.th",
}

local function is_there(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local function skip_without_weights()
  lu.skipIf(not is_there(folder .. files[20]), "there is no " .. folder)
end

local Block = nn.module "Block"

function Block:init(from, to, stride)
  self.conv1 = nn.Conv2d(from, to, 3, {stride = stride, padding = 1, bias = false})
  self.bn1 = nn.BatchNorm2d(to)
  self.conv2 = nn.Conv2d(to, to, 3, {padding = 1, bias = false})
  self.bn2 = nn.BatchNorm2d(to)
  self.stride, self.added = stride, to - from
end

-- The shortcut takes every second pixel and adds channels of zeros, half before and half after.
function Block:forward(x)
  local short = x
  if self.stride == 2 then
    short = x[{{}, {}, {0, x.shape[3], 2}, {0, x.shape[4], 2}}]
    short = torch.constant_pad_nd(short, {0, 0, 0, 0, self.added / 2, self.added / 2})
  end
  local y = torch.relu(self.bn1(self.conv1(x)))
  return torch.relu(self.bn2(self.conv2(y)) + short)
end

local ResNet = nn.module "ResNet"

function ResNet:init(depth)
  self.conv1 = nn.Conv2d(3, 16, 3, {padding = 1, bias = false})
  self.bn1 = nn.BatchNorm2d(16)
  for stage, width in ipairs {16, 32, 64} do
    local blocks = {}
    for i = 1, (depth - 2) / 6 do
      local first = i == 1 and stage > 1
      blocks[i] = Block(first and width / 2 or width, width, first and 2 or 1)
    end
    self["layer" .. stage] = nn.Sequential(blocks)
  end
  self.linear = nn.Linear(64, 10)
end

function ResNet:forward(x)
  x = torch.relu(self.bn1(self.conv1(x)))
  return self.linear(self.layer3(self.layer2(self.layer1(x))):mean {2, 3})
end

local function load_resnet(depth)
  local checkpoint = torch.load(folder .. files[depth])
  local net = ResNet(depth)
  local state, options = checkpoint.state_dict, {prefix = "module."}
  lu.assertErrorMsgContains('write load_state_dict(state, {prefix = "module."})',
    net.load_state_dict, net, state)
  lu.assertErrorMsgContains(
    "the state is in the field 'state_dict': write load_state_dict(state.state_dict, \z
      {prefix = \"module.\"})", net.load_state_dict, net, checkpoint)
  net:load_state_dict(state, options)
  return net:eval(), checkpoint
end

TestPretrained = {}

function TestPretrained:test_all_four_files_open_as_they_are()
  skip_without_weights()
  local best = {[20] = 91.78, [32] = 92.63, [44] = 93.10, [56] = 93.39}
  for depth in pairs(files) do
    local net, checkpoint = load_resnet(depth)
    lu.assertAlmostEquals(checkpoint.best_prec1, best[depth], 1)
    lu.assertEquals(net(torch.zeros(1, 3, 32, 32)).shape, {1, 10})
  end
end

function TestPretrained:test_resnet20_classifies_cifar10()
  skip_without_weights()
  local found, data = pcall(hfc.data, "cifar10")
  lu.skipIf(not found, "there is no CIFAR-10")
  local count = tonumber(os.getenv "HFC_TEST_IMAGES" or 1000)
  local mean = torch.tensor({.485, .456, .406}):reshape {1, 3, 1, 1}
  local deviation = torch.tensor({.229, .224, .225}):reshape {1, 3, 1, 1}
  local net, right = load_resnet(20), 0
  torch.no_grad(function()
    for begin = 0, count - 1, 100 do
      local x, y = data.test:batch(begin, begin + 100)
      right = right + net((x - mean) / deviation):argmax(1):eq(y):sum():item()
    end
  end)
  if count == 1000 then lu.assertEquals(right, 915) end
  if count == 10000 then lu.assertEquals(right, 9173) end
  io.stderr:write(("ResNet-20: %d of %d right\n"):format(right, count))
end

function TestPretrained:test_a_file_of_weights_is_a_network()
  skip_without_weights()
  for depth, file in pairs(files) do
    local model = hfc.saved_model(folder .. file)
    lu.assertStrContains(tostring(model), "resnet" .. depth)
  end
  local found, data = pcall(hfc.data, "cifar10")
  lu.skipIf(not found, "there is no CIFAR-10")
  local test = data.test:slice(0, 1000)
  lu.assertEquals(hfc.accuracy(hfc.saved_model(folder .. files[20]), test), .915)
end

support.run()
