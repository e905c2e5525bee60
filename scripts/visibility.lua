-- How visible the high-frequency part of an image is, by radius: its size in grey levels, and the
-- similarity of x and x_l.
--   hfc-host scripts/visibility.lua                       built-in data: ten seconds on two cores
--   hfc-host scripts/visibility.lua --preset paper        CIFAR-10, all test images
--
-- In the paper, x_h is the part that humans do not see. Expect: as the radius grows, the size of
-- x_h falls and the similarity (SSIM) of x and x_l rises towards 1. On CIFAR-10, the mean size of
-- x_h is 18 of 255 grey levels at r = 4 and more than 5 at r = 12. A change of 8/255, the usual
-- bound of attacks, is 8 grey levels. The intervals are Student's t intervals over the images.
local opt = hfc.options {
  dataset = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR | tar:FILE"},
  image_size = {128, "size of the images in a directory, in pixels", least = 1},
  radii   = {{4, 8, 12, 16}, "radii of the split, in frequency bins", least = 0},
  images  = {100, "number of test images, starting with the first; 0 means all", least = 0},
  seed    = {0, "seeds the built-in data", least = 0},
  presets = {paper = {dataset = "cifar10", images = 0}},
}
local data = hfc.data(opt, {test = 100})
local test = hfc.first_images(data.test, opt.images)
local run = hfc.run("visibility", opt)
local names = {"mean size in grey levels", "largest size", "pixels above 8 grey levels",
  "SSIM of x and x_l"}
for _, radius in ipairs(opt.radii) do
  local values = {{}, {}, {}, {}}
  for x in test:batches {size = 500} do
    local low, high = hfc.frequency.split(x, {radius = radius})
    local levels = high:abs():flatten(1) * 255
    table.insert(values[1], levels:mean(1))
    table.insert(values[2], levels:amax(1))
    table.insert(values[3], levels:gt(8):double():mean(1))
    table.insert(values[4], hfc.ssim(x, low))
  end
  for i, name in ipairs(names) do
    run:row("visibility", {radius = radius, measure = name},
            {"radius", "measure", "mean", "low", "high", "n"},
            hfc.stats.interval(torch.cat(values[i])))
  end
end
