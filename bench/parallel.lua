-- Run by bench/parallel_pairs.py and bench/busy_rounds.py: trains a network in all processes that
-- the launcher started. Prints the images per second of the last epoch, and the times measured by
-- the reducer.
--   hfc-host bench/parallel.lua [IMAGES [EPOCHS [NETWORK [BATCH]]]]
local images, epochs = tonumber(arg[1] or 1000), tonumber(arg[2] or 2)
local data = hfc.data("synthetic", {train = images, test = 10})
local model = hfc.model(arg[3] or "preact_resnet32", {batch_norm = true})
local history = hfc.train(model, data.train, {
  epochs = epochs, batch_size = tonumber(arg[4] or 100), quiet = true})
local last = history[#history]
local times = last.milliseconds or {}
print(("%.2f %.1f %.1f %.1f"):format(last.images_per_second, times.backward or 0,
  times.communication or 0, times.overlap or 0))
