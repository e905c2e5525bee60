-- Section 7 of Wang et al., CVPR 2020: the objects that a detector loses or detects better when
-- some of the frequencies are removed.
--   hfc-host scripts/detection.lua                        built-in data: two minutes on two cores
--   hfc-host scripts/detection.lua --dataset voc:DIR --min_size 240 --epochs 60
--   hfc-host scripts/detection.lua --preset paper --dataset coco:DIR --weights FILE --device cuda
--
-- Expect: on the low part of the built-in images, classes with many stripes are lost and those with
-- few are kept. Figure 8 shows the largest losses on the low part, and Figure 9 the largest gains.
local opt = hfc.options {
  dataset = {"boxes", "boxes | voc:DIR | coco:DIR"}, radius = {12, "radius of the split, in bins"},
  detector = "retinanet_small", weights = {"", "weights file from torchvision; if empty, train"},
  norm_epsilon = 1e-5, min_size = {96, "shorter side of the resized images"}, seed = 0,
  radii = {{6, 18, 24, 32}, "radii of the figure"}, epochs = 14, batch_size = 8, lr = 1e-3,
  high_offset = {0, "constant added to the high part"}, pictures = {6, "pictures per figure"},
  presets = {paper = {detector = "retinanet_resnet50_fpn", norm_epsilon = 0, radius = 128,
                      min_size = 800, radii = {8, 16, 32, 64, 256}}},
}
local trained = opt.weights ~= ""
local data = hfc.data(opt.dataset, {seed = opt.seed, labels = trained and "ids" or "classes"})
local run = hfc.run("detection", opt)
local net = hfc.detection.model(opt.detector, {
  classes = trained and 91 or #data.class_names, weights = opt.weights, seed = opt.seed,
  norm_epsilon = opt.norm_epsilon, min_size = opt.min_size})
if not trained then
  hfc.train(net, assert(data.train, "the data set has no training split: give --weights"),
            hfc.training(opt, {loss = "detection", clip_norm = 10, augment = {flip = true},
                               schedule = {"cosine", warmup = 1}, log = run:series("training")}))
  run:save(net)
end
net:to(hfc.device())
local function evaluate(name, radius)
  local view = name == "low" and data.test:low_pass(radius)
    or name == "high" and data.test:high_pass(radius) or data.test
  local shift = name == "high" and opt.high_offset or 0
  if shift ~= 0 then view = view:map(function(images) return images + shift end) end
  local found = hfc.detection.detect(net, view)
  local score = hfc.detection.score {detections = found}
  local offset = name == "high" and .5 - shift or 0
  return {name = name, view = view, found = found, score = score, offset = offset}
end
local parts = {evaluate("whole"), evaluate("low", opt.radius), evaluate("high", opt.radius)}
local whole, change = parts[1].score, hfc.detection.compare(parts[1].score, parts[2].score)
hfc.detection.tables(run, parts, change)
for i, pictures in ipairs {change.losses, change.gains} do
  hfc.detection.figure(run, "figure" .. 7 + i, parts, pictures, {most = opt.pictures})
end
for _, radius in ipairs(opt.radii) do
  for _, name in ipairs {"low", "high"} do
    local ap = {part = evaluate(name, radius).score.ap, whole = whole.ap}
    run:log {series = name, radius = radius, ap = ap}
  end
end
run:plot("figure_radius", {x = "radius", y = "ap", panels = {"low", "high"}})
