-- Small runs one after the other in one process: its memory and its open files must stay where
-- they are.
local opt = hfc.options {
  seconds = {3600, "how long; the first fifth is left out of account"},
  growth = {16, "MB that the memory may have grown by in the end"},
}

local stat = assert(io.open "/proc/self/stat")
local pid = stat:read "*n"
stat:close()

local function resident_megabytes()
  local file = assert(io.open "/proc/self/status")
  local kilobytes = file:read("*a"):match "VmRSS:%s+(%d+)"
  file:close()
  return tonumber(kilobytes) / 1024
end

local function open_files()
  local listing = io.popen("ls /proc/" .. pid .. "/fd | wc -l")
  local count = tonumber(listing:read "*a")
  listing:close()
  return count
end

-- What an experiment does: data, a network, training with checkpoints, an attack, tensors in
-- files, tables and figures.
local function small_run(number)
  local data = hfc.data("synthetic", {train = 32, test = 16, seed = number})
  local run = hfc.run "soak"
  local model = hfc.model("preact_resnet8", {seed = number})
  hfc.train(model, data.train, {
    epochs = 2, batch_size = 16, quiet = true, checkpoint_seconds = 0,
    probes = {test = data.test, low = data.test:low_pass(4)}, log = run:series "a",
  })
  local x = torch.rand(4, 3, 32, 32, {requires_grad = true})
  model(x):sum():backward()
  run:row("sums", {number = number, sum = x.grad:sum():item()})
  run:save(model)
  hfc.saved_model(run:directory())
  torch.save({x = x}, run:directory() .. "/x.safetensors")
  torch.load(run:directory() .. "/x.safetensors")
  pcall(torch.load, run:directory() .. "/config.json")
  pcall(error, {})
  if number % 10 == 1 then run:plot "figure" end
  os.execute(("rm -r '%s'"):format(run:directory()))
end

local begun, number, low, files, last = os.time(), 0, nil, nil, nil
while os.time() - begun < opt.seconds do
  number = number + 1
  small_run(number)
  collectgarbage()
  collectgarbage()
  last = resident_megabytes()
  if os.time() - begun >= opt.seconds / 5 then
    low = low or last
    files = files or open_files()
  end
  if number % 100 == 1 then
    print(("%5d runs, %4d s: %.1f MB, %d open files"):format(
      number, os.time() - begun, last, open_files()))
  end
end
local count = open_files()
print(("%d runs in %d s: %.1f MB after the first fifth, %.1f MB in the end; \z
  %d and %d open files"):format(number, os.time() - begun, low, last, files, count))
assert(number >= 3, "too few runs for a verdict")
assert(count <= files + 2, "files stay open")  -- the last run may not be collected yet
assert(last <= low + opt.growth, "memory grows")
