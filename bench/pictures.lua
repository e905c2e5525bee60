-- Measures pictures a second and CPU milliseconds per picture in a loop over random crops:
--   hfc-host bench/pictures.lua --folder DIR --threads 2 --readers 2
-- DIR/train and DIR/val contain a directory for each class. compare_pictures.py compares the
-- results with PyTorch's DataLoader.
local opt = hfc.options {
  folder = {"", "directory that contains train and val"},
  readers = {2, "number of reader threads"},
  seconds = {5, "duration in seconds"},
}

-- Wall-clock seconds, and CPU seconds of all threads of this process.
local function clocks()
  local uptime = assert(io.open "/proc/uptime")
  local now = uptime:read "*n"
  uptime:close()
  return now, os.clock()
end

local train = hfc.data("folder:" .. opt.folder, {stream = true}).train
train = train:transform "imagenet_train"
local began, used, count, epoch
repeat
  epoch = (epoch or 0) + 1
  local loop = train:batches {size = 64, shuffle = true, seed = 1, epoch = epoch, drop_last = true,
    threads = opt.readers}
  for _ in loop do
    -- As in the PyTorch loop, the clock starts after four batches.
    count = (count or -4) + 1
    if count == 0 then began, used = clocks() end
    if count > 0 and clocks() - began > opt.seconds then break end
  end
until count > 0 and clocks() - began > opt.seconds
local now, all = clocks()
print(('{"rate": %.1f, "milliseconds": %.3f}'):format(count * 64 / (now - began),
  (all - used) / (count * 64) * 1e3))
