-- Networks of torchvision and timm, written in Lua with their names, compute what Python's do.
local lu = require "luaunit"
local support = require "support"
local nn = torch.nn

local networks = {}

local BasicBlock = nn.module "BasicBlock"
function BasicBlock:init(inputs, width, stride)
  self.conv1 = nn.Conv2d(inputs, width, 3, {stride = stride, padding = 1, bias = false})
  self.bn1 = nn.BatchNorm2d(width)
  self.relu = nn.ReLU {inplace = true}
  self.conv2 = nn.Conv2d(width, width, 3, {padding = 1, bias = false})
  self.bn2 = nn.BatchNorm2d(width)
  if stride ~= 1 or inputs ~= width then
    self.downsample = nn.Sequential {
      nn.Conv2d(inputs, width, 1, {stride = stride, bias = false}), nn.BatchNorm2d(width),
    }
  end
end
function BasicBlock:forward(x)
  local y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
  return self.relu(y + (self.downsample and self.downsample(x) or x))
end

local ResNet = nn.module "ResNet"
function ResNet:init(classes)
  self.conv1 = nn.Conv2d(3, 64, 7, {stride = 2, padding = 3, bias = false})
  self.bn1 = nn.BatchNorm2d(64)
  self.relu = nn.ReLU(true)
  self.maxpool = nn.MaxPool2d(3, 2, 1)
  local inputs = 64
  for i, width in ipairs {64, 128, 256, 512} do
    self["layer" .. i] = nn.Sequential {
      BasicBlock(inputs, width, i == 1 and 1 or 2), BasicBlock(width, width, 1),
    }
    inputs = width
  end
  self.avgpool = nn.AdaptiveAvgPool2d {output_size = {1, 1}}
  self.fc = nn.Linear(512, classes)
end
function ResNet:forward(x)
  x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
  for i = 1, 4 do x = self["layer" .. i](x) end
  return self.fc(torch.flatten(self.avgpool(x), 1))
end
function networks.resnet18() return ResNet(5) end

function networks.vgg11_bn_features()
  local layers, inputs = nn.Sequential(), 3
  for _, width in ipairs {64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0} do
    if width == 0 then
      layers:append(nn.MaxPool2d {kernel_size = 2, stride = 2})
    else
      layers:extend {
        nn.Conv2d(inputs, width, {kernel_size = 3, padding = 1}), nn.BatchNorm2d(width),
        nn.ReLU {inplace = true},
      }
      inputs = width
    end
  end
  return layers
end

local Permute = nn.module "Permute"
function Permute:init(...) self.dims = {...} end
function Permute:forward(x) return x:permute(self.dims) end

local CNBlock = nn.module "CNBlock"
function CNBlock:init(width, scale)
  self.layer_scale = nn.Parameter(torch.ones(width, 1, 1) * scale)
  self.block = nn.Sequential {
    nn.Conv2d(width, width, {kernel_size = 7, padding = 3, groups = width, bias = true}),
    Permute(0, 2, 3, 1), nn.LayerNorm(width, {eps = 1e-6}), nn.Linear(width, 4 * width), nn.GELU(),
    nn.Linear(4 * width, width), Permute(0, 3, 1, 2),
  }
end
function CNBlock:forward(x) return self.layer_scale * self.block(x) + x end
function networks.cn_block() return CNBlock(8, 0.5) end

local EncoderBlock = nn.module "EncoderBlock"
function EncoderBlock:init(heads, width, hidden)
  self.ln_1 = nn.LayerNorm(width, {eps = 1e-6})
  self.self_attention = nn.MultiheadAttention(width, heads, {dropout = 0, batch_first = true})
  self.dropout = nn.Dropout(0)
  self.ln_2 = nn.LayerNorm(width, {eps = 1e-6})
  self.mlp = nn.Sequential {
    nn.Linear(width, hidden), nn.GELU(), nn.Dropout(0), nn.Linear(hidden, width), nn.Dropout(0),
  }
end
function EncoderBlock:forward(input)
  local x = self.ln_1(input)
  x = self.dropout((self.self_attention(x, x, x, {need_weights = false}))) + input
  return x + self.mlp(self.ln_2(x))
end
function networks.encoder_block() return EncoderBlock(4, 16, 32) end

local Attention = nn.module "Attention"
function Attention:init(width, heads)
  self.heads, self.scale = heads, (width / heads) ^ -0.5
  self.qkv = nn.Linear(width, 3 * width, {bias = true})
  self.proj = nn.Linear(width, width)
end
function Attention:forward(x)
  local n, length, width = unpack(x.shape)
  local qkv = self.qkv(x):reshape(n, length, 3, self.heads, -1):permute(2, 0, 3, 1, 4)
  local q, k, v = unpack(qkv:unbind(0))
  local weights = torch.softmax(torch.matmul(q * self.scale, k:transpose(-2, -1)), -1)
  return self.proj(torch.matmul(weights, v):transpose(1, 2):reshape(n, length, width))
end

local LayerScale = nn.module "LayerScale"
function LayerScale:init(width) self.gamma = nn.Parameter(torch.ones(width) * 0.1) end
function LayerScale:forward(x) return x * self.gamma end

local Mlp = nn.module "Mlp"
function Mlp:init(width, hidden)
  self.fc1, self.act, self.fc2 = nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width)
end
function Mlp:forward(x) return self.fc2(self.act(self.fc1(x))) end

local Block = nn.module "Block"
function Block:init(width, heads)
  self.norm1 = nn.LayerNorm(width, {eps = 1e-6})
  self.attn = Attention(width, heads)
  self.ls1 = LayerScale(width)
  self.norm2 = nn.LayerNorm(width, {eps = 1e-6})
  self.mlp = Mlp(width, 4 * width)
  self.ls2 = LayerScale(width)
end
function Block:forward(x)
  x = x + self.ls1(self.attn(self.norm1(x)))
  return x + self.ls2(self.mlp(self.norm2(x)))
end
function networks.timm_block() return Block(16, 4) end

local ConvNeXtBlock = nn.module "ConvNeXtBlock"
function ConvNeXtBlock:init(width)
  self.gamma = nn.Parameter(torch.ones(width))
  self.conv_dw = nn.Conv2d(width, width, 7, {padding = 3, groups = width})
  self.norm = nn.LayerNorm(width, {eps = 1e-6})
  self.mlp = Mlp(width, 4 * width)
end
function ConvNeXtBlock:forward(x)
  local y = self.mlp(self.norm(self.conv_dw(x):permute(0, 2, 3, 1))):permute(0, 3, 1, 2)
  return x + y * self.gamma:reshape(1, -1, 1, 1)
end
function networks.timm_convnext() return ConvNeXtBlock(8) end

-- The weights that make_layers.py draws.
local function draw(network, keys)
  local state = network:state_dict()
  torch.manual_seed(11)
  torch.no_grad(function()
    for _, key in ipairs(keys) do
      local tensor = state[key]
      lu.assertNotNil(tensor, key)
      if tensor:is_floating_point() then
        local drawn = torch.randn(tensor.shape, {dtype = "float64"})
        if tensor.ndim < 2 then
          tensor:copy_(drawn:abs() * 0.1 + 1)
        else
          tensor:copy_(drawn / math.sqrt(tensor:numel() / tensor:size(0)))
        end
      end
    end
  end)
end

local function weights_of(y)
  local values = torch.arange(y:numel()):double():mul(7):fmod(17)
  return values:sub(8):div(16):reshape(y.shape)
end

local function expect(what, got, expected)
  local gap = (got - expected):abs():max():item() / (1 + expected:abs():max():item())
  lu.assertTrue(gap <= 1e-7, ("%s is off by %g"):format(what, gap))
end

TestNetworks = {}

function TestNetworks:test_are_pythons()
  for _, case in ipairs(support.fixture("nn_networks")) do
    local network = networks[case.name]():double():eval()
    local count = 0
    for _ in pairs(network:state_dict()) do count = count + 1 end
    lu.assertEquals(count, #case.keys, case.name)
    draw(network, case.keys)
    local x = torch.randn(case.shape, {dtype = "float64"}):requires_grad_()
    local y = network(x)
    y:mul(weights_of(y)):sum():backward()
    expect(case.name .. ", y", y:detach():reshape(-1)[{{0, 60}}], case.y)
    expect(case.name .. ", x.grad", x.grad:reshape(-1)[{{0, 40}}], case.x_grad)
    for name, parameter in network:named_parameters() do
      local norm = parameter.grad:norm():item()
      lu.assertTrue(math.abs(norm - case.norms[name]) <= 1e-7 * (1 + norm), case.name .. name)
    end
  end
end

support.run()
