-- Figures 7 and 14 of Wang et al., CVPR 2020: kernels of the first convolution after natural and
-- adversarial training, with and without smoothing.
--   hfc-host scripts/kernels.lua                          built-in data: a minute on two cores
--   hfc-host scripts/kernels.lua --preset paper --device cuda    CIFAR-10 as in the paper
--   hfc-host scripts/kernels.lua --model runs/NAME    networks from smoothing_defence
--
-- Expect: after adversarial training, as after smoothing, neighbouring weights differ less (lower
-- roughness), and the kernels pass less of the highest frequencies.
local opt = hfc.options(hfc.common {
  rho        = {{0, 1}, "strengths of the smoothing; 0 means none", least = 0},
  by_channel = {false, "draw all kernels in colour, one row per input channel, as the paper does"},
  budget     = {8 / 255, "epsilon of the adversarial training (PGD)"},
  steps      = {4, "PGD steps in training, each of size epsilon / steps", least = 1},
  epochs     = {{natural = 12, adversarial = 18}, "passes over the training set", least = 1},
  augment      = {{pad = 0, flip = false}, "augmentation in adversarial training (authors' code)"},
  presets = {paper = hfc.wang2020 {
    by_channel = true, steps = 10, epochs = {natural = 100, adversarial = 100},
  }, code = hfc.wang2020_code {
    by_channel = true, steps = 10, budget = .03, augment = {pad = 2, flip = true},
    epochs = {natural = 100, adversarial = 100},
  }, imagenet_nine = hfc.imagenet_nine {
    by_channel = true, steps = 10, epochs = {natural = 50, adversarial = 50},
  }},
})
local data = hfc.data(opt, {train = 300, low = .5, high = .2})
local run = hfc.run("kernels", opt)
local pgd = hfc.attack.pgd {
  epsilon = opt.budget, steps = opt.steps, relative_alpha = 1 / opt.steps, random_start = false,
}
local recipes = {natural = {}, adversarial = {adversarial = pgd, augment = opt.augment}}
for name, recipe in pairs(recipes) do
  recipe.epochs, recipe.log, recipe.log_kernels = opt.epochs[name], run:series(name), true
end

local rows, headings = {}, {}
for training, model in hfc.networks(opt, data, run, recipes, {"natural", "adversarial"}) do
  for _, rho in ipairs(opt.rho) do
    local kernel = hfc.smooth(model, {rho = rho}):parameters()[1]:detach():cpu()
    local gain = hfc.frequency_response(kernel, 32):square():mean({0, 1})
    local most = kernel:abs():amax():item()
    local pictures = kernel / (2 * most) + .5  -- grey is 0
    for channel = 0, opt.by_channel and kernel.shape[2] - 1 or 0 do
      local which = opt.by_channel and (", channel %d"):format(channel + 1) or ""
      table.insert(headings, ("%s, rho = %g%s"):format(training, rho, which))
      table.insert(rows, opt.by_channel
        and hfc.coloured(kernel:select(1, channel), {range = {-most, most}})
        or pictures[{{0, math.min(16, #kernel)}}])
    end
    run:row("roughness", {
      training = training, rho = rho, roughness = hfc.roughness(kernel):mean():item(),
      ["gain beyond r=12"] =
        (gain * (1 - hfc.frequency.mask(32, 32, 12))):sum():item() / gain:sum():item(),
    }, {"training", "rho"})
  end
end
run:image("figure7", rows, {headings = headings})
