-- Fourier heat maps (Yin et al. 2019): the error of a network under noise of each frequency, by the
-- way it was trained; and each class's dominant frequencies (Wang et al. 2023), those whose loss
-- would hurt the class most.
--
--   hfc-host scripts/fourier_heatmap.lua
--       embedded data: a minute on two cores
--   hfc-host scripts/fourier_heatmap.lua --preset paper --device cuda
--       CIFAR-10, all frequencies, 1000 images
--   hfc-host scripts/fourier_heatmap.lua --model runs/NAME
--       with the networks of fourier_masks
--
-- Expect: natural networks err under noise of all but the lowest frequencies; adversarially trained
-- ones shrug off high frequencies and err under low ones. In the embedded data the label stands in
-- r <= 4 alone: noise of these fools both, of higher ones neither, and each class's dominant
-- frequencies lie there. These are chosen on training images; columns "top": test images each seen
-- through those of its own class.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  image_size = {128, "of a folder's images"},
  model      = {"preact_resnet8",
                "networks to train (help(hfc.model)), or the run directory of trained ones"},
  networks   = {{"natural", "adversarial"}, "natural, adversarial"},
  budget     = {{epsilon = 8 / 255, steps = 5}, "of the adversarial training, PGD in L-infinity"},
  epsilon    = {4, "L2 norm of the noise in each channel"},
  reach      = {10, "largest frequency in each direction, 1 to half the size"},
  images     = {100, "test images, and as many training images for the dominant frequencies"},
  shares     = {{.02, .05, .1, .3}, "of all frequencies: a class seen through its dominant ones"},
  epochs = 6, batch_size = 20, lr = 3e-3, seed = 0,
  presets = {paper = {
    dataset = "cifar10", model = "resnet18", epochs = 100, batch_size = 128, lr = 1e-3,
    budget = {epsilon = 8 / 255, steps = 10}, images = 1000, reach = 16,
  }},
}
local data = hfc.data(opt.dataset, {
  seed = opt.seed, train = 300, test = 100, classes = 5,
  low = .25, high = 0, noise = .2, image_size = opt.image_size,
})
local function some(set) return set:subset(math.min(opt.images, #set), {seed = opt.seed}) end
local train, test = some(data.train), some(data.test)
local height, width, side = test:batch(0, 1).shape[3], test:batch(0, 1).shape[4], 2 * opt.reach + 1
local pgd = hfc.attack.pgd {
  epsilon = opt.budget.epsilon, steps = opt.budget.steps, relative_alpha = 1 / 8,
}
assert(opt.reach >= 1 and 2 * opt.reach <= math.min(height, width),
       "option --reach: expected 1 to half the images' size, got " .. opt.reach)
local pictures, known = {{}}, {natural = true, adversarial = true}
for _, name in ipairs(opt.networks) do
  assert(hfc.saved_model(opt.model, name) or known[name],
         "option --networks: there is no " .. name)
end
local run, mask = hfc.run("fourier_heatmap", opt), hfc.mask
-- The frequencies within reach, zero in the middle, as a picture.
local function centre(map)
  return map:roll({opt.reach, opt.reach}, {-2, -1})[
    {{}, {0, math.min(height, side)}, {0, math.min(width, side)}}
  ]:unsqueeze(1):nan_to_num(0):float()
end
for i, name in ipairs(opt.networks) do
  local model = hfc.saved_model(opt.model, name)
  if not model then
    model = hfc.model(opt.model, {
      classes = data.classes, channels = data.channels, batch_norm = true, seed = opt.seed,
    })
    hfc.train(model, data.train, {
      epochs = opt.epochs, batch_size = opt.batch_size,
      optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
      adversarial = name == "adversarial" and pgd or nil,
      probes = {test = test}, log = run:series("training, " .. name),
    })
    run:save(model, name)
  end
  local heat = mask.heat_map(model, test,
                             {epsilon = opt.epsilon, reach = opt.reach, seed = opt.seed})
  local errors, centres = mask.radial(heat:nan_to_num(0),
                                      {bands = opt.reach, measure = "mean", radius = opt.reach})
  for b = 0, #errors - 1 do
    run:log {series = name, frequency = centres[b]:item(), error = errors[b]:item()}
  end
  pictures[1][i] = centre(heat:unsqueeze(0))
  local dominant = mask.dominant(model, train, {reach = opt.reach})
  local weight, columns =
    dominant:nan_to_num(0):clamp_min(0), {"network", "clean", "dominant in r <= 4"}
  local row = {
    network = name, clean = hfc.accuracy(model, test),
    [columns[3] ] = ((weight * hfc.frequency.mask(height, width, 4)):sum() / weight:sum()):item(),
  }
  for _, share in ipairs(opt.shares) do
    columns[#columns + 1] = "top " .. share
    row[columns[#columns]] = mask.accuracy(
      model, test, mask.largest(dominant, share):index_select(0, test:labels()):unsqueeze(1))
  end
  run:row("dominant", row, columns)
  run:image("dominant " .. name, centre(dominant),
            {columns = data.classes, captions = data.class_names, range = "each"})
end
run:plot("error", {x = "frequency", y = "error", panels = opt.networks})
run:image("heatmap", pictures, {captions = opt.networks, title = "error, 0 (black) to 1"})
print("results in " .. run:directory())
