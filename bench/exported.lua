-- The hfc-host side of compare_exported.py: a .pt2 file's logits and input gradients, and their
-- speed.
--   hfc-host bench/exported.lua --net NET.pt2 --reference REFERENCE.safetensors --threads 1
local opt = hfc.options {
  net = {"", "file written by torch.export"},
  reference = {"", "file with images, weights of the logits, and Python's results in float64"},
  seconds = {5, "seconds for which each measurement is repeated"},
}
local timing = dofile(hfc.script_folder() .. "timing.lua")
local model = hfc.model(opt.net):eval()
local reference = torch.load(opt.reference)
local images, weights = reference.images, reference.weights

local function forward()
  return torch.no_grad(function() return model(images) end)
end

local function gradient()
  local x = images:clone():requires_grad_(true)
  local loss = (model(x) * weights):sum()
  return (torch.autograd.grad(loss, {x}))
end

local function difference(mine, name)
  local exact = reference[name]:double()
  assert(mine:numel() == exact:numel(), name)
  return ((mine:double() - exact):abs():max() / exact:abs():max()):item()
end

local function rate(work)
  work()
  local count, began = 0, timing.now()
  repeat
    work()
    count = count + 1
  until timing.now() - began > opt.seconds
  return count * images.shape[1] / (timing.now() - began)
end

local rates = {rate(forward), rate(gradient)}
local single = {difference(forward(), "logits"), difference(gradient(), "gradient")}
model:to "float64"
images, weights = images:double(), weights:double()
print(('{"rates": [%.4g, %.4g], "float32": [%.2g, %.2g], "float64": [%.2g, %.2g]}'):format(
  rates[1], rates[2], single[1], single[2], difference(forward(), "logits"),
  difference(gradient(), "gradient")))
