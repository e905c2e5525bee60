-- Accuracy by the radius of a low-pass and a high-pass filter, and the power within that radius.
--   hfc-host scripts/frequency_sweep.lua                  built-in data: half a minute on two cores
--   hfc-host scripts/frequency_sweep.lua --preset paper --device cuda    CIFAR-10
--   hfc-host scripts/frequency_sweep.lua --model runs/NAME --networks natural,adversarial
--       networks from an earlier run
--
-- Expect: most of the power is below r = 4. As the radius grows, the low-pass curve rises to the
-- clean accuracy and the high-pass curve falls to chance. In the built-in data, only r <= 4 carries
-- the label: from r = 4 on, the low-pass curve is at the clean accuracy and the high-pass curve is
-- at chance (.2). For filtered images, compare running statistics with --statistics batch.
local opt = hfc.options(hfc.common {
  networks   = {{"natural"},
                "trained networks in the run directory --model; without --model: natural"},
  images     = {100, "number of test images; 0 means all", least = 0},
  step       = {1, "step of the radius, in frequency bins", above = 0},
  statistics = {{"running"}, "BatchNorm statistics", choices = {"running", "batch", "adapted"}},
  keep_mean  = {false, "restore the mean of high-passed images, which are otherwise dark"},
  epochs     = 6,
  batch_size = 20,
  presets = {paper = {
    dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
    images = 0, step = .5,
  }},
})
local data = hfc.data(opt, {
  train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2, test_images = opt.images,
})
local test, run = data.test, hfc.run("frequency_sweep", opt)
local spectrum = hfc.spectrum.power(test):mean(0)
local h, w = spectrum.shape[1], spectrum.shape[2]
local panels = {}
for name, model in hfc.networks(opt, data, run, {natural = {batch_norm = true}}) do
  for _, statistics in ipairs(opt.statistics) do
    local series = #opt.statistics == 1 and name or name .. ", " .. statistics
    panels[#panels + 1] = series
    for radius = 0, math.sqrt(h * h + w * w) / 2, opt.step do
      local row, accuracy = hfc.filter_row(model, test, radius, {
        statistics = statistics, keep_mean = opt.keep_mean,
      })
      run:log {series = series, radius = radius, accuracy = accuracy}
      run:row("sweep", {
        network = name, statistics = statistics, radius = radius,
        ["power within"] = hfc.frequency.within(spectrum, radius),
      }, {"network", "statistics", "radius", "power within"}, row)
    end
  end
end
run:plot("sweep", {x = "radius", y = "accuracy", panels = panels})

local power, centres = hfc.spectrum.radial(spectrum, {
  bands = math.floor(h / 2), measure = "mean", radius = h / 2,
})
run:curve("power", power:log10(), {x = centres, x_name = "radius", series = test:name()})
run:plot("power", {curves = {"power"}, x = "radius", y = "log10 of power"})
