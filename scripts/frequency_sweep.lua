-- Accuracy against the radius of a low- and a high-pass, on a dense grid, and the power of the
-- images there.
--
--   hfc-host scripts/frequency_sweep.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/frequency_sweep.lua --preset paper --device cuda
--       CIFAR-10
--   hfc-host scripts/frequency_sweep.lua --model runs/NAME --networks natural,adversarial
--       with networks of an earlier run
--
-- Expect: most of the power lies below r = 4; the low-pass curve rises to the clean accuracy with
-- the radius, the high-pass curve falls to chance. In the embedded data r <= 4 alone carries the
-- label: the low-pass curve is at the top from r = 4 on, the high-pass curve at chance (.2) from
-- there.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  image_size = {128, "of a folder's images"},
  model      = {"preact_resnet8",
                "network to train (help(hfc.model)), or the run directory of trained ones"},
  networks   = {{"natural"},
                "names of trained ones in the run directory; without --model: natural"},
  images     = {100, "test images, 0: all"},
  step       = {1, "of the radius, in frequency bins"},
  keep_mean  = {false, "give a high-passed image its mean back, \z
                lest it be darker than any the network knows"},
  epochs     = 6,
  batch_size = 20,
  lr         = {3e-3, "of Adam"},
  seed       = 0,
  presets = {
    paper = {
      dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
      images = 0, step = .5,
    },
  },
}
local data = hfc.data(opt.dataset, {
  seed = opt.seed, train = 300, test = 100, classes = 5,
  low = .25, high = 0, noise = .2, image_size = opt.image_size,
})
local test = opt.images > 0 and opt.images < #data.test
  and data.test:subset(opt.images, {seed = opt.seed}) or data.test
assert(opt.step > 0, "option --step: expected a number above 0, got " .. opt.step)
for _, name in ipairs(opt.networks) do
  assert(hfc.saved_model(opt.model, name) or name == "natural",
         "option --networks: '" .. name .. "' needs --model DIR that holds it")
end
local run = hfc.run("frequency_sweep", opt)
local spectrum = hfc.mask.power_spectrum(test):mean(0)
local h, w = spectrum.shape[1], spectrum.shape[2]

for _, name in ipairs(opt.networks) do
  local model = hfc.saved_model(opt.model, name)
  if not model then
    model = hfc.model(opt.model, {
      classes = data.classes, channels = data.channels, batch_norm = true, seed = opt.seed,
    })
    hfc.train(model, data.train, {
      epochs = opt.epochs, batch_size = opt.batch_size,
      optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
      probes = {test = test}, log = run:series("training, " .. name),
    })
    run:save(model, name)
  end
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
      ["low-pass"] = accuracy["low-pass"], ["high-pass"] = accuracy["high-pass"],
      ["power within"] = ((spectrum * low):sum() / spectrum:sum()):item(),
    }, {"network", "radius", "low-pass", "high-pass"})
  end
end
run:plot("sweep", {x = "radius", y = "accuracy", panels = opt.networks})

local power, centres = hfc.mask.radial(spectrum, {
  bands = math.floor(h / 2), measure = "mean", radius = h / 2,
})
for b = 0, #power - 1 do
  run:log {
    series = data.test:name(), radius = centres[b]:item(),
    ["log10 of power"] = power[b]:log10():item(),
  }
end
run:plot("power", {x = "radius", y = "log10 of power", panels = {data.test:name()}})
print("results in " .. run:directory())
