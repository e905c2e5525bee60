-- Examples of functions that several scripts use: a part of examples.lua.
local host = ...

function host.recipe_examples(example)
example("hfc.check Dataset:cache", [[
data = hfc.data("synthetic", {train = 20, test = 10})
print(#hfc.check(data), #data.train:cache())]])
example("hfc.imagenet_nine", [[
opt = hfc.options(hfc.common {presets = {nine = hfc.imagenet_nine {epochs = 50}}})
print(opt.epochs)]])
example("hfc.new_model", [[
data = hfc.data("synthetic", {train = 20, test = 10})
print(hfc.new_model({model = "lenet", seed = 1}, data))]])
example("hfc.script_folder", [[
print(hfc.script_folder() .. "classes/nine.json")]])
example("hfc.smoothing_row", [[
data = hfc.data("synthetic", {train = 20, test = 10})
row = hfc.smoothing_row(hfc.model("lenet", {data = data}), data.test, {rho = 1, epsilons = {.03}})
print(row.clean, row["pgd 0.03"])]])
example("hfc.ssim", [[
data = hfc.data("synthetic", {train = 20, test = 10})
x = data.test:batch(0, 10)
print(hfc.stats.interval(hfc.ssim(x, hfc.frequency.low_pass(x, 8))).mean)]])
example("hfc.stats.proportion hfc.stats.columns", [[
data = hfc.data("synthetic", {train = 20, test = 10})
run = hfc.run("example")
right = hfc.predict(hfc.model("lenet"), data.test):eq(data.test:labels())
accuracy = hfc.stats.proportion(right)
run:row("accuracy", hfc.stats.columns("test", accuracy))
print(accuracy.mean, accuracy.low, accuracy.high, accuracy.n)]])
example("hfc.batchnorm_statistics hfc.probe_rows hfc.filter_row hfc.first_images", [[
data = hfc.data("synthetic", {train = 20, test = 20})
test = hfc.first_images(data.test, 10)
model = hfc.model("preact_resnet8", {batch_norm = true})
row, accuracies = hfc.filter_row(model, test, 8, {statistics = "batch"})
print(row["low-pass low"], row["low-pass"], row["low-pass high"], accuracies["high-pass"])
hfc.probe_rows(hfc.run("example"), "probes", {radius = 8}, model, {low = test:low_pass(8)})
adapted = hfc.batchnorm_statistics("adapted", test)
print(hfc.accuracy(model, test, {statistics = adapted}))]])
example("hfc.chance hfc.sample_search hfc.report_samples", [[
data = hfc.data("synthetic", {train = 20, test = 20})
test = data.test
parts = {test, test:low_pass(8), test:high_pass(8)}
found = hfc.sample_search(hfc.model("lenet"), parts, test:labels())
hfc.report_samples(hfc.run("example"), data, parts, found)
expected, fractions = hfc.chance(found.class[3], test:labels(), found.candidates)
print(#found.samples, #found.candidates, expected, fractions:max())]])
example("hfc.spectrum.within_each", [[
data = hfc.data("synthetic", {train = 20, test = 10})
fractions = hfc.spectrum.within_each(data.test:batch(0, 10), 8)
print(hfc.stats.interval(fractions).mean)]])
example("hfc.mask.shuffled hfc.mask.controls", [[
data = hfc.data("synthetic", {train = 20, test = 4})
model, x = hfc.model("lenet"), data.test:batch(0, 4)
class = hfc.predict(model, x)
masks = hfc.mask.learn(model, x, {per = "image", labels = class, steps = 2})
for _, row in ipairs(hfc.mask.controls(model, x, masks, {labels = class})) do
  print(row.images, row.mean, row.low, row.high)
end
print(hfc.mask.shuffled(masks, {seed = 1}):mean())]])
example("hfc.coloured hfc.mask.gallery hfc.mask.chart", [[
run, masks = hfc.run("example"), torch.rand(8, 1, 16, 16)
x = torch.rand(8, 3, 16, 16)
pictures, headings = hfc.mask.gallery(x, x, masks)
run:image("masks", pictures, {headings = headings})
hfc.mask.chart(run, "networks", {"natural", "adversarial"}, {masks[0], masks[1]})
kernels = hfc.model("lenet"):parameters()[1]:detach()
run:image("kernels", hfc.coloured(kernels:select(1, 0), {range = {-.3, .3}}))]])
example("hfc.blurred_input", [[
data = hfc.data("synthetic", {train = 20, test = 10})
print(hfc.accuracy(hfc.blurred_input(hfc.model("lenet"), 1), data.test))]])
example("hfc.epochs_to", [[
data = hfc.data("synthetic", {train = 20, test = 10})
history = hfc.train(hfc.model("lenet"), data.train, {
  epochs = 2, quiet = true, probes = {train = data.train},
})
print(hfc.epochs_to(history, "train", .9), hfc.epochs_to(history, "train", 0))]])
end
