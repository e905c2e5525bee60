-- The speed of the main jobs on the device that hfc-host uses. Prints one JSON object {name, value}
-- per line. Compare with gpu_peer.py and mask_peer.py:
--   hfc-host --device cuda bench/gpu_bench.lua
-- Each value is the best of three repeats after a warm-up, in images a second. The values for masks
-- are in Adam steps a second, counted separately for each image.
local timing = dofile(arg[0]:gsub("[^/]*$", "") .. "timing.lua")
local device = hfc.device()

-- item() waits until the device has finished the work.
local function rate(name, count, work)
  local function all() work():sum():item() end
  all()
  timing.say(name, count / timing.best(3, all))
end

local function network(name, batch_norm)
  return hfc.model(name, {seed = 1, batch_norm = batch_norm}):to(device)
end

for _, size in ipairs {100, 1000} do
  local x, y = torch.rand(size, 3, 32, 32):to(device), torch.randint(0, 10, {size}):to(device)
  local model = network "preact_resnet32"
  local adam = torch.optim.Adam(model:parameters(), {lr = 1e-4})
  local steps = 20
  rate("training step, batch " .. size, steps * size, function()
    local loss
    for _ = 1, steps do
      loss = torch.cross_entropy_loss(model(x), y)
      adam:zero_grad()
      loss:backward()
      adam:step()
    end
    return loss:detach()
  end)
  rate("forward, batch " .. size, steps * size, function()
    return torch.no_grad(function()
      local logits
      for _ = 1, steps do logits = model(x) end
      return logits
    end)
  end)
  rate("PGD-10, batch " .. size, size, function()
    return hfc.attack.pgd {epsilon = 8 / 255, steps = 10}(model, x, y)
  end)
end

local images = torch.rand(5000, 3, 32, 32):to(device)
rate("split, 4 radii, 32 px", #images, function()
  local low, high = hfc.frequency.split(images, {radius = {4, 8, 12, 16}})
  return low[4][0] + high[4][0]
end)

for _, count in ipairs {100, 1000} do
  for _, bfloat16 in ipairs {false, true} do
    local x, y, steps = torch.rand(count, 3, 32, 32), torch.randint(0, 10, {count}), 50
    local model = network("preact_resnet20", true)
    rate(("masks of %d images together%s"):format(count, bfloat16 and ", bfloat16" or ""),
      steps * count,
      function()
        return (hfc.mask.learn(model, x, {
          per = "image", labels = y, steps = steps, patience = steps + 1, batch_size = count,
          bfloat16 = bfloat16,
        }))
      end)
  end
end

local model, x, y, reach = network "preact_resnet32", torch.rand(1000, 3, 32, 32):to(device),
  torch.randint(0, 10, {1000}), 3
-- One pass covers a frequency and its negative.
rate("heat map", #x * ((2 * reach + 1) ^ 2 + 1) / 2, function()
  local options = {labels = y, reach = reach, batch_size = 1000}
  return hfc.sensitivity.heat_map(model, x, options):nan_to_num(0)
end)
