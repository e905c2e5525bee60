-- Prints the values of the checks of hfc.robustness and their limits (docs/robustness.md), for
-- networks with useful gradients and for networks that hide their gradients.
--   hfc-host bench/robustness_checks.lua --data DIR --networks DIR --attack auto
-- --data contains cifar-10-batches-bin, and --networks contains the four files of
-- pytorch_resnet_cifar10. Six more networks are trained on 5 000 images. The "masked" networks wrap
-- the public ResNet-20.
local opt = hfc.options {
  networks = {"", "a directory with resnet20-12fca82f.th and the other three"},
  images = {100, "number of test images to attack"},
  attack = {"apgd", "apgd, pgd (10 steps) or auto"},
}
local attacks = {
  apgd = hfc.attack.apgd {epsilon = 8 / 255}, pgd = hfc.attack.pgd {epsilon = 8 / 255, steps = 10},
  auto = hfc.attack.auto {epsilon = 8 / 255},
}
local attack = assert(attacks[opt.attack], "--attack must be 'apgd', 'pgd' or 'auto'")
local data = hfc.data("cifar10", {train_images = 5000})
local images = data.test:slice(0, opt.images)
local nn, networks = torch.nn, {}

local function add(name, kind, network) networks[#networks + 1] = {name, kind, network:eval()} end

local files = {"resnet20-12fca82f", "resnet32-d509ac18", "resnet44-014dd654", "resnet56-4bfd9763"}
for _, file in ipairs(files) do
  add(file:match "^%w+", "natural", hfc.saved_model(("%s/%s.th"):format(opt.networks, file)))
end

local function trained(name, network, options)
  options = options or {}
  options.epochs, options.batch_size = 5, 50
  options.optimizer = {"adam", lr = 2e-3}
  hfc.train(network, data.train, options)
  add(name, options.adversarial and "adversarial" or "natural", network)
end
trained("preact_resnet8", hfc.model("preact_resnet8", {seed = 0, batch_norm = true}))
trained("preact_resnet8 without BatchNorm", hfc.model("preact_resnet8", {seed = 1}))
trained("preact_resnet14", hfc.model("preact_resnet14", {seed = 2, batch_norm = true}))
torch.manual_seed(0)
trained("convolutions in Lua", nn.Sequential {
  nn.Conv2d(3, 16, 5, {padding = 2}), nn.GELU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.GELU(),
  nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 10)})
trained("perceptron in Lua", nn.Sequential {
  nn.Flatten(), nn.Linear(3072, 128), nn.Tanh(), nn.Linear(128, 10)})
trained("preact_resnet8 with PGD", hfc.model("preact_resnet8", {seed = 3, batch_norm = true}),
  {adversarial = hfc.attack.pgd {epsilon = 4 / 255, steps = 3}})

local Masked = nn.module "Masked"
function Masked:init(network, before, after)
  self.network, self.before, self.after = network, before, after
end
function Masked:forward(x)
  local logits = self.network(self.before and self.before(x) or x)
  return self.after and self.after(logits) or logits
end
local public = networks[1][3]
add("logits x 1e4", "masked", Masked(public, nil, function(z) return z * 1e4 end))
add("rounded to 16 levels", "masked", Masked(public, function(x) return (x * 15):round() / 15 end))
add("random shift", "masked", Masked(public, function(x)
  return x:roll({torch.randint(-4, 5, {1}):item(), torch.randint(-4, 5, {1}):item()}, {2, 3})
end))

for _, entry in ipairs(networks) do
  local name, kind, network = unpack(entry)
  local found = hfc.robustness(network, images, attack)
  print(("%s (%s): clean %.3f, robust %.3f"):format(name, kind, found.clean, found.robust))
  for _, check in ipairs(found.checks) do
    print(("  %-22s %.4g (limit %g)%s"):format(check.name, check.value, check.limit,
      check.value > check.limit and "  WARNING" or ""))
  end
end
