-- Examples of what scripts share: a part of examples.lua.
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
end
