-- Fourier heat maps (Yin et al. 2019): the error of a network under noise of each frequency, by its
-- training; and the dominant frequencies of each class (Wang et al. 2023), which it needs most.
--   hfc-host scripts/fourier_heatmap.lua                  built-in data: a minute on two cores
--   hfc-host scripts/fourier_heatmap.lua --preset paper --device cuda    CIFAR-10, 1000 images
--   hfc-host scripts/fourier_heatmap.lua --model runs/NAME    networks from fourier_masks
--
-- Expect: noise fools natural networks except at the lowest frequencies, and adversarially trained
-- ones only at low frequencies. In the built-in data, only r <= 4 carries the label: noise there
-- fools both networks, noise beyond fools neither, and the dominant frequencies are there, too.
-- They are chosen on training images; "top": accuracy on test images that keep only these.
local opt = hfc.options(hfc.common {
  networks = {{"natural", "adversarial"}, "networks: natural, adversarial"},
  budget = {{epsilon = 8 / 255, steps = 5, relative_alpha = 1 / 8}, "PGD of adversarial training"},
  epsilon = {4, "L2 norm of the noise in each channel"},
  reach = {10, "largest frequency in each direction, up to half the size", least = 1},
  images = {100, "test images, and training images for the dominant frequencies"},
  shares = {{.02, .05, .1, .3}, "fractions of dominant frequencies to keep"},
  epochs = 6, batch_size = 20,
  presets = {paper = {
    dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
    budget = {epsilon = 8 / 255, steps = 10}, images = 1000, reach = 16,
  }},
})
local data = hfc.data(opt, {
  train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2, test_images = opt.images,
})
local test, few, side = data.test, math.min(opt.images, #data.train), 2 * opt.reach + 1
local some = data.train:subset(few, {seed = opt.seed})
local run, sensitivity = hfc.run("fourier_heatmap", opt), hfc.sensitivity
-- The frequencies within reach, zero in the middle, as a picture.
local function centre(map)
  local rolled = map:roll({opt.reach, opt.reach}, {-2, -1}):nan_to_num(0):float()
  return rolled:slice(-2, 0, side):slice(-1, 0, side):unsqueeze(1)
end
local pictures, recipes = {}, {
  natural = {batch_norm = true},
  adversarial = {batch_norm = true, adversarial = hfc.attack.pgd(opt.budget)},
}
for name, model in hfc.networks(opt, data, run, recipes) do
  local heat = sensitivity.heat_map(model, test,
                                    {epsilon = opt.epsilon, reach = opt.reach, seed = opt.seed})
  local errors, centres = hfc.spectrum.radial(
    heat:nan_to_num(0), {bands = opt.reach, measure = "mean", radius = opt.reach})
  run:curve("error", errors, {x = centres, x_name = "frequency", series = name})
  table.insert(pictures, centre(heat:unsqueeze(0)))
  local dominant = sensitivity.dominant(model, some, {reach = opt.reach})
  local columns = {"network", "clean", "dominant in r <= 4"}
  local row = {network = name, clean = hfc.accuracy(model, test)}
  row["dominant in r <= 4"] = hfc.frequency.within(dominant:nan_to_num(0):clamp_min(0), 4)
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
