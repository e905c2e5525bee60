-- hfc.detection: how detections change if some frequencies are removed, in tables and figures.
local host = ...

local least_change = 1e-9
local colours = {
  {1, 0, 0}, {0, .6, 1}, {0, .8, 0}, {1, .6, 0}, {.8, 0, 1}, {0, .8, .8}, {1, 0, .6}, {.6, .6, 0},
}

local function require_scores(a, b, level)
  for place, score in ipairs {a, b} do
    if type(score) ~= "table" or not score.per_image then
      error(string.format("hfc.detection.compare: argument %d: expected a \z
        result of hfc.detection.score with rule \"coco\", got %s", place, type(score)), level + 1)
    end
  end
  if #a.per_image ~= #b.per_image then
    error(string.format("hfc.detection.compare: expected scores of the same images, got %d and \z
      %d images", #a.per_image, #b.per_image), level + 1)
  end
end

hfc.detection.compare = host.declare("hfc.detection.compare", "\z
  hfc.detection.compare(a, b) -> {better = n, worse = n, equal = n, left_out = n, any_class = n, \z
  losses = {...}, gains = {...}, difference = {...}}\n\n\z
  Compares two scores of the same images. better, worse, equal: the number of images for which \z
  the average precision of b is higher than, lower than or equal to that of a (within 1e-9). \z
  left_out: the number of images without an object to count. any_class: the number of images for \z
  which the average precision of at least one class is higher in b. difference: the average \z
  precision of b minus that of a for each image, or false for an image that is left out. losses, \z
  gains: the indices of the images for which b is worse or better, respectively, with the \z
  largest change first. The indices start at 0 and refer to score.image_ids.\n\z
  Errors: scores with different rules or of different images.",
function(a, b)
  require_scores(a, b, 2)
  local result = {
    better = 0, worse = 0, equal = 0, left_out = 0, any_class = 0,
    losses = {}, gains = {}, difference = {},
  }
  local before, after = a.per_image:tolist(), b.per_image:tolist()
  local class_better = (b.per_image_class - a.per_image_class):amax(1):tolist()
  local lists = {worse = result.losses, better = result.gains}
  for i = 1, #before do
    local change = before[i] >= 0 and after[i] - before[i]
    result.difference[i] = change
    local kind = not change and "left_out" or change > least_change and "better"
      or change < -least_change and "worse" or "equal"
    result[kind] = result[kind] + 1
    if lists[kind] then table.insert(lists[kind], i - 1) end
    if class_better[i] > least_change then result.any_class = result.any_class + 1 end
  end
  for _, list in pairs(lists) do
    table.sort(list, function(i, j)
      local x, y = math.abs(result.difference[i + 1]), math.abs(result.difference[j + 1])
      if x ~= y then return x > y end
      return i < j
    end)
  end
  return result
end)

local figure_names = {
  "ap", "ap50", "ap75", "small", "medium", "large", "ar1", "ar10", "ar100", "ar_small",
  "ar_medium", "ar_large",
}

hfc.detection.tables = host.declare("hfc.detection.tables", "\z
  hfc.detection.tables(run, parts, change)\n\n\z
  Writes four tables to the run: \"ap\" (the metrics of each part, and the ratio of its ap to \z
  that of the first part), \"classes\" (the ap of each class by part), \"pictures\" (the ap of \z
  each image by part, and the change from the first part to the second) and \"counts\" (the image \z
  counts from hfc.detection.compare). parts: as for hfc.detection.figure. change: the result of \z
  hfc.detection.compare for the first two parts.",
function(run, parts, change)
  local whole = parts[1].score
  for _, part in ipairs(parts) do
    local row = {part = part.name, ratio = part.score.ap / whole.ap}
    for _, name in ipairs(figure_names) do row[name] = part.score[name] end
    run:row("ap", row, {"part", "ap", "ratio"})
  end
  for _, class in ipairs(whole.class_names) do
    local row = {class = class}
    for _, part in ipairs(parts) do row[part.name] = part.score.per_class[class] end
    run:row("classes", row, {"class", parts[1].name})
  end
  for i, id in ipairs(whole.image_ids) do
    local row = {id = id, difference = change.difference[i] or "left out"}
    for _, part in ipairs(parts) do row[part.name] = part.score.per_image[i - 1]:item() end
    run:row("pictures", row, {"id", parts[1].name})
  end
  run:row("counts", {
    better = change.better, worse = change.worse, equal = change.equal,
    ["left out"] = change.left_out, ["one class better"] = change.any_class,
  }, {"better", "worse", "equal"})
end)

-- The boxes whose label is `class`.
local function of_class(boxes, labels, class)
  return boxes:index_select(0, labels:eq(class):nonzero():flatten())
end

local function draw_part(part, picture, classes, least_score)
  local images = part.view:batch(picture, picture + 1)
  local image = images[0] + (part.offset or 0)
  local target, found = part.view:target(picture), part.found:of(picture)
  local kept = found.scores:ge(least_score):nonzero():flatten()
  local boxes, labels = found.boxes:index_select(0, kept), found.labels:index_select(0, kept)
  for _, class in ipairs(classes) do
    local colour = colours[class % #colours + 1]
    local width = math.max(1, math.floor(image.shape[2] / 200))
    image = hfc.detection.draw(image, of_class(target.boxes, target.labels, class),
      {colour = colour, dashed = true, width = width})
    image = hfc.detection.draw(image, of_class(boxes, labels, class),
      {colour = colour, width = width})
  end
  return image
end

-- The classes whose average precision on this picture differs between two scores.
local function changed_classes(a, b, picture)
  local change = (b.per_image_class[picture] - a.per_image_class[picture]):abs()
  local classes = {}
  for class = 0, #change - 1 do
    if change[class]:item() > least_change then classes[#classes + 1] = class end
  end
  return classes
end

local function padded(image, height, width)
  local result = torch.ones(3, height, width)
  result[{{}, {0, image.shape[2]}, {0, image.shape[3]}}] = image
  return result
end

-- The maximum total number of pixels of the pictures in a figure.
local most_pixels = 1e6

hfc.detection.figure = host.declare("hfc.detection.figure", "\z
  hfc.detection.figure(run, name, parts, pictures, {score = 0.3, most = 6, title = \"\"}) -> list \z
  of paths\n\n\z
  Draws images with boxes and writes them to NAME.svg and NAME.png (see run:image), with one row \z
  per image and one column per part. parts: a list of {name = string, view = Dataset, found = \z
  Detections, score = score, offset = 0}, where score is a result of hfc.detection.score and the \z
  offset is added to the drawn pixels. pictures: the indices of the images, counted from 0, as \z
  returned by hfc.detection.compare. Only the first `most` of them are drawn. If the list is \z
  empty, nothing is drawn, and a message says so. The figure shows the boxes of the classes whose \z
  average precision in the image differs between the first two parts. Each class has its own \z
  colour. Objects have dashed boxes; detections with a score of at least `score` have solid \z
  boxes. Each caption gives the average precision of the image in that part. If the images are \z
  too large in total, they are scaled down.",
function(run, name, parts, pictures, options)
  options = options or {}
  local rows, captions, headings, height, width = {}, {}, {}, 0, 0
  for row = 1, math.min(options.most or 6, #pictures) do
    local picture = pictures[row]
    local classes = changed_classes(parts[1].score, parts[2].score, picture)
    rows[row], captions[row] = {}, {}
    headings[row] = "picture " .. parts[1].score.image_ids[picture + 1]
    for k, part in ipairs(parts) do
      local image = draw_part(part, picture, classes, options.score or .3)
      height, width = math.max(height, image.shape[2]), math.max(width, image.shape[3])
      rows[row][k] = image
      captions[row][k] = string.format("%s %.3f", part.name, part.score.per_image[picture]:item())
    end
  end
  if #rows == 0 then
    io.stderr:write("hfc-host: ", name, " was not drawn because no images were given\n")
    return {}
  end
  local interpolate = torch.nn.functional.interpolate
  local scale = math.sqrt(most_pixels / (#rows * #parts * height * width))
  local size = {math.floor(height * scale), math.floor(width * scale)}
  for _, row in ipairs(rows) do
    for k, image in ipairs(row) do
      local shown = padded(image, height, width):unsqueeze(0)
      row[k] = scale >= 1 and shown
        or interpolate(shown, {size = size, mode = "bilinear", antialias = true}):clamp(0, 1)
    end
  end
  return run:image(name, rows, {
    captions = captions, headings = headings, title = options.title or name,
  })
end)
