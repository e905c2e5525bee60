-- Code that most scripts share: common options, and the loading or training of networks.
local host = ...

local common = {
  dataset = {"synthetic", "synthetic | cifar10 | mnist | fashion_mnist | folder:DIR | tar:FILE"},
  model = {"preact_resnet8",
           "network to train (see help(hfc.model)), or a trained network's file or run directory"},
  form = {"small", "variant of the network: small, torchvision (224 pixels) or tensorflow"},
  initialisation = {"xavier", "initial weights: xavier, tensorflow or torchvision"},
  epochs = {12, "passes over the training set", least = 1},
  batch_size = {10, "images per step", least = 1},
  lr = {3e-3, "Adam's learning rate", above = 0},
  image_size = {128, "size of the images in a directory, in pixels", least = 1},
  resize = {0, "shorter side before the central crop; 0 means image_size", least = 0},
  classes = {"", "JSON file that maps directories to classes (see help(hfc.data))"},
  per_class = {{train = 0, test = 0}, "images per class; 0 means all", least = 0},
  train_images = {0, "training images; 0 means all", least = 0},
  seed = {0, "seeds the data, the weights and the training", least = 0},
}

local function over(base, own)
  for name, value in pairs(own or {}) do base[name] = value end
  return base
end

hfc.common = host.declare("hfc.common", '\z
  hfc.common {name = default, ...} -> table, for hfc.options\n\n\z
  Returns your own options together with those that scripts share. The shared options are \z
  dataset, model, form, initialisation, epochs, batch_size, lr, image_size, resize, classes, \z
  per_class, train_images and seed. Your option replaces a shared one with the same name. If you \z
  pass only a value, without a description, the shared description and limits still apply. To \z
  leave out a shared option, set it to false.',
function(own)
  if type(own) ~= "table" then
    error("hfc.common: expected a table of options, got " .. type(own), 2)
  end
  local specification = over({}, common)
  for name, entry in pairs(own) do
    local shared = common[name]
    if entry == false and shared then
      specification[name] = nil
    elseif shared and type(entry) ~= "table" then
      specification[name] = over({}, shared)
      specification[name][1] = entry
    else
      specification[name] = entry
    end
  end
  return specification
end)

hfc.training = host.declare("hfc.training", '\z
  hfc.training(opt, {name = value, ...}) -> table, for hfc.train\n\n\z
  Makes the options of hfc.train from the options of a script: takes opt.epochs, opt.batch_size, \z
  opt.seed and opt.probe_samples, and adds Adam with the learning rate opt.lr (TensorFlow\'s Adam \z
  if opt.form is "tensorflow"). The second table overrides these options.',
function(opt, own)
  if type(opt) ~= "table" then
    error("hfc.training: expected the options of the script, got " .. type(opt), 2)
  end
  local lr = type(opt.lr) == "number" and opt.lr or nil
  return over({
    epochs = type(opt.epochs) == "number" and opt.epochs or nil,
    batch_size = opt.batch_size, seed = opt.seed, probe_samples = opt.probe_samples,
    optimizer = {opt.form == "tensorflow" and "tensorflow_adam" or "adam", lr = lr},
  }, own)
end)

hfc.new_model = host.declare("hfc.new_model", '\z
  hfc.new_model(opt, data, {batch_norm = false, dropout = 0}) -> Model\n\n\z
  Returns a new network for the data set. Its name is opt.model, and the script\'s options \z
  opt.seed, opt.form and opt.initialisation also apply. The last argument is a table with further \z
  options of hfc.model.',
function(opt, data, own)
  return hfc.model(opt.model, over({
    data = data, seed = opt.seed, form = opt.form, initialisation = opt.initialisation,
  }, own))
end)

-- Options of hfc.model that a recipe may contain in addition to those of hfc.train.
local of_model = {"batch_norm", "dropout", "form", "initialisation"}

local function train(opt, data, run, name, recipe)
  local settings = {}
  local options = {probes = {test = data.test}, log = run:series("training, " .. name)}
  over(options, recipe)
  for _, key in ipairs(of_model) do settings[key], options[key] = options[key], nil end
  local set = options.set or data.train
  options.set = nil
  local model = hfc.new_model(opt, data, settings)
  hfc.train(model, set, hfc.training(opt, options))
  run:save(model, name)
  return model
end

hfc.network = host.declare("hfc.network", '\z
  hfc.network(opt, data, run, recipe, name = "model") -> Model\n\n\z
  If opt.model is a file or a run directory, returns the network `name` from it. Otherwise builds \z
  the network with the name opt.model, trains it on data.train and saves it in the run as \z
  `name`.\n\z
  recipe: options of hfc.train, which override those of hfc.training(opt), and the options \z
  batch_norm, dropout, form and initialisation of hfc.model. set: a Dataset to train on instead \z
  of data.train. By default, data.test is a probe, and the curve is logged in the series \z
  "training, NAME".',
function(opt, data, run, recipe, name)
  name = name or "model"
  return hfc.saved_model(opt.model, name) or train(opt, data, run, name, recipe)
end)

hfc.networks = host.declare("hfc.networks", '\z
  hfc.networks(opt, data, run, {name = recipe, ...}, names = opt.networks) -> function\n\n\z
  The loop "for name, model in hfc.networks(...) do" calls hfc.network for each name in turn. All \z
  names are checked before the first training run starts: an unknown name ends the program, as an \z
  invalid option does.',
function(opt, data, run, recipes, names)
  names = names or opt.networks
  if type(names) ~= "table" or type(recipes) ~= "table" then
    error("hfc.networks: expected a table {name = recipe} and a list of names", 2)
  end
  for _, name in ipairs(names) do
    if not recipes[name] and not hfc.saved_model(opt.model, name) then
      local known = table.concat(host.option_values.sorted_keys(recipes), ", ")
      local script = _G.arg and _G.arg[0] or "script"
      host.exit(2, string.format("%s: option --networks: expected %s or the name of a network \z
        saved in --model, got '%s'", script, known, tostring(name)))
    end
  end
  local i = 0
  return function()
    i = i + 1
    local name = names[i]
    if name then return name, hfc.network(opt, data, run, recipes[name] or {}, name) end
  end
end)

hfc.merge = host.declare("hfc.merge", '\z
  hfc.merge(a, b, ...) -> table\n\n\z
  Returns a new table with the fields of all the given tables. Later tables override earlier ones.',
function(...)
  local result = {}
  for i = 1, select("#", ...) do over(result, (select(i, ...))) end
  return result
end)

hfc.check = host.declare("hfc.check", '\z
  hfc.check(data) -> list of strings\n\n\z
  Reads every sample of a Dataset, or of both splits of the table that hfc.data returns. Returns \z
  one message for each sample that cannot be read: {"train, sample 17: the image ..."}. An \z
  empty list means that all samples are fine.',
function(data)
  local found = {}
  local function add(part, name)
    for _, bad in ipairs(part:check {most = 0}) do
      found[#found + 1] = string.format("%ssample %d: %s", name, bad.sample, bad.reason)
    end
  end
  if type(data) ~= "table" then
    add(data, "")
    return found
  end
  if data.train then add(data.train, "train, ") end
  add(data.test, "test, ")
  return found
end)

hfc.script_folder = host.declare("hfc.script_folder", '\z
  hfc.script_folder() -> string\n\n\z
  Returns the directory of the running script, as an absolute path with a slash at the end. Use \z
  it to find files next to the script.',
function()
  local script = host.absolute_path(_G.arg and _G.arg[0] or "script")
  return string.match(script, "^.*/")
end)

hfc.gallery = host.declare("hfc.gallery", '\z
  hfc.gallery(data, parts, classes, confidences, positions) -> pictures, captions\n\n\z
  Returns rows for run:image, one per part. Each row shows the part\'s images at the first eight \z
  positions, with captions such as "cat\\n0.987". parts: a list of Datasets or Tensors [N, C, H, \z
  W]. positions: Tensor int64 [n], with at least one position. classes, confidences: lists with \z
  one Tensor [N] per part, as returned by hfc.predict. data: the data set, for the names of the \z
  classes.',
function(data, parts, classes, confidences, positions)
  local shown = positions:slice(0, 0, 8)
  local pictures, captions = {}, {}
  for k, part in ipairs(parts) do
    pictures[k] = torch.is_tensor(part) and part:index_select(0, shown)
      or part:select(shown):batch(0, #shown)
    captions[k] = {}
    for n = 1, #shown do
      local i = shown[n - 1]
      captions[k][n] = string.format("%s\n%.3f", data.class_names[classes[k][i]:item() + 1],
                                     confidences[k][i]:item())
    end
  end
  return pictures, captions
end)

hfc.mask.scores = host.declare("hfc.mask.scores", '\z
  hfc.mask.scores(model, images, mask, {labels = Tensor, radius = 4}) -> table\n\n\z
  Returns scores for a mask. masked: the accuracy through the mask. complement: the accuracy \z
  through 1 - mask. ["above .5"]: the accuracy through the mask thresholded at .5. l1: the mean \z
  of the mask. ["weight in r <= 4"]: the fraction of the mask\'s weight within the radius. See \z
  hfc.mask.accuracy for images, mask and labels.',
function(model, images, mask, options)
  options = options or {}
  local radius = options.radius or 4
  local labelled = {labels = options.labels}
  return {
    masked = hfc.mask.accuracy(model, images, mask, labelled),
    complement = hfc.mask.accuracy(model, images, 1 - mask, labelled),
    ["above .5"] = hfc.mask.accuracy(model, images, hfc.mask.threshold(mask, .5), labelled),
    l1 = mask:mean():item(),
    ["weight in r <= " .. radius] = hfc.frequency.within(mask, radius),
  }
end)

hfc.frequency.within = host.declare("hfc.frequency.within", '\z
  hfc.frequency.within(map, radius, {rule = "<="}) -> number\n\n\z
  Returns the fraction of a map\'s sum at the frequencies within the radius; for a power \z
  spectrum, this is the fraction of the power. map: a Tensor [..., H, W] of non-negative weights, \z
  zero-frequency component first (not shifted).', function(map, radius, options)
  local h, w = map.shape[#map.shape - 1], map.shape[#map.shape]
  local low = hfc.frequency.mask(h, w, radius, options):to(map.device)
  return ((map * low):sum() / map:sum()):item()
end)
