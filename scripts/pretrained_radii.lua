-- The frequencies that a trained network needs: its accuracy on whole images x, on their low part
-- x_l and on the rest x_h, by radius.
--   hfc-host scripts/pretrained_radii.lua                 built-in data: half a minute on two cores
--   hfc-host scripts/pretrained_radii.lua --preset imagenet --dataset folder:DIR --model net.pt2
--   ... --model resnet50.pth                              a state dict from torchvision
--
-- Expect: as the radius grows, the accuracy on x_l rises to that on x; on x_h it falls to chance.
-- DIR/val has directories named after ImageNet classes; DIR/train may be a link to DIR/val.
local opt = hfc.options(hfc.common {
  outputs       = {"", "file that lists the class directory of each network output"},
  normalised    = {false, "normalise the images with ImageNet's statistics (.pt2 file)"},
  interpolation = {"bilinear", "interpolation used in training", choices = {"bilinear", "bicubic"}},
  test_images   = {0, "test images; 0 means all", least = 0},
  radii         = {{2, 4, 8, 12}, "radii of the split, in frequency bins", least = 0},
  presets = {imagenet = {
    form = "torchvision", image_size = 224, resize = 256, normalised = true,
    outputs = hfc.script_folder() .. "classes/imagenet.txt", radii = {7, 14, 28, 56, 84, 112, 150},
  }},
})
local data = hfc.data(opt, {interpolation = opt.interpolation, orientation = "ignore"})
local run = hfc.run("pretrained_radii", opt)
local labels = data.test:labels()
if opt.outputs ~= "" then
  local output, list, classes = {}, {}, 0
  for line in io.lines(opt.outputs) do output[line], classes = classes, classes + 1 end
  for i, name in ipairs(data.class_names) do
    list[i] = output[name] or error(("%s has no line '%s'"):format(opt.outputs, name), 0)
  end
  labels = torch.tensor(list, {dtype = "int64"}):index_select(0, labels)
end
local model = hfc.network(opt, data, run, {batch_norm = true})
if opt.normalised and opt.model:find "%.pt2$" then
  model = hfc.normalised(model)
end
for _, radius in ipairs(opt.radii) do
  local low, high = data.test:low_pass(radius), data.test:high_pass(radius)
  local accuracy = {}
  for name, view in pairs {x = data.test, x_l = low, x_h = high} do
    accuracy[name] = hfc.predict(model, view):eq(labels):float():mean():item()
  end
  run:log {series = "radii", radius = radius, accuracy = accuracy}
  run:row("radii", {radius = radius}, {"radius", "x", "x_l", "x_h"}, accuracy)
end
run:plot("radii", {x = "radius", y = "accuracy", panels = {"radii"}})
