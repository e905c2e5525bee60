-- An example with its own network and training loop: cross-entropy, plus a term that pulls the
-- logits of the low-passed image towards those of the original image.
--   hfc-host scripts/low_pass_consistency.lua             built-in data: a few seconds
--   hfc-host scripts/low_pass_consistency.lua --preset fashion_mnist
--       Fashion-MNIST: about two minutes on two cores
--
-- Expect: with weight > 0, the accuracy on low-passed test images is close to that on the images
-- themselves (above 85 % on Fashion-MNIST).
local opt = hfc.options(hfc.common {
  model  = false,
  radius = {8, "radius of the low-pass filter, in frequency bins"},
  weight = {0.1, "weight of the term on low-passed images", least = 0},
  epochs = 3, batch_size = 50, lr = 2e-3,
  presets = {fashion_mnist = {dataset = "fashion_mnist"}},
})
local data = hfc.data(opt)
local run = hfc.run("low_pass_consistency", opt)
torch.manual_seed(opt.seed)

local nn, device = torch.nn, hfc.device()
local net = nn.Sequential {
  nn.Conv2d(data.channels, 16, 5, {padding = 2}), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
  nn.Conv2d(16, 32, 3, {padding = 1}), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
  nn.Flatten(), nn.Linear(32 * 16, data.classes),
}
net:to(device)
local adam = torch.optim.Adam(net:parameters(), {lr = opt.lr})

for epoch = 1, opt.epochs do
  local loss
  local order = {size = opt.batch_size, shuffle = true, seed = opt.seed + epoch}
  for images, labels in data.train:batches(order) do
    local x, y = images:to(device), labels:to(device)
    local logits, logits_low = net(x), net(hfc.frequency.low_pass(x, opt.radius))
    loss = torch.cross_entropy_loss(logits, y) + opt.weight * torch.mse_loss(logits_low, logits)
    adam:zero_grad()
    loss:backward()
    adam:step()
  end
  local accuracy = {
    test = hfc.accuracy(net, data.test),
    ["test low"] = hfc.accuracy(net, data.test:low_pass(opt.radius)),
  }
  run:log {series = "training", epoch = epoch, loss = loss:item(), accuracy = accuracy}
  print(("epoch %d: loss %.3f, test %.3f, low-passed %.3f"):format(
    epoch, loss:item(), accuracy.test, accuracy["test low"]))
end
run:plot("accuracy", {y = "accuracy"})
