-- Code examples for the documentation. help() and the reference show each example below its
-- function's text. A test runs each example separately, and fails if a function of hfc has no
-- example.
local host = ...

-- name -> {code, paper: the section of Wang et al. 2020}
host.examples = {}

local function example(names, code, paper)
  for name in string.gmatch(names, "%S+") do host.examples[name] = {code = code, paper = paper} end
end

example("hfc.data", [[
data = hfc.data("synthetic", {train = 100, test = 50})
print(data.train, data.classes)
images, labels = data.train:batch(0, 8)]])
example("Dataset:batch Dataset:labels Dataset:name Dataset:slice", [[
data = hfc.data("synthetic", {train = 20, test = 10})
some = data.test:slice(2, 6)
images, labels = some:batch(0, 4)
print(some:name(), images.shape[1], labels:eq(some:labels()):all():item())]])
example("Dataset:batches", '\z
  data = hfc.data("synthetic", {train = 20, test = 10})\n\z
  for images, labels in data.train:batches {size = 8, shuffle = true, seed = 1} do \z
    print(images:size(0), labels[0]:item()) end')
example("Dataset:map Dataset:samples", [[
data = hfc.data("synthetic", {train = 20, test = 10})
grey = data.train:map(function(images, indices) return images:mean({1}, true) end)
print(grey.shape[1], grey:subset(3, {seed = 1}):samples())]])
example("Dataset:transform Dataset:check", [[
for _, class in ipairs {"pictures/train/cat", "pictures/val/cat"} do
  os.execute("mkdir -p " .. class)
  local file = io.open(class .. "/1.ppm", "w")
  file:write("P6 64 48 255\n", string.rep("\128", 64 * 48 * 3))
  file:close()
end
data = hfc.data("folder:pictures")
train = data.train:transform {{"random_resized_crop", 32}, {"horizontal_flip"}}
print(train, #train:check())]])
example("Dataset:filter Dataset:concat Dataset:with_labels", [[
data = hfc.data("synthetic", {train = 20, test = 10})
two = data.train:filter(function(image, label, index) return label < 2 end)
rest = data.train:filter(function(image, label, index) return label >= 2 end)
all = two:concat(rest, data.test)
same = all:with_labels(torch.zeros(#all, {dtype = "int64"}))
print(#all, same:labels():sum():item())]])
example("Dataset:probes", [[
data = hfc.data("synthetic", {train = 20, test = 10})
probes = data.test:probes {low = {4, 8}, high = {12}, prefix = "test "}
print(probes["test low r=4"], probes["test high r=12"])]])
example("Dataset:low_pass Dataset:high_pass", [[
data = hfc.data("synthetic", {train = 20, test = 10})
low, high = data.test:low_pass(4), data.test:high_pass(4)
print((low:batch(0, 10) + high:batch(0, 10) - data.test:batch(0, 10)):abs():max())]], "3")
example("Dataset:subset Dataset:per_class", [[
data = hfc.data("synthetic", {train = 100, test = 50, classes = 5})
print(#data.train:subset(12, {seed = 1}), #data.train:per_class(3))]])
example("Dataset:shuffle_labels", [[
data = hfc.data("synthetic", {train = 100, test = 50})
shuffled = data.train:shuffle_labels {seed = 1}
print(shuffled:labels():eq(data.train:labels()):float():mean())]], "4")

example("hfc.frequency.split", [[
x = torch.rand(2, 3, 32, 32)
low, high = hfc.frequency.split(x, {radius = 8})
print((low + high - x):abs():max())
lows, highs = hfc.frequency.split(x, {radius = {4, 8}})]], "3")
example("hfc.frequency.low_pass hfc.frequency.high_pass", [[
x = torch.rand(2, 3, 32, 32)
print((hfc.frequency.low_pass(x, 8) + hfc.frequency.high_pass(x, 8) - x):abs():max())]], "3")
example("hfc.frequency.mask", [[print(hfc.frequency.mask(8, 8, 2))]], "3")
example("hfc.detection.score", [[
file = io.open("truth.json", "w")
file:write([=[{"images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 100}],
  "categories": [{"id": 7, "name": "cat"}],
  "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [10, 10, 40, 40],
    "area": 1600, "iscrowd": 0}]}]=])
file:close()
score = hfc.detection.score {annotations = "truth.json", detections = {
  {image_id = 1, category_id = 7, bbox = {12, 10, 40, 40}, score = .9}}}
print(score.ap, score.ap50, score.per_class.cat)]], "7")
example("hfc.detection.model hfc.detection.detect", [[
data = hfc.data("boxes", {train = 8, test = 4, size = 64})
net = hfc.detection.model("retinanet_small", {classes = 4, min_size = 64})
hfc.train(net, data.train, {loss = "detection", epochs = 1, batch_size = 4,
  optimizer = {"adam", lr = 1e-3}, augment = {flip = true}})
found = hfc.detection.detect(net, data.test:low_pass(12))
print(hfc.detection.score({detections = found}).ap)]], "7")
example("Detections:save Detections:rows Detections:of Dataset:target", [[
data = hfc.data("boxes", {train = 1, test = 4, size = 64})
net = hfc.detection.model("retinanet_small", {classes = 4, min_size = 64, score_threshold = 0})
found = hfc.detection.detect(net, data.test)
found:save("found.json")
print(#found, found:rows()[1].score, found:of(0).boxes.shape, data.test:target(0).boxes)]], "7")
example("hfc.detection.iou hfc.detection.nms", [[
boxes = torch.tensor({{0, 0, 10, 10}, {1, 0, 11, 10}, {20, 20, 30, 30}})
print(hfc.detection.iou(boxes, boxes))
print(hfc.detection.nms(boxes, torch.tensor({.9, .8, .7}), {threshold = .5}))]], "7")
example("hfc.detection.draw", [[
picture = hfc.detection.draw(torch.zeros(3, 20, 20), torch.tensor({{2, 2, 10, 12}}),
  {colour = {0, 1, 0}, dashed = true})
print(picture[1]:sum())]], "7")
example("hfc.detection.compare hfc.detection.tables hfc.detection.figure", [[
data = hfc.data("boxes", {train = 1, test = 4, size = 64})
net = hfc.detection.model("retinanet_small", {classes = 4, min_size = 64, score_threshold = 0})
parts = {{name = "whole", view = data.test}, {name = "low", view = data.test:low_pass(12)}}
for _, part in ipairs(parts) do
  part.found = hfc.detection.detect(net, part.view)
  part.score = hfc.detection.score {detections = part.found}
end
change = hfc.detection.compare(parts[1].score, parts[2].score)
run = hfc.run("detection", {})
hfc.detection.tables(run, parts, change)
hfc.detection.figure(run, "losses", parts, change.losses, {most = 2})
print(change.better, change.worse, change.equal, change.left_out)]], "7")
example("hfc.decompose.svd", [[
x = torch.rand(2, 3, 32, 32)
dominant, trailing = hfc.decompose.svd(x, {rank = 8})
same_energy = hfc.decompose.svd(x, {radius = 8, equal = "energy"})]], "8")
example("hfc.decompose.singular_values hfc.decompose.rank_of_energy", [[
x = torch.rand(3, 32, 32)
print(hfc.decompose.singular_values(x)[{{}, {0, 4}}], hfc.decompose.rank_of_energy(x, 0.95))]], "8")
example("hfc.decompose.energy_of_radius hfc.decompose.radius_of_energy", [[
x = torch.rand(3, 32, 32)
print(hfc.decompose.energy_of_radius(x, 4), hfc.decompose.radius_of_energy(x, 0.9))]], "8")
example("hfc.decompose.rank_of_radius", [[print(hfc.decompose.rank_of_radius(32, 32, 8))]], "8")

example("hfc.model Model:forward", [[
model = hfc.model("preact_resnet8", {classes = 10, seed = 1})
logits = model(torch.rand(4, 3, 32, 32))
print(logits.shape[1], logits.shape[2])]])
example("Model:clone Model:eval Model:train Model:to", [[
model = hfc.model("preact_resnet8")
copy = model:clone():eval():to("cpu")
copy:train()]])
example("Model:named_parameters Model:named_buffers", [[
model = hfc.model("preact_resnet8", {batch_norm = true})
for name, weight in model:named_parameters() do print(name, weight:numel()) end
for name, buffer in model:named_buffers() do print(name, buffer:numel()) end]])
example("hfc.normalised", [[
model = hfc.normalised(hfc.model("resnet20"))
print(model(torch.rand(2, 3, 32, 32)).shape)]])
example("hfc.features", [[
model = hfc.model("preact_resnet8")
features = hfc.features(model, torch.rand(2, 3, 32, 32), {"fc"})
print(features.fc.shape)]])
example("Model:replace_head", [[
model = hfc.model("resnet20", {classes = 100})
model:replace_head(10)
print(model, model(torch.rand(2, 3, 32, 32)).shape)]])
example("ModelPart:register_forward_hook LayerHook:remove", [[
model = hfc.model("resnet20")
hook = model.layer3:register_forward_hook(function(layer, inputs, output)
  print(output.shape)
  return output:clamp {max = 1}
end)
model(torch.rand(2, 3, 32, 32))
hook:remove()]])
example("Model:apply", [[hfc.model("preact_resnet8"):apply(function(part) print(part) end)]])
example("hfc.train", '\z
  data = hfc.data("synthetic", {train = 100, test = 50})\n\z
  model = hfc.model("preact_resnet8", {classes = data.classes})\n\z
  results = hfc.train(model, data.train, {\n\z
  \32 epochs = 1, batch_size = 20, optimizer = {"adam", lr = 1e-3}, \z
      probes = {test = data.test, low = data.test:low_pass(4)}, quiet = true,\n\z
  })\n\z
  print(results[1].loss, results[1].accuracy.low)', "4")
example("hfc.accuracy hfc.predict", [[
data = hfc.data("synthetic", {train = 20, test = 20})
model = hfc.model("preact_resnet8")
classes, confidences = hfc.predict(model, data.test)
print(hfc.accuracy(model, data.test), classes:eq(data.test:labels()):float():mean())]])
example("hfc.logits hfc.class_accuracy hfc.confusion_matrix hfc.calibration_error", [[
data = hfc.data("synthetic", {train = 20, test = 20})
model = hfc.model("preact_resnet8", {batch_norm = true})
print(hfc.logits(model, data.test, {statistics = "batch"}).shape[2])
print(hfc.class_accuracy(model, data.test), hfc.confusion_matrix(model, data.test))
print(hfc.calibration_error(model, data.test, {bins = 10}))]])
example("hfc.dataset", [[
images, labels = torch.rand(8, 3, 32, 32), torch.arange(8):remainder(2)
data = hfc.dataset(images, labels, {class_names = {"cat", "dog"}})
print(data, hfc.accuracy(hfc.model("preact_resnet8"), data:low_pass(8)))]])
example("hfc.augment", [[
images = torch.rand(4, 3, 32, 32)
changed = hfc.augment(images, {pad = 4, flip = true, seed = 1})]], "5")
example("hfc.distances", [[
data = hfc.data("synthetic", {train = 20, test = 20})
print(hfc.distances(data.test, data.test:low_pass(8)).linf:max())]])

example("hfc.smooth hfc.smooth_kernel hfc.roughness", [[
model = hfc.model("preact_resnet8")
smooth = hfc.smooth(model, {rho = 0.5})
kernel = model:parameters()[1]
print(hfc.roughness(kernel):mean(), hfc.roughness(hfc.smooth_kernel(kernel, 0.5)):mean())]], "6")
example("hfc.frequency_response", [[
kernel = hfc.model("preact_resnet8"):parameters()[1]
print(hfc.frequency_response(kernel, 32):mean({0, 1})[0][0])]], "6")

example("hfc.mask.apply hfc.mask.threshold hfc.mask.symmetrise", [[
x, mask = torch.rand(2, 3, 16, 16), torch.rand(16, 16)
seen = hfc.mask.apply(x, hfc.mask.threshold(mask, 0.5))
print((hfc.mask.apply(x, mask) - hfc.mask.apply(x, hfc.mask.symmetrise(mask))):abs():max())]])
example("hfc.mask.learn hfc.mask.accuracy hfc.mask.predict", [[
data = hfc.data("synthetic", {train = 20, test = 20})
model = hfc.model("preact_resnet8")
masks, report = hfc.mask.learn(model, data.train, {epochs = 1, lr = 0.02})
print(report.l1, hfc.mask.accuracy(model, data.test, masks))
classes, confidences = hfc.mask.predict(model, data.test, masks)]])
example("hfc.spectrum.power hfc.spectrum.radial hfc.spectrum.angular", [[
data = hfc.data("synthetic", {train = 20, test = 20})
spectrum = hfc.spectrum.power(data.test)
values, centres = hfc.spectrum.radial(spectrum, {bands = 8, measure = "mean"})
directions = hfc.spectrum.angular(spectrum, {bands = 6})]])
example("hfc.sensitivity.heat_map hfc.sensitivity.dominant hfc.mask.largest", [[
data = hfc.data("synthetic", {train = 6, test = 6, size = 8, low_radius = 2, high_radius = 3})
model = hfc.model("preact_resnet8")
errors = hfc.sensitivity.heat_map(model, data.test, {epsilon = 1, reach = 1})
dominant = hfc.sensitivity.dominant(model, data.test, {reach = 1})
most = hfc.mask.largest(dominant:nan_to_num(), 0.1)]])
example("hfc.sensitivity.input_gradients", [[
data = hfc.data("synthetic", {train = 6, test = 6})
gradients = hfc.sensitivity.input_gradients(hfc.model("preact_resnet8"), data.test)
print(hfc.spectrum.power(gradients).shape[1])]])
example("hfc.sensitivity.linear_probe", "\z
  x, y = torch.cat {torch.rand(20, 4), torch.rand(20, 4) + 0.8}, \z
    torch.cat {torch.zeros(20), torch.ones(20)}:long()\n\z
  print(hfc.sensitivity.linear_probe(x, y, x, y))")

example("hfc.options", '\z
  opt = hfc.options {epochs = {3, "passes over the training set"}, radii = {{4, 8}, "in bins"}, \z
    presets = {paper = {epochs = 100}}}\n\z
  print(opt.epochs, #opt.radii)')
example("hfc.stats.interval", [[
accuracy = hfc.stats.interval {0.81, 0.79, 0.82}
print(accuracy.mean, accuracy.low, accuracy.high, accuracy.n)]])
example("hfc.stats.wilson", [[
correct, images = 873, 1000
accuracy = hfc.stats.wilson(correct, images)
print(string.format("%.3f [%.3f, %.3f]", accuracy.mean, accuracy.low, accuracy.high))]])
example("hfc.stats.paired_difference", [[
with_mixup, without = {0.83, 0.82, 0.84}, {0.81, 0.79, 0.82}
gain = hfc.stats.paired_difference(with_mixup, without)
print(gain.mean, gain.excludes_zero and "a difference" or "no difference shown")]])
example("hfc.device", [[model = hfc.model("preact_resnet8"):to(hfc.device())]])
example("hfc.memory", [[
kept = torch.zeros(1024, 1024)
print(hfc.memory().tensors, hfc.memory().bytes)]])
example("hfc.profile", [[
x = torch.rand(64, 64)
product = hfc.profile(function() return x:matmul(x) end)]])
example("help", [[
help(hfc.train)
help("torch.conv2d")
help(hfc.model("preact_resnet8"))
help(hfc.frequency)]])
example("apropos", [[apropos "low"]])

example("hfc.common hfc.training hfc.network hfc.merge", [[
opt = hfc.options(hfc.common {epochs = 1, radius = {8, "of the low-pass"}})
data = hfc.data(opt, {train = 40, test = 20})
run = hfc.run("own", opt)
model = hfc.network(opt, data, run, {quiet = true})
last = hfc.train(model, data.train, hfc.training(opt, {
  quiet = true, probes = data.test:probes {low = {opt.radius}, test = data.test},
})):last()
run:row("accuracy", {radius = opt.radius}, {"radius"}, last)
print(hfc.merge(last, {radius = opt.radius}).radius)]])
example("hfc.networks", [[
opt = hfc.options(hfc.common {epochs = 1, networks = {{"natural", "blurred"}, "to train"}})
data = hfc.data(opt, {train = 40, test = 20})
recipes = {natural = {quiet = true}, blurred = {quiet = true, set = data.train:low_pass(4)}}
for name, model in hfc.networks(opt, data, hfc.run("own", opt), recipes) do
  print(name, hfc.accuracy(model, data.test))
end]])
example("hfc.published", [[
print(unpack(hfc.published("wang2020 table1", "low", 8)))]], "5")
example("hfc.frequency.within", [[
x = hfc.data("synthetic", {train = 20, test = 10}).test:batch(0, 10)
print(hfc.frequency.within(torch.fft_fft2(x):abs():square(), 4))]])
example("hfc.mask.scores", [[
data = hfc.data("synthetic", {train = 40, test = 20})
scores = hfc.mask.scores(hfc.model("lenet"), data.test, hfc.frequency.mask(32, 32, 4))
print(scores.masked, scores.complement, scores.l1)]])
example("hfc.gallery Dataset:select", [[
data = hfc.data("synthetic", {train = 40, test = 20})
class, confidence = hfc.predict(hfc.model("lenet"), data.test)
wrong = class:ne(data.test:labels()):nonzero():flatten()
pictures, captions = hfc.gallery(data, {data.test}, {class}, {confidence}, wrong)
hfc.run("own"):image("wrong", pictures, {captions = captions})
print(data.test:select(wrong))]])

host.run_examples(example)
host.preset_examples(example)
host.recipe_examples(example)
host.attack_examples(example)
