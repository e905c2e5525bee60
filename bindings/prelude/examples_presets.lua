-- Examples of presets, standardised data and figures of masks: a part of examples.lua.
local host = ...

function host.preset_examples(example)
example("hfc.wang2020 hfc.wang2020_code", [[
opt = hfc.options(hfc.common {
  rule = "<=", presets = {paper = hfc.wang2020 {}, code = hfc.wang2020_code {rule = "<"}},
})
print(opt.model, opt.form)]])
example("hfc.karantzas2022 hfc.karantzas_common hfc.karantzas_recipe hfc.standardised", [[
opt = hfc.options(hfc.karantzas_common {epochs = 1, presets = {paper = hfc.karantzas2022 {}}})
data = hfc.data(opt, {train = 20, test = 10})
data = hfc.standardised(data, {grey = true, mean = .449, deviation = .226})
model = hfc.network(opt, data, hfc.run("example"), hfc.karantzas_recipe(opt, data))
print(data.range[1], data.range[2])]])
example("Dataset:grey Dataset:standardise", [[
data = hfc.data("synthetic", {train = 20, test = 10})
print(data.test:grey():standardise(.449, .226).shape)]])
example("hfc.random_images", [[
data = hfc.data("synthetic", {train = 20, test = 10})
print(#hfc.random_images(data.train, 5))]])
example("hfc.matched", [[
results = {
  {optimizer = "sgd", lr = .1, train = .9}, {optimizer = "sgd", lr = .01, train = .7},
  {optimizer = "adam", lr = 1e-3, train = .72},
}
chosen, target = hfc.matched(results, "optimizer", "train")
print(chosen[1].lr, chosen[2].lr, target)]])
example("hfc.mask.reliability hfc.mask.energies hfc.mask.pictures hfc.mask.by_class", [[
data = hfc.data("synthetic", {train = 20, test = 20, classes = 2})
run, model = hfc.run("example"), hfc.model("lenet", {data = data})
mask = hfc.mask.learn(model, data.train, {epochs = 2})
hfc.mask.reliability(run, {"natural"}, {model}, data.test, {mask})
hfc.mask.energies(run, "bands", {"natural"}, {mask}, {bands = 8})
run:image("masks", hfc.mask.pictures(data.test:batch(0, 1), {mask}))
masks = hfc.mask.by_class(run, "class masks", model, data, {epochs = 2})
print(masks.shape)]])
end
