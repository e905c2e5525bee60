-- Fourier masks of single images (Karantzas et al. 2022): the frequencies of one prediction.
--   hfc-host scripts/image_masks.lua                      built-in data: half a minute on two cores
--   hfc-host scripts/image_masks.lua --model DIR/natural.safetensors    from fourier_masks
--   hfc-host scripts/image_masks.lua --preset paper --dataset folder:DIR --device cuda
--
-- Learns a mask for each test image x and its prediction f(x); a batch of masks at a time.
-- Expect: f(M x) = f(x) for nearly all images. The complement 1 - M loses many predictions. A
-- linear probe can tell the classes from the masks, but not scrambled labels. The paper's numbers
-- (VGG; ResNet): M(x) 1; 1, complement .555; .583, attacked .000; .000, M(attacked) .587; .743,
-- probe .822; .784, scrambled .206; .156.
local opt = hfc.options(hfc.common {
  images = {100, "test images; half of their masks train the linear probe", least = 2},
  steps = {200, "Adam's steps for each mask", least = 1},
  together = {100, "masks learned in one batch; use 1000 on a GPU", least = 1},
  epochs = 6, batch_size = 20, mask_lr = .03, lambda = .07, per_channel = false,
  loss = {"invariance", "loss of a mask", choices = {"invariance", "cross_entropy"}},
  bfloat16 = {false, "run the network in bfloat16"},
  attack = {{epsilon = 8 / 255, steps = 10, relative_alpha = 1 / 8}, "PGD in L-infinity"},
  presets = {paper = {
    model = "resnet18", images = 1000, together = 1000, steps = 20000, mask_lr = .008,
    epochs = 50, batch_size = 128, lr = 1e-3, attack = {epsilon = 3.5 / 255, steps = 10},
  }},
})
local data = hfc.data(opt, {
  train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2, test_images = opt.images,
})
local run, mask = hfc.run("image_masks", opt), hfc.mask
local model = hfc.network(opt, data, run, {batch_norm = true})
local x, class = data.test:batch(0, #data.test), hfc.predict(model, data.test)
local masks, report = mask.learn(model, x, {
  per = "image", labels = class, steps = opt.steps, batch_size = opt.together, lr = opt.mask_lr,
  lambda = opt.lambda, loss = opt.loss, per_channel = opt.per_channel, bfloat16 = opt.bfloat16,
  log = run:series("masks"),
})
local attacked = hfc.attack.pgd(opt.attack)(model, x, class)
local labelled = {labels = class}
local scores = mask.scores(model, x, masks, labelled)
scores["M(x)"], scores.masked = scores.masked, nil
run:row("agreement", {
  attacked = mask.accuracy(model, attacked, nil, labelled),
  ["M(attacked)"] = mask.accuracy(model, attacked, masks, labelled),
  ["mask of another"] = mask.accuracy(model, x, masks:roll(1, 0), labelled),
  steps = report.steps:double():mean(),
}, {"M(x)", "complement", "attacked", "M(attacked)"}, scores)

-- A linear classifier of the masks, on half of them; labels are the predictions.
local half, row = math.floor(#x / 2), {}
for name, scrambled in pairs {probe = false, scrambled = true} do
  row[name .. " train"], row[name .. " test"] = hfc.sensitivity.linear_probe(
    masks[{{0, half}}], class[{{0, half}}], masks[{{half, #x}}], class[{{half, #x}}],
    {scrambled = scrambled, seed = opt.seed})
end
run:row("probe", row, {"probe train", "probe test", "scrambled train", "scrambled test"})

local function grey(images) return images:slice(0, 0, 8):mean(1, {keepdim = true}) end
local seen = grey(mask.apply(x, masks))
run:image("image_masks", {
  grey(x), torch.fft_fftshift(grey(masks), {-2, -1}),
  seen - seen:mean({1, 2, 3}, {keepdim = true}) + .5,
}, {headings = {"image", "mask", "image seen"}})
