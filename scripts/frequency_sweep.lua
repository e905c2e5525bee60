-- Accuracy by the radius of a low-pass and a high-pass filter, and the power of the images there.
--   hfc-host scripts/frequency_sweep.lua                  built-in data: half a minute on two cores
--   hfc-host scripts/frequency_sweep.lua --preset paper --device cuda    CIFAR-10
--   hfc-host scripts/frequency_sweep.lua --model runs/NAME --networks natural,adversarial
--       networks from an earlier run
--
-- Expect: most of the power is below r = 4. As the radius grows, the low-pass curve rises to the
-- clean accuracy, and the high-pass curve falls to chance. In the built-in data, only r <= 4
-- carries the label: from r = 4 on, the low-pass curve is at its maximum and the high-pass curve
-- at chance (.2).
local opt = hfc.options(hfc.common {
  networks   = {{"natural"},
                "networks in the run directory; without --model, only natural"},
  images     = {100, "test images; 0 means all", least = 0},
  step       = {1, "step of the radius, in frequency bins", above = 0},
  keep_mean  = {false, "add the mean to high-passed images, \z
                so that they are not darker than the training images"},
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
local test = data.test
local run = hfc.run("frequency_sweep", opt)
local spectrum = hfc.spectrum.power(test):mean(0)
local h, w = spectrum.shape[1], spectrum.shape[2]

for name, model in hfc.networks(opt, data, run, {natural = {batch_norm = true}}) do
  for radius = 0, math.sqrt(h * h + w * w) / 2, opt.step do
    local low = hfc.frequency.mask(h, w, radius)
    local high = 1 - low
    if opt.keep_mean then high[{0, 0}] = 1 end
    local accuracy = {
      ["low-pass"] = hfc.mask.accuracy(model, test, low),
      ["high-pass"] = hfc.mask.accuracy(model, test, high),
    }
    run:log {series = name, radius = radius, accuracy = accuracy}
    run:row("sweep", {
      network = name, radius = radius,
      ["power within"] = hfc.frequency.within(spectrum, radius),
    }, {"network", "radius", "low-pass", "high-pass"}, accuracy)
  end
end
run:plot("sweep", {x = "radius", y = "accuracy", panels = opt.networks})

local power, centres = hfc.spectrum.radial(spectrum, {
  bands = math.floor(h / 2), measure = "mean", radius = h / 2,
})
run:curve("power", power:log10(), {x = centres, x_name = "radius", series = test:name()})
run:plot("power", {curves = {"power"}, x = "radius", y = "log10 of power"})
