-- Arrays that are nearly images [N, C, H, W] are refused with the line that makes such of them.
local lu = require "luaunit"
local support = require "support"

TestImages = {}

local bytes_last = torch.zeros(2, 32, 32, 3, {dtype = "uint8"})
local bytes_first = torch.zeros(2, 3, 32, 32, {dtype = "uint8"})
local last = torch.zeros(2, 32, 32, 3)
local labels = torch.zeros(2, {dtype = "int64"})

-- Each with the text that must stand in the error.
local arrays = {
  {bytes_last, "write x:permute(0, 3, 1, 2):float() / 255"},
  {bytes_first, "write x:float() / 255"},
  {last, "write x:permute(0, 3, 1, 2)"},
}

local function each_refused(call, which)
  for i, case in ipairs(arrays) do
    if not which or which[i] then lu.assertErrorMsgContains(case[2], call, case[1]) end
  end
end

function TestImages:test_networks()
  for _, name in ipairs {"lenet", "resnet18", "preact_resnet8", "vgg11"} do
    local net = hfc.model(name):eval()
    each_refused(function(x) return net(x) end)
    each_refused(function(x) return hfc.predict(net, x) end)
    lu.assertErrorMsgContains("expects images of dtype float32, got float64 [1, 3, 32, 32]; \z
      write x:float()", net, torch.zeros(1, 3, 32, 32):double())
    lu.assertErrorMsgContains("create it with channels = 2", net, torch.zeros(1, 2, 32, 32))
    lu.assertErrorMsgContains("write x:unsqueeze(0)", net, torch.zeros(3, 32, 32))
    lu.assertErrorMsgContains("write x:permute(2, 0, 1):unsqueeze(0)", net, torch.zeros(32, 32, 3))
  end
end

function TestImages:test_attacks_and_masks()
  local net = hfc.model("lenet")
  each_refused(function(x) return hfc.attack.fgsm({epsilon = .1})(net, x, labels) end)
  each_refused(function(x)
    return hfc.sensitivity.heat_map(net, x, {epsilon = .1, labels = labels})
  end)
  each_refused(function(x) return hfc.augment(x, {flip = true}) end, {true, true})
end

function TestImages:test_frequencies()
  each_refused(function(x) return hfc.frequency.low_pass(x, 4) end)
  each_refused(function(x) return hfc.frequency.split(x, {radius = 4}) end)
  each_refused(function(x) return hfc.decompose.svd(x, {rank = 2}) end)
  -- Kernels and planes of width 3 are no images.
  hfc.frequency.low_pass(torch.zeros(16, 16, 3, 3), 1)
  hfc.frequency.low_pass(torch.zeros(2, 3, 32, 3), 1)
end

support.run()
