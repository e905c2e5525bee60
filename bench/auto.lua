-- The hfc-host side of compare_auto.py.
--   hfc-host bench/auto.lua --folder DIR --threads 2
local opt = hfc.options {folder = {"", "directory with net.pt2 and images.safetensors"}}
local timing = dofile(hfc.script_folder() .. "timing.lua")
local model = hfc.model(opt.folder .. "/net.pt2"):eval()
local set = torch.load(opt.folder .. "/images.safetensors")
local data = hfc.dataset(set.images, set.labels)
local began = timing.now()
local found = hfc.robustness(model, data, hfc.attack.auto {epsilon = 8 / 255}, {checks = false})
local seconds = timing.now() - began
local steps = {}
for i, step in ipairs(found.steps) do
  steps[i] = ("%s %.3f after %.1f s"):format(step.name, step.robust, step.seconds)
end
print(('{"clean": %.6g, "robust": %.6g, "seconds": %.6g, "steps": "%s"}'):format(
  found.clean, found.robust, seconds, table.concat(steps, ", ")))
