-- Presets that several scripts share: the options of a paper or of its code.
local host = ...

-- An option that is false in `own` is left out.
local function preset_of(shared, own)
  local preset = hfc.merge(shared, own)
  for name in pairs(shared) do
    if preset[name] == false then preset[name] = nil end
  end
  return preset
end

hfc.wang2020 = host.declare("hfc.wang2020", '\z
  hfc.wang2020 {name = value, ...} -> table, a preset of hfc.options\n\n\z
  Returns your own options together with those of the CIFAR-10 experiments in the text of Wang et \z
  al., 2020: preact_resnet32, 100 epochs, batches of 100, and Adam with a learning rate of 1e-4. \z
  To leave out an option, set it to false: lr = false.',
function(own)
  return preset_of({
    dataset = "cifar10", model = "preact_resnet32", epochs = 100, batch_size = 100, lr = 1e-4,
  }, own)
end)

hfc.wang2020_code = host.declare("hfc.wang2020_code", '\z
  hfc.wang2020_code {name = value, ...} -> table, a preset of hfc.options\n\n\z
  Returns the options of hfc.wang2020 and two more that match the authors\' TensorFlow code: \z
  form = "tensorflow" and initialisation = "tensorflow" (see hfc.model). \z
  With this form, hfc.training uses TensorFlow\'s Adam.',
function(own)
  return preset_of(hfc.wang2020 {form = "tensorflow", initialisation = "tensorflow"}, own)
end)

hfc.imagenet_nine = host.declare("hfc.imagenet_nine", '\z
  hfc.imagenet_nine {name = value, ...} -> table, a preset of hfc.options\n\n\z
  Returns your own options together with those of the experiment on nine ImageNet classes \z
  (Wang et al., 2020, appendix B.1): torchvision\'s variant of ResNet-50 without BatchNorm, \z
  images of 224 pixels, batches of 100, and Adam with a learning rate of 1e-4. The paper names \z
  neither the classes nor the images. The classes in scripts/classes/nine.json and the numbers of \z
  images per class (1300 for training, 50 for testing) are guesses. To leave out an option, set \z
  it to false: batch_size = false. Pass --dataset folder:DIR, where DIR contains the 1000 class \z
  directories.',
function(own)
  return preset_of({
    model = "resnet50_bare", form = "torchvision", image_size = 224, resize = 256,
    classes = hfc.script_folder() .. "classes/nine.json", per_class = {train = 1300, test = 50},
    batch_size = 100, lr = 1e-4,
  }, own)
end)

hfc.karantzas2022 = host.declare("hfc.karantzas2022", '\z
  hfc.karantzas2022 {name = value, ...} -> table, a preset of hfc.options\n\n\z
  Returns your own options together with those that the mask paper\'s code (Karantzas et al., \z
  2022) uses for its networks: VGG-11 with BatchNorm as torchvision builds and initialises it, \z
  grey and standardised images of 128 pixels from five Imagenette classes \z
  (scripts/classes/imagenette_five.json), 50 epochs with batches of 128, Adam with OneCycleLR up \z
  to 1e-3, and the weights of the epoch with the best accuracy on the test images. Pass --dataset \z
  folder:DIR, where DIR is the directory of Imagenette. For the paper\'s second network, add \z
  --model resnet18 --dropout 0.',
function(own)
  return preset_of({
    model = "vgg11", form = "torchvision", initialisation = "torchvision", dropout = .5,
    crop = .08, flip = true, image_size = 128,
    classes = hfc.script_folder() .. "classes/imagenette_five.json",
    pixels = {grey = true, mean = .449, deviation = .226}, epochs = 50, batch_size = 128,
    lr = 1e-3, schedule = "one_cycle", keep_best = true,
  }, own)
end)

hfc.karantzas_common = host.declare("hfc.karantzas_common", '\z
  hfc.karantzas_common {name = default, ...} -> table, for hfc.options\n\n\z
  Returns the options of hfc.common and the options that scripts on Fourier masks share: pixels \z
  (see hfc.standardised), crop, flip, dropout, schedule and keep_best. hfc.karantzas_recipe turns \z
  these options into a recipe for hfc.network.',
function(own)
  return hfc.common(hfc.merge({
    pixels = {{grey = false, mean = 0, deviation = 1}, "pixel values: see hfc.standardised"},
    crop = {1, "smallest fraction of the area that RandomResizedCrop keeps", above = 0, most = 1},
    flip = {false, "flip training images"},
    dropout = {0, "dropout probability in the network's last layers", least = 0},
    schedule = {"constant",
                "learning rate schedule; one_cycle raises the rate in the first tenth of the steps",
                choices = {"constant", "one_cycle"}},
    keep_best = {false, "keep the weights of the epoch with the best test accuracy"},
  }, own))
end)

hfc.karantzas_recipe = host.declare("hfc.karantzas_recipe", '\z
  hfc.karantzas_recipe(opt, data, augment) -> recipe\n\n\z
  Returns a recipe for hfc.network, built from the options of hfc.karantzas_common. The network \z
  has BatchNorm. data: the table that hfc.standardised returns. augment: further options of \z
  hfc.augment.',
function(opt, data, augment)
  return {
    batch_norm = true, dropout = opt.dropout, schedule = {opt.schedule, pct_start = .1},
    keep_best = opt.keep_best, validation = opt.keep_best and data.test or nil,
    augment = hfc.merge({crop = opt.crop, flip = opt.flip, fill = data.range[1]}, augment),
  }
end)

hfc.standardised = host.declare("hfc.standardised", '\z
  hfc.standardised(data, {grey = false, mean = 0, deviation = 1}) -> table\n\n\z
  Returns the table of hfc.data with converted pixels. If the option grey is true, the images are \z
  converted to grey first (see Dataset:grey). Each pixel x then becomes (x - mean) / deviation. \z
  Masks and attacks then act on standardised pixels. The field `range` contains the values of \z
  black and white; pass it to attacks as their option `range`. Pass range[1] to hfc.augment as \z
  the option `fill`.',
function(data, options)
  local mean, deviation = options.mean or 0, options.deviation or 1
  -- Rounding may push float32 pixels slightly beyond black and white.
  local changes = options.grey or mean ~= 0 or deviation ~= 1
  local slack = changes and 1e-6 or 0
  local result = hfc.merge(data, {
    range = {(0 - mean - slack) / deviation, (1 - mean + slack) / deviation},
  })
  for _, part in ipairs {"train", "test"} do
    local set = data[part]
    if set and options.grey then set = set:grey() end
    if set and (mean ~= 0 or deviation ~= 1) then set = set:standardise(mean, deviation) end
    result[part] = set
  end
  if options.grey then result.channels = 1 end
  return result
end)
