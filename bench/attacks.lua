-- The hfc-host side of compare_attacks.py.
--   hfc-host bench/attacks.lua --model resnet20-12fca82f.th --data DIR --images 200 --threads 2
local opt = hfc.options {
  model = {"", "weights file of the public ResNet-20"},
  images = {200, "number of test images"},
}
local timing = dofile(hfc.script_folder() .. "timing.lua")
local model = hfc.saved_model(opt.model):eval()
local images, labels = hfc.data("cifar10").test:batch(0, opt.images)
local attacks = {
  hfc.attack.apgd {epsilon = 8 / 255, steps = 100},
  hfc.attack.square {epsilon = 8 / 255, queries = 5000},
  hfc.attack.square {epsilon = 1 / 255, queries = 200},
}

local function right(x)
  return torch.no_grad(function() return model(x):argmax(1):eq(labels):sum():item() end)
end

right(images)
local found = {}
for i, attack in ipairs(attacks) do
  local began = timing.now()
  local adversarial = attack(model, images, labels)
  local seconds = timing.now() - began
  found[i] = ("[%.6g, %d]"):format(opt.images / seconds, right(adversarial))
end
print("[" .. table.concat(found, ", ") .. "]")
