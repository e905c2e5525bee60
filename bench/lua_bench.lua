-- The cost of Lua itself. Prints one JSON object {name, value} per line:
--   a + b                 nanoseconds for two tensors of four floats; compare with `peer.py opcall`
--   lua loop overhead     the rate of hfc.train divided by the rate of the same training run in a
--                         loop written in Lua
--   ffi loop              floats a second in a Lua loop over x:data(); compare with the same loop
--                         in C++ (float_loop_bench)
local timing = dofile(arg[0]:gsub("[^/]*$", "") .. "timing.lua")
local best, say = timing.best, timing.say

local function add(count)
  local a, b = torch.ones(4), torch.ones(4)
  return function()
    local c
    for _ = 1, count do c = a + b end
    return c
  end
end
say("a + b", best(5, add(100000)) / 100000 * 1e9)

local function training_overhead()
  local images = 600
  local data = hfc.data("synthetic", {train = images, test = 10})
  local model = hfc.model("preact_resnet32", {seed = 1})
  local adam = torch.optim.Adam(model:parameters(), {lr = 1e-4})
  local function in_lua()
    model:train()
    for x, y in data.train:batches {size = 100, shuffle = true} do
      adam:zero_grad()
      torch.cross_entropy_loss(model(x), y):backward()
      adam:step()
    end
  end
  local function in_core()
    hfc.train(model, data.train, {epochs = 1, batch_size = 100, quiet = true})
  end
  in_core()
  -- The two sides alternate, so that they run under the same conditions. Returns the median ratio.
  local ratios = {}
  for turn = 1, 9 do ratios[turn] = best(1, in_lua) / best(1, in_core) end
  table.sort(ratios)
  return ratios[5]
end
say("lua loop overhead", training_overhead())

local function sum(p, count)
  local total = 0
  for i = 0, count - 1 do total = total + p[i] * 0.5 end
  return total
end
local x = torch.rand(1000000)
local p, count = x:data()
sum(p, count)
say("ffi loop", count / best(20, function() return sum(p, count) end))
