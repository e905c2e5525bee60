-- Can a network learn from only the frequencies that another one needs (Karantzas et al. 2022)?
--   hfc-host scripts/retrain_masked.lua                   built-in data: a minute on two cores
--   hfc-host scripts/retrain_masked.lua --dataset cifar10 --model preact_resnet14 --preset cifar10
--   hfc-host scripts/retrain_masked.lua --model runs/NAME     masks of a network from another run
--
-- Learns a Fourier mask for a network, and trains new networks on images seen through the mask, its
-- complement, the complement of its support, and a random mask of equal weight. Tests each of them
-- on whole images and on images seen through its own mask. Expect: in the built-in data, where only
-- r <= 4 carries the label, a network trained through the mask classifies most whole images
-- correctly; those trained through the complements or the random mask are at chance (.2).
local opt = hfc.options(hfc.common {
  epochs = 6, batch_size = 20,
  retrain = {"preact_resnet8", "network to train on masked images"},
  mask = {{epochs = 40, batch_size = 50, lr = .03, lambda = .2}, "options of hfc.mask.learn"},
  mask_images = {150, "training images for the mask; 0 means all", least = 0},
  presets = {cifar10 = {
    dataset = "cifar10", train_images = 10000, epochs = 10, batch_size = 100, lr = 2e-3,
    mask = {epochs = 30, batch_size = 100, lr = .02}, mask_images = 2000,
  }},
})
local data = hfc.data(opt, {train = 300, test = 100, classes = 5, low = .25, high = 0, noise = .2})
local run, labels = hfc.run("retrain_masked", opt), data.test:labels()
local model = hfc.network(opt, data, run, {batch_norm = true})
local few = opt.mask_images < #data.train and opt.mask_images or 0
local settings = hfc.merge(opt.mask, {seed = opt.seed, log = run:series("mask")})
local mask = hfc.mask.learn(model, data.train:subset(few, {seed = opt.seed}), settings)
local function seen_through(set, filter)
  return set:map(function(x) return hfc.mask.apply(x, filter) end)
end
for _, entry in ipairs {
  {"whole images", torch.ones_like(mask)}, {"M", mask}, {"1 - M", 1 - mask},
  {"M = 0", mask:le(0):float()}, {"random mask", hfc.mask.shuffled(mask, {seed = opt.seed})},
} do
  local name, filter = entry[1], entry[2]
  local fresh = hfc.new_model(hfc.merge(opt, {model = opt.retrain}), data, {batch_norm = true})
  hfc.train(fresh, seen_through(data.train, filter), hfc.training(opt, {log = run:series(name)}))
  local row = {["trained on"] = name, l1 = filter:mean():item()}
  for column, set in pairs {whole = data.test, masked = seen_through(data.test, filter)} do
    local right = hfc.stats.proportion(hfc.predict(fresh, set):eq(labels))
    row = hfc.merge(row, hfc.stats.columns(column, right))
  end
  run:row("retrained", row, {"trained on", "l1", "whole", "whole low", "whole high", "masked"})
end
