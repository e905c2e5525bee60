-- Fourier masks of single images (Karantzas et al. 2022): the frequencies a prediction needs.
--   hfc-host scripts/image_masks.lua                      built-in data: half a minute on two cores
--   hfc-host scripts/image_masks.lua --model DIR/natural.safetensors    from fourier_masks
--   hfc-host scripts/image_masks.lua --preset paper --dataset folder:DIR --device cuda
-- A mask is learned for each test image x and its prediction f(x). Expect: f(M x) = f(x) for nearly
-- all images, and for more of them than with random masks of equal L1 norm. If the network predicts
-- the class of an empty image, the mask shrinks to nothing. In the paper (VGG; ResNet): M(x) 1; 1,
-- complement of the support (M = 0) .555; .583, attacked .000; .000, M(attacked) .587; .743, probe
-- .822; .784, scrambled .206; .156, all on images that the attack flips (--flipped true).
local opt = hfc.options(hfc.karantzas_common {
  images = {100, "number of test images; half of their masks train the linear probe", least = 2},
  flipped = {false, "use only those images whose prediction the attack changes"},
  steps = {200, "Adam steps for each mask", least = 1},
  together = {100, "images whose masks are learned in one batch; use 1000 on a GPU", least = 1},
  epochs = 6, batch_size = 20, mask_lr = .03, lambda = .07, per_channel = false,
  loss = {"invariance", "loss of a mask", choices = {"invariance", "cross_entropy"}},
  bfloat16 = {false, "run the network in bfloat16"},
  attack = {{epsilon = 8 / 255, steps = 10, relative_alpha = 1 / 8}, "PGD in L-infinity"},
  patience = {7, "finish a mask after this many steps without a change", least = 1},
  presets = {paper = hfc.karantzas2022 {
    images = 2000, flipped = true, together = 1000, steps = 20000, mask_lr = .008, patience = 300,
    attack = {epsilon = .06, steps = 10},
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2})
data = hfc.standardised(data, opt.pixels)
local run, mask = hfc.run("image_masks", opt), hfc.mask
local model = hfc.network(opt, data, run, hfc.karantzas_recipe(opt, data))
local test = hfc.first_images(data.test, opt.images)
local pgd = hfc.attack.pgd(hfc.merge(opt.attack, {range = data.range}))
local x, class = test:batch(0, #test), hfc.predict(model, test)
local attacked = pgd(model, x, class)
if opt.flipped then
  local kept = hfc.predict(model, attacked):ne(class)
  x, class, attacked = x[kept], class[kept], attacked[kept]
end
local masks, report = mask.learn(model, x, {
  per = "image", labels = class, steps = opt.steps, batch_size = opt.together, lr = opt.mask_lr,
  lambda = opt.lambda, loss = opt.loss, per_channel = opt.per_channel, bfloat16 = opt.bfloat16,
  patience = opt.patience, log = run:series("masks"),
})
local scores = mask.scores(model, x, masks, {labels = class})
scores.steps = report.steps:double():mean()
run:row("masks", {images = #x}, {"images", "steps", "l1", "weight in r <= 4"}, scores)
for _, row in ipairs(mask.controls(model, x, masks, {labels = class, attacked = attacked})) do
  run:row("agreement", row, {"images", "mean", "low", "high", "n"})
end

local half, row = math.floor(#x / 2), {}
for name, scrambled in pairs {probe = false, scrambled = true} do
  row[name .. " train"], row[name .. " test"] = hfc.sensitivity.linear_probe(
    masks[{{0, half}}], class[{{0, half}}], masks[{{half, #x}}], class[{{half, #x}}],
    {scrambled = scrambled, seed = opt.seed})
end
run:row("probe", row, {"probe train", "probe test", "scrambled train", "scrambled test"})

local black, white = unpack(data.range)
local pictures, headings = mask.gallery((x - black) / (white - black),
                                        (attacked - black) / (white - black), masks)
run:image("image_masks", pictures, {headings = headings})
