-- The mask paper's figures and tables that compare networks or classes.
local host = ...

hfc.mask.energies = host.declare("hfc.mask.energies", '\z
  hfc.mask.energies(run, figure, names, masks, {bands = 16})\n\n\z
  Logs and draws the energies of masks in rings and sectors of frequencies (hfc.spectrum.radial \z
  and angular): the energies of the first mask and, for every other mask, the difference from \z
  these energies. Each mask is first divided by its L2 norm. names: a list of strings. masks: a \z
  list of Tensors [..., H, W]; leading dimensions are averaged.',
function(run, figure, names, masks, options)
  local maps = {}
  for i, mask in ipairs(masks) do
    local shape = mask.shape
    local map = mask:reshape {-1, shape[#shape - 1], shape[#shape]}:mean(0)
    maps[i] = map / map:norm()
  end
  for i, name in ipairs(names) do
    for _, kind in ipairs {"radial", "angular"} do
      local bands = hfc.spectrum[kind]
      local values, centres = bands(maps[i], options)
      if i > 1 then values = values - bands(maps[1], options) end
      run:curve(kind, values, {
        x = centres, x_name = "band", series = name .. (i > 1 and " - " .. names[1] or ""),
      })
    end
  end
  run:plot(figure, {curves = {"radial", "angular"}, x = "band", y = "energy"})
end)

-- Bars with whiskers, one for each row of intervals.
local function bars(name, intervals)
  local mark = {kind = "bars", name = name, x = {}, y = {}, low = {}, high = {}}
  for i, interval in ipairs(intervals) do
    mark.x[i], mark.y[i] = i - 1, interval.mean
    mark.low[i], mark.high[i] = interval.low, interval.high
  end
  return mark
end

hfc.mask.reliability = host.declare("hfc.mask.reliability", '\z
  hfc.mask.reliability(run, names, models, dataset, masks) -> list of tables\n\n\z
  Compares the accuracy of networks on clean images with their accuracy on masked images, like \z
  the reliability figure of Karantzas et al. (2022) but with intervals. Draws the figure \z
  "reliability": bars of both accuracies with Wilson intervals, and bars of their difference. \z
  Writes the table "reliability" and returns its rows {network, measure, mean, low, high, n}. The \z
  measures are "clean", "masked" and "masked - clean". The interval of "masked - clean" is a \z
  paired Student\'s t interval over the images. names, models and masks are lists of equal length.',
function(run, names, models, dataset, masks)
  local labels, rows, measures = dataset:labels(), {}, {clean = {}, masked = {}, gap = {}}
  for i, name in ipairs(names) do
    local clean = hfc.predict(models[i], dataset):eq(labels)
    local masked = hfc.mask.predict(models[i], dataset, masks[i]):eq(labels)
    local found = {
      clean = hfc.stats.proportion(clean), masked = hfc.stats.proportion(masked),
      gap = hfc.stats.paired_difference(masked:double(), clean:double()),
    }
    for _, measure in ipairs {"clean", "masked", "gap"} do
      local interval = found[measure]
      measures[measure][i] = interval
      rows[#rows + 1] = {
        network = name, measure = measure == "gap" and "masked - clean" or measure,
        mean = interval.mean, low = interval.low, high = interval.high, n = interval.n,
      }
      run:row("reliability", rows[#rows], {"network", "measure", "mean", "low", "high", "n"})
    end
  end
  run:chart("reliability", {columns = 2, panels = {
    {title = "accuracy", y_name = "accuracy", y_range = {0, 1}, categories = names,
     marks = {bars("clean", measures.clean), bars("masked", measures.masked)}},
    {title = "masked - clean", y_name = "difference", categories = names,
     marks = {bars("masked - clean", measures.gap)}},
  }})
  return rows
end)

hfc.mask.pictures = host.declare("hfc.mask.pictures", '\z
  hfc.mask.pictures(image, masks, range = {0, 1}) -> rows for run:image\n\n\z
  Returns two rows of pictures. The first row shows each mask, divided by its largest value, with \z
  the zero frequency in the centre. The second row shows the image through each mask, in grey. \z
  image: Tensor [1, C, H, W]. masks: \z
  a list of Tensors [1, C or 1, H, W]. range: the pixel values drawn as black and white (see \z
  hfc.standardised).',
function(image, masks, range)
  local low, high = unpack(range or {0, 1})
  local rows = {{}, {}}
  for i, mask in ipairs(masks) do
    local map = mask:mean {0, 1}
    local seen = hfc.mask.apply(image - (low + high) / 2, mask)
    rows[1][i] = torch.fft_fftshift(map / map:max())[{torch.none, torch.none}]
    rows[2][i] = seen:mean(1, {keepdim = true}) / (high - low) + .5
  end
  return rows
end)

hfc.mask.by_class = host.declare("hfc.mask.by_class", '\z
  hfc.mask.by_class(run, figure, model, data, options) -> Tensor float32 [classes, C or 1, H, W]\n\z
  \n\z
  Learns a mask for each class on data.train, with the options of hfc.mask.learn, and draws the \z
  masks with their differences from the mean of all masks (hfc.mask.chart). Writes one row per \z
  class to the table FIGURE. Each row contains l1 and, with Wilson intervals, the accuracy on the \z
  test images of the class, both clean and masked. data: a table {train, test}, as hfc.data \z
  returns.',
function(run, figure, model, data, options)
  local masks, report = hfc.mask.learn(model, data.train, hfc.merge(options, {per = "class"}))
  local labels = data.test:labels()
  local class_names = data.test.class_names
  local names, maps = {"mean of classes"}, {masks:mean(0)}
  for class = 0, #masks - 1 do
    local name = class_names[class + 1] or tostring(class)
    names[#names + 1], maps[#maps + 1] = name, masks[class]
    local row = {class = name, l1 = report.l1[class]:item()}
    local positions = labels:eq(class):nonzero():flatten()
    if #positions > 0 then
      local own = data.test:select(positions)
      for measure, classes in pairs {
        clean = hfc.predict(model, own), masked = hfc.mask.predict(model, own, masks[class]),
      } do
        local right = hfc.stats.proportion(classes:eq(class))
        row = hfc.merge(row, hfc.stats.columns(measure, right))
      end
    end
    run:row(figure, row, {
      "class", "l1", "clean", "clean low", "clean high", "masked", "masked low", "masked high", "n",
    })
  end
  hfc.mask.chart(run, figure, names, maps)
  return masks
end)
