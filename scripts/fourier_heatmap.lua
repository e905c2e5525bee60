-- Fourier heat maps (Yin et al. 2019): the error under noise at each frequency, with and without
-- adversarial training; and each class's dominant (most needed) frequencies (Wang et al. 2023).
--   hfc-host scripts/fourier_heatmap.lua                  built-in data: a minute on two cores
--   hfc-host scripts/fourier_heatmap.lua --preset paper --device cuda    CIFAR-10, 1000 images
--   hfc-host scripts/fourier_heatmap.lua --model runs/NAME    networks from fourier_masks
--
-- Expect: noise fools natural networks at all but the lowest frequencies, and adversarially trained
-- networks at low ones. In the built-in data, only r <= 4 carries the label: noise there fools both
-- networks, and each class's dominant frequencies are there.
local opt = hfc.options(hfc.common {
  networks = {{"natural", "adversarial"}, "networks: natural, adversarial"}, epochs = 6,
  budget = {{epsilon = 8 / 255, steps = 5, relative_alpha = 1 / 8}, "PGD for adversarial training"},
  epsilon = {4, "L2 norm of the noise in each channel"}, batch_size = 20,
  reach = {10, "largest frequency in each direction, 1 to half the image size", least = 1},
  images = {100, "number of test images, starting with the first; 0 means all", least = 0},
  train_probe = {100, "training images used to find the dominant frequencies", least = 1},
  shares = {{.02, .05, .1, .3}, "fractions of each class's dominant frequencies to keep"},
  presets = {paper = {
    dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
    budget = {epsilon = 8 / 255, steps = 10}, images = 1000, train_probe = 1000, reach = 16,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2})
local test, side = hfc.first_images(data.test, opt.images), 2 * opt.reach + 1
local some = data.train:subset(math.min(opt.train_probe, #data.train), {seed = opt.seed})
local run, sensitivity = hfc.run("fourier_heatmap", opt), hfc.sensitivity
local function centre(map)  -- the frequencies within reach, zero in the middle
  map = map:roll({opt.reach, opt.reach}, {-2, -1}):nan_to_num(0):float()
  return map:slice(-2, 0, side):slice(-1, 0, side):unsqueeze(1)
end
local pictures, recipes = {}, {
  natural = {batch_norm = true},
  adversarial = {batch_norm = true, adversarial = hfc.attack.pgd(opt.budget)},
}
for name, model in hfc.networks(opt, data, run, recipes) do
  local noise = {epsilon = opt.epsilon, reach = opt.reach, seed = opt.seed}
  local heat = sensitivity.heat_map(model, test, noise)
  local errors, centres = hfc.spectrum.radial(
    heat:nan_to_num(0), {bands = opt.reach, measure = "mean", radius = opt.reach})
  run:curve("error", errors, {x = centres, x_name = "frequency", series = name})
  for i = 0, opt.reach - 1 do  -- intervals as for the error at one frequency: upper bounds
    run:row("errors", {network = name, frequency = centres[i]}, {"network", "frequency"},
            hfc.stats.proportion(errors[i]:item(), #test))
  end
  table.insert(pictures, centre(heat:unsqueeze(0)))
  local dominant = sensitivity.dominant(model, some, {reach = opt.reach})
  local positive, columns = dominant:nan_to_num(0):clamp_min(0), {"network", "clean", "clean low"}
  local row = hfc.stats.columns("clean", hfc.stats.proportion(hfc.accuracy(model, test), #test))
  row.network, row["dominant in r <= 4"] = name, hfc.frequency.within(positive, 4)
  for _, share in ipairs(opt.shares) do
    table.insert(columns, "top " .. share)
    local own = hfc.mask.largest(dominant, share):index_select(0, test:labels()):unsqueeze(1)
    row["top " .. share] = hfc.mask.accuracy(model, test, own)
  end
  run:row("dominant", row, columns)
  run:image("dominant " .. name, centre(dominant),
            {columns = data.classes, captions = data.class_names, range = "each"})
end
run:plot("error", {curves = {"error"}, x = "frequency", y = "error"})
run:image("heatmap", {pictures}, {captions = opt.networks, title = "error, 0 (black) to 1"})
