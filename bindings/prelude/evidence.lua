-- How reliable a number is: intervals of proportions, chance, controls.
local host = ...

hfc.stats.proportion = host.declare("hfc.stats.proportion", '\z
  hfc.stats.proportion(right, {level = 0.95}) -> {mean, low, high, n}\n\n\z
  Returns the fraction of images for which `right` is true, with its Wilson interval. right: a \z
  bool Tensor [N], such as classes:eq(labels), or the fraction itself. A fraction must be \z
  followed by the number of images: hfc.stats.proportion(.873, 1000). See hfc.stats.wilson.',
function(right, n, options)
  if type(right) == "number" then
    if type(n) ~= "number" then
      error("hfc.stats.proportion: a fraction must be followed by the number of images, got " ..
            type(n), 2)
    end
    return hfc.stats.wilson(math.floor(right * n + .5), n, options)
  end
  if not torch.is_tensor(right) then
    error("hfc.stats.proportion: expected a Tensor bool [N] or a fraction, got " .. type(right), 2)
  end
  return hfc.stats.wilson(right:bool():sum():item(), right:numel(), n)
end)

hfc.stats.columns = host.declare("hfc.stats.columns", '\z
  hfc.stats.columns(name, interval) -> table\n\n\z
  Returns the columns {[name] = mean, ["NAME low"], ["NAME high"], n} for run:row. interval: an \z
  interval that a function of hfc.stats returned.',
function(name, interval)
  return {
    [name] = interval.mean, [name .. " low"] = interval.low, [name .. " high"] = interval.high,
    n = interval.n,
  }
end)

hfc.first_images = host.declare("hfc.first_images", '\z
  hfc.first_images(dataset, n) -> Dataset\n\n\z
  Returns the first n images of a Dataset, or all of them if n is 0 or larger than the Dataset. \z
  To draw images at random instead, use the test_images option of hfc.data.',
function(dataset, n)
  if n == 0 or n >= #dataset then return dataset end
  return dataset:slice(0, n)
end)

hfc.random_images = host.declare("hfc.random_images", '\z
  hfc.random_images(dataset, n, seed = 0) -> Dataset\n\n\z
  Returns n random images of a Dataset, or all of them if n is 0 or larger than the Dataset.',
function(dataset, n, seed)
  return dataset:subset(n < #dataset and n or 0, {seed = seed or 0})
end)

hfc.batchnorm_statistics = host.declare("hfc.batchnorm_statistics", '\z
  hfc.batchnorm_statistics(name, dataset) -> value of the option statistics\n\n\z
  Returns the value of the option `statistics` (see hfc.accuracy) for a name from the command \z
  line: "running", "batch", or "adapted", which stands for {adapted = {images = 128, \z
  source_weight = 16}}. If the Dataset has fewer than 128 images, all of them are used.',
function(name, dataset)
  if name == "running" or name == "batch" then return name end
  if name ~= "adapted" then
    error('hfc.batchnorm_statistics: expected "running", "batch" or "adapted", got ' ..
          tostring(name), 2)
  end
  return {adapted = {images = math.min(128, #dataset), source_weight = 16}}
end)

hfc.filter_row = host.declare("hfc.filter_row", '\z
  hfc.filter_row(model, dataset, radius, {statistics = "running", keep_mean = false, labels}) -> \z
  columns, accuracies\n\n\z
  Measures the accuracy on low-passed and on high-passed images. columns: the accuracies and \z
  Wilson intervals over the images, for run:row (see hfc.stats.columns). accuracies: the table \z
  {["low-pass"], ["high-pass"]}, without intervals.\n\z
  statistics: "running", "batch" or "adapted" (see hfc.batchnorm_statistics). keep_mean: if \z
  true, high-passed images keep their mean. labels: Tensor int64 [N] (default the labels of \z
  the Dataset).',
function(model, dataset, radius, options)
  options = options or {}
  local high = dataset:high_pass(radius)
  if options.keep_mean then
    local shape = dataset:batch(0, 1).shape
    local mask = 1 - hfc.frequency.mask(shape[3], shape[4], radius)
    mask[{0, 0}] = 1
    high = dataset:map(function(x) return hfc.mask.apply(x, mask) end)
  end
  local labels = options.labels or dataset:labels()
  local statistics = hfc.batchnorm_statistics(options.statistics or "running", dataset)
  local row, accuracies = {}, {}
  for name, view in pairs {["low-pass"] = dataset:low_pass(radius), ["high-pass"] = high} do
    local right = hfc.predict(model, view, {statistics = statistics}):eq(labels)
    local found = hfc.stats.proportion(right)
    row = hfc.merge(row, hfc.stats.columns(name, found))
    accuracies[name] = found.mean
  end
  return row, accuracies
end)

hfc.probe_rows = host.declare("hfc.probe_rows", '\z
  hfc.probe_rows(run, table, first, model, probes, {statistics = {"running", "batch", \z
  "adapted"}})\n\n\z
  Writes a row for each kind of BatchNorm statistics (see hfc.batchnorm_statistics), with the \z
  accuracy on each probe. first: columns that come first, such as {radius = 4}. probes: a table \z
  that maps names to Datasets, as in hfc.train.',
function(run, name, first, model, probes, options)
  local columns = host.option_values.sorted_keys(first)
  columns[#columns + 1] = "statistics"
  for _, statistics in ipairs((options or {}).statistics or {"running", "batch", "adapted"}) do
    local row = hfc.merge(first, {statistics = statistics})
    for probe, view in pairs(probes) do
      row[probe] = hfc.accuracy(model, view, {
        statistics = hfc.batchnorm_statistics(statistics, view),
      })
    end
    run:row(name, row, columns)
  end
end)

hfc.chance = host.declare("hfc.chance", '\z
  hfc.chance(classes, labels, rows) -> expected, fractions\n\n\z
  Returns how many images a network would be expected to classify correctly if its predictions \z
  ignored the image, that is, if each prediction were drawn at random from the predictions for \z
  all images. fractions: Tensor float64 [classes], the fraction of the images predicted as each \z
  class.\n\z
  classes, labels: Tensors int64 [N], the predictions and the labels of all images. rows: Tensor \z
  int64 [n], the positions of the images to count (default all).',
function(classes, labels, rows)
  local count = math.max(classes:max():item(), labels:max():item()) + 1
  local fractions = torch.nn.functional.one_hot(classes, count):double():mean(0)
  local counted = rows and labels:index_select(0, rows) or labels
  return fractions:index_select(0, counted):sum():item(), fractions
end)

local function add_interval(row, interval, name)
  row[name or "mean"], row.low, row.high = interval.mean, interval.low, interval.high
  return row
end

hfc.sample_search = host.declare("hfc.sample_search", '\z
  hfc.sample_search(model, parts, labels, {statistics = "running"}) -> table\n\n\z
  Searches for samples like those in Figure 2 of Wang et al., 2020: images with f(x) = f(x_h) = y \z
  and f(x_l) not y. parts: {x, x_l, x_h}, as Datasets or Tensors of the same images. labels: \z
  Tensor int64 [N]. The options are those of hfc.logits.\n\z
  The result contains class, confidence, probabilities and right (each a list with one Tensor per \z
  part); labels; candidates (the positions of the images with f(x) = y and f(x_l) not y); samples \z
  (the positions of the images that are samples); expected (the number of samples to expect if \z
  f(x_h) ignored the image, see hfc.chance); fractions (the fraction of x_h predicted as each \z
  class); and row (columns for run:row). The columns "samples", "candidates" and "expected" \z
  contain numbers of images. If there are candidates, further columns are fraction (samples / \z
  candidates), low and high (the 95 % interval of the fraction), and "expected fraction" \z
  (expected / candidates).',
function(model, parts, labels, options)
  local found = {class = {}, confidence = {}, right = {}, probabilities = {}, labels = labels}
  for k = 1, 3 do
    local probabilities = hfc.logits(model, parts[k], options):softmax(1)
    found.probabilities[k] = probabilities
    found.confidence[k], found.class[k] = probabilities:max(1)
    found.right[k] = found.class[k]:eq(labels)
  end
  local open = found.right[1]:logical_and(found.right[2]:logical_not())
  found.candidates = open:nonzero():flatten()
  found.samples = open:logical_and(found.right[3]):nonzero():flatten()
  found.expected, found.fractions = hfc.chance(found.class[3], labels, found.candidates)
  local samples, candidates = #found.samples, #found.candidates
  found.row = {samples = samples, candidates = candidates, expected = found.expected}
  if candidates > 0 then
    add_interval(found.row, hfc.stats.wilson(samples, candidates), "fraction")
    found.row["expected fraction"] = found.expected / candidates
  end
  return found
end)

local function class_rows(run, first, class_names, names, found)
  local count = #class_names
  local columns = {"class", "labels"}
  local fractions = {torch.nn.functional.one_hot(found.labels, count):double():mean(0)}
  for k, classes in ipairs(found.class) do
    columns[k + 2] = "f(" .. names[k] .. ")"
    fractions[k + 1] = torch.nn.functional.one_hot(classes, count):double():mean(0)
  end
  for c = 0, count - 1 do
    local row = hfc.merge(first, {class = class_names[c + 1]})
    for k, values in ipairs(fractions) do row[columns[k + 1]] = values[c]:item() end
    run:row("predictions", row, columns)
  end
end

local function image_rows(run, first, class_names, names, found)
  for n = 0, #found.samples - 1 do
    local i = found.samples[n]:item()
    local row = hfc.merge(first, {image = i, label = class_names[found.labels[i]:item() + 1]})
    for k, name in ipairs(names) do
      row["f(" .. name .. ")"] = class_names[found.class[k][i]:item() + 1]
      row["confidence " .. name] = found.confidence[k][i]:item()
    end
    run:row("images", row, {"image", "label"})
  end
end

-- The confidences in all classes, with one panel per image, as in the paper's figure.
local function draw_bars(run, figure, class_names, names, found)
  local panels = {}
  for n = 0, math.min(8, #found.samples) - 1 do
    local i = found.samples[n]:item()
    local marks = {}
    for k, name in ipairs(names) do
      marks[k] = {
        kind = "bars", name = name, x = torch.arange(#class_names),
        y = found.probabilities[k][i],
      }
    end
    panels[n + 1] = {
      title = class_names[found.labels[i]:item() + 1], marks = marks, y_range = {0, 1},
      y_name = "confidence", categories = class_names,
    }
  end
  run:chart(figure .. " confidences", {panels = panels, columns = 4})
end

hfc.report_samples = host.declare("hfc.report_samples", '\z
  hfc.report_samples(run, data, parts, found, {figure = "samples", names = {"x", "x_l", "x_h"}, \z
  first = {}})\n\n\z
  Writes the result of hfc.sample_search to the run. The table `samples` contains the row of the \z
  result. The table `accuracy` contains the accuracy on each part, with its Wilson interval. The \z
  table `predictions` has a row for each class, with the fraction of images that have this label \z
  and, for each part, the fraction predicted as this class. The table `images` has a row for each \z
  sample. The image FIGURE shows the first eight samples, and the chart "FIGURE confidences" \z
  shows the network\'s confidence in each class. The third part is drawn with its mean shown as \z
  grey.\n\z
  data: the table that hfc.data returns. first: columns that come first in all rows, such as \z
  {split = "FFT"}.',
function(run, data, parts, found, options)
  options = options or {}
  local names, first = options.names or {"x", "x_l", "x_h"}, options.first or {}
  local figure = options.figure or "samples"
  local columns = host.option_values.sorted_keys(first)
  for _, name in ipairs {"samples", "candidates", "expected", "fraction", "low", "high"} do
    columns[#columns + 1] = name
  end
  run:row("samples", hfc.merge(first, found.row), columns)
  for k, name in ipairs(names) do
    run:row("accuracy", hfc.merge(first, {part = name}), {"part", "mean", "low", "high", "n"},
            hfc.stats.proportion(found.right[k]))
  end
  class_rows(run, first, data.class_names, names, found)
  if #found.samples == 0 then return end
  image_rows(run, first, data.class_names, names, found)
  local pictures, captions =
    hfc.gallery(data, parts, found.class, found.confidence, found.samples)
  pictures[3] = pictures[3] + .5  -- its mean is zero
  run:image(figure, pictures, {captions = captions, headings = names})
  draw_bars(run, figure, data.class_names, names, found)
end)

hfc.spectrum.within_each = host.declare("hfc.spectrum.within_each", '\z
  hfc.spectrum.within_each(images, radius, {rule = "<="}) -> Tensor float64 [N]\n\n\z
  Returns the fraction of each image\'s power, over all channels, at the frequencies within the \z
  radius. The result for an image of zeros is NaN. hfc.stats.interval(result) returns the mean \z
  over the images with its interval. images: Tensor [N, C, H, W].',
function(images, radius, options)
  local h, w = images.shape[3], images.shape[4]
  local low, parts = hfc.frequency.mask(h, w, radius, options):double(), {}
  for begin = 0, #images - 1, 500 do
    local some = images[{{begin, math.min(begin + 500, #images)}}]:cpu():double()
    local power = torch.fft_fft2(some):abs():square():sum(1)
    parts[#parts + 1] = (power * low):sum {1, 2} / power:sum {1, 2}
  end
  return torch.cat(parts)
end)

-- Robust accuracy at each bound, if the attack searches for the smallest epsilon. foolbox 1.8
-- counts an image as robust at a bound if the search found no successful epsilon within the bound.
local function by_least_epsilon(model, dataset, name, epsilons, statistics)
  local attack, search
  if name == "fgsm" then
    attack, search = hfc.attack.fgsm {}, {statistics = statistics, epsilons = {}}
    for i = 1, math.floor(math.max(unpack(epsilons)) * 1000 + .5) do
      search.epsilons[i] = i / 1000
    end
  else
    attack = hfc.attack.pgd {steps = 40, relative_alpha = 1 / 30, random_start = false}
    local bounds = hfc.merge(epsilons)
    table.sort(bounds)
    search = {statistics = statistics, max_epsilon = .3, bisections = 20, bounds = bounds}
  end
  local least = {}
  local least_size = type(statistics) == "table" and statistics.adapted.images or 1
  local size = math.max(250, least_size)
  for begin = 0, #dataset - 1, size do
    local stop = begin + 2 * size > #dataset and #dataset or begin + size
    local x, y = dataset:batch(begin, stop)
    least[#least + 1] = hfc.smallest_epsilon(model, x, y, attack, search)
    if stop == #dataset then break end
  end
  least = torch.cat(least)
  local robust = {}
  for e, epsilon in ipairs(epsilons) do
    robust[e] = least:gt(epsilon + 1e-9):double():mean():item()
  end
  return robust
end

local function by_epsilon(model, dataset, name, epsilons, statistics)
  local attack = hfc.attack[name] {
    epsilon = epsilons, relative_alpha = name == "pgd" and .25 or nil,
  }
  return hfc.robust_accuracy(model, dataset, attack, {statistics = statistics})
end

hfc.smoothing_row = host.declare("hfc.smoothing_row", '\z
  hfc.smoothing_row(model, dataset, {rho = 0, epsilons = {...}, published = {...}, \z
  search = "bound", statistics = "running", blur = false}) -> table, list of tables\n\n\z
  Returns a row of Table 2 of Wang et al., 2020. The first convolution of the network is smoothed \z
  with strength rho. The row contains the accuracy on clean images (clean) and the accuracy under \z
  FGSM and PGD at each epsilon (such as ["fgsm 0.03"]). published: a row from hfc.published, \z
  whose numbers are added as ["clean (paper)"] and so on, at the epsilons .03, .06 and .09. The \z
  second result lists the same numbers in rows {measure, mean, low, high, n, paper}, with \z
  Wilson intervals over the images.\n\z
  search: "bound" attacks once with each epsilon; PGD takes 10 steps of epsilon / 4 from a random \z
  start. "least" searches for the smallest epsilon for each image, as the authors\' code does \z
  with foolbox 1.8: FGSM tries epsilons in increments of .001; PGD (40 steps of epsilon / 30, no \z
  random start) finds epsilon by bisection, which starts at .3 and takes up to 20 iterations. An \z
  image is then robust at an epsilon only if its smallest epsilon is larger. statistics: \z
  "running", "batch" or "adapted" (see \z
  hfc.batchnorm_statistics). With "batch", only the clean accuracy is measured, because an attack \z
  on one image would change the results of the others. blur: if true, blurs the input instead of \z
  smoothing the kernels (see hfc.blurred_input).',
function(model, dataset, options)
  local smooth = options.blur and hfc.blurred_input(model, options.rho)
    or hfc.smooth(model, {rho = options.rho})
  local paper = options.published or {}
  local statistics = hfc.batchnorm_statistics(options.statistics or "running", dataset)
  local row, intervals = {}, {}
  local function add(column, value, published)
    row[column], row[column .. " (paper)"] = value, published
    intervals[#intervals + 1] = add_interval({measure = column, n = #dataset, paper = published},
                                             hfc.stats.proportion(value, #dataset))
  end
  add("clean", hfc.accuracy(smooth, dataset, {statistics = statistics}), paper[1])
  if statistics == "batch" then return row, intervals end
  local place = {[.03] = 2, [.06] = 3, [.09] = 4}
  local measure = options.search == "least" and by_least_epsilon or by_epsilon
  for i, name in ipairs {"fgsm", "pgd"} do
    for e, value in ipairs(measure(smooth, dataset, name, options.epsilons, statistics)) do
      local epsilon = options.epsilons[e]
      add(string.format("%s %g", name, epsilon), value,
          place[epsilon] and paper[place[epsilon] + 3 * (i - 1)])
    end
  end
  return row, intervals
end)

hfc.mask.shuffled = host.declare("hfc.mask.shuffled", '\z
  hfc.mask.shuffled(masks, {seed = 0}) -> Tensor float32\n\n\z
  Returns the masks [..., H, W] with their values moved to random frequencies, as a control with \z
  the same L1 norm as a learned mask. Each [H, W] is shuffled individually. The result is \z
  symmetrised, so its values at k and -k are equal.',
function(masks, options)
  local random = hfc.mask.symmetrise(torch.rand(masks.shape, {
    generator = torch.Generator():manual_seed((options or {}).seed or 0),
  }))
  local values = masks:float():flatten(-2):sort(-1)
  local order = random:flatten(-2):argsort(-1)
  local placed = torch.zeros_like(values):scatter(-1, order, values)
  return hfc.mask.symmetrise(placed:reshape(masks.shape))
end)

hfc.mask.controls = host.declare("hfc.mask.controls", '\z
  hfc.mask.controls(model, images, masks, {labels = Tensor, attacked = Tensor, seed = 0}) -> list \z
  of tables\n\n\z
  Runs the control experiments for the masks of single images. Each row {images, mean, low, high, \z
  n} contains the fraction of images whose predicted class is their label, with its Wilson \z
  interval. "M(x)" is the image filtered by its mask, and "1 - M" is the image filtered by the \z
  complement. "M = 0" keeps only the frequencies at which the mask is 0 (the complement of the \z
  support, as in the authors\' code). "random masks" is the image filtered by a mask with the \z
  same L1 norm (hfc.mask.shuffled), and "mask of another" is the image filtered by the mask of \z
  the next image. "empty image" is an image with all frequencies removed. If attacked images are \z
  given, the rows "attacked" and "M(attacked)" are added.\n\z
  images, attacked: Tensors [N, C, H, W]. masks: Tensor [N, C or 1, H, W], as hfc.mask.learn \z
  returns them.',
function(model, images, masks, options)
  local through = {
    {"M(x)", masks}, {"1 - M", 1 - masks}, {"M = 0", masks:le(0):float()},
    {"random masks", hfc.mask.shuffled(masks, {seed = options.seed})},
    {"mask of another", masks:roll(1, 0)}, {"empty image", torch.zeros_like(masks)},
  }
  if options.attacked then
    through[#through + 1] = {"attacked", nil, options.attacked}
    through[#through + 1] = {"M(attacked)", masks, options.attacked}
  end
  local rows = {}
  for i, entry in ipairs(through) do
    local classes = hfc.mask.predict(model, entry[3] or images, entry[2])
    rows[i] = hfc.stats.proportion(classes:eq(options.labels))
    rows[i].images = entry[1]
  end
  return rows
end)
