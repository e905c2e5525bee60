-- Fourier masks of single images (Karantzas et al. 2022): the frequencies that one prediction hangs
-- on.
--
--   hfc-host scripts/image_masks.lua
--       embedded data: half a minute on two cores
--   hfc-host scripts/image_masks.lua --model runs/NAME/natural.safetensors
--       a network of fourier_masks
--   hfc-host scripts/image_masks.lua --preset paper --dataset folder:DIR --device cuda
--
-- A mask is learned for each test image x and its prediction f(x), all of a batch together.
-- Expect: f(M x) = f(x) for nearly all; the complement 1 - M loses many predictions; the masks
-- alone tell the classes apart, with scrambled labels they do not. The paper (VGG; ResNet) has M(x)
-- 1; 1, complement .555; .583, attacked .000; .000, M(attacked) .587; .743, probe .822; .784,
-- scrambled .206; .156.
local opt = hfc.options {
  dataset    = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR"},
  image_size = {128, "of a folder's images"},
  model      = {"preact_resnet8",
                "a network to train (help(hfc.model)), \z
                or a file or run directory with a trained one"},
  images     = {100, "test images, at least 2: half of their masks train the linear probe"},
  steps      = {200, "of Adam, for each mask"},
  together   = {100, "images whose masks are learned in one batch; a GPU likes 1000"},
  mask_lr = .03, lambda = .07,
  loss       = {"invariance", "or cross_entropy"}, per_channel = false,
  bfloat16   = {false, "fit with the network's passes in bfloat16"},
  attack     = {{epsilon = 8 / 255, steps = 10}, "PGD in L-infinity"},
  epochs = 6, batch_size = 20, lr = 3e-3, seed = 0,
  presets = {
    paper = {
      model = "resnet18", images = 1000, together = 1000, steps = 20000, mask_lr = .008,
      epochs = 50, batch_size = 128, lr = 1e-3, attack = {epsilon = 3.5 / 255, steps = 10},
    },
  },
}
local data = hfc.data(opt.dataset, {
  seed = opt.seed, train = 300, test = 100, classes = 5,
  low = .25, high = 0, noise = .2, image_size = opt.image_size,
})
local set = data.test:subset(math.min(opt.images, #data.test), {seed = opt.seed})
assert(#set >= 2, "option --images: expected at least 2, got " .. #set)
local run, mask = hfc.run("image_masks", opt), hfc.mask
local model = hfc.saved_model(opt.model)
if not model then
  model = hfc.model(opt.model, {
    classes = data.classes, channels = data.channels, batch_norm = true, seed = opt.seed,
  })
  hfc.train(model, data.train, {
    epochs = opt.epochs, batch_size = opt.batch_size,
    optimizer = {"adam", lr = opt.lr}, seed = opt.seed,
  })
  run:save(model)
end

local x, class = set:batch(0, #set), hfc.predict(model, set)
local masks, report = mask.learn(model, x, {
  per = "image", labels = class, steps = opt.steps, batch_size = opt.together, lr = opt.mask_lr,
  lambda = opt.lambda, loss = opt.loss, per_channel = opt.per_channel, bfloat16 = opt.bfloat16,
  log = run:series("masks"),
})
local attacked = hfc.attack.pgd {
  epsilon = opt.attack.epsilon, steps = opt.attack.steps, relative_alpha = 1 / 8,
}(model, x, class)
local function agreement(images, through)
  return mask.accuracy(model, images, through, {labels = class})
end
run:row("agreement", {
  ["M(x)"] = agreement(x, masks),
  complement = agreement(x, 1 - masks),
  ["above .5"] = agreement(x, mask.threshold(masks, .5)),
  attacked = agreement(attacked),
  ["M(attacked)"] = agreement(attacked, masks),
  ["mask of another"] = agreement(x, masks:roll(1, 0)),
  ["weight in r <= 4"] =
    (masks * hfc.frequency.mask(x.shape[3], x.shape[4], 4)):sum():item() / masks:sum():item(),
  l1 = report.l1:mean():item(),
  steps = report.steps:double():mean():item(),
}, {"M(x)", "complement", "attacked", "M(attacked)"})

-- A linear classifier of the masks, on half of them; labels are the predictions.
local half = math.floor(#set / 2)
local row = {}
for name, scrambled in pairs {probe = false, scrambled = true} do
  row[name .. " train"], row[name .. " test"] = mask.linear_probe(
    masks[{{0, half}}], class[{{0, half}}], masks[{{half, #set}}], class[{{half, #set}}],
    {scrambled = scrambled, seed = opt.seed})
end
run:row("probe", row, {"probe train", "probe test", "scrambled train", "scrambled test"})

local shown = math.min(8, #set)
local function grey(images) return images[{{0, shown}}]:mean(1, {keepdim = true}) end
local seen = grey(mask.apply(x, masks))
run:image("image_masks", {
  grey(x), torch.fft_fftshift(grey(masks), {-2, -1}),
  seen - seen:mean({1, 2, 3}, {keepdim = true}) + .5,
}, {headings = {"image", "mask", "image seen"}})
print("results in " .. run:directory())
