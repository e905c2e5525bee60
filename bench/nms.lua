-- The hfc-host side of compare_nms.py.
--   hfc-host bench/nms.lua --folder DIR --threads 1
local opt = hfc.options {folder = {"", "directory with boxes.safetensors"}}
local timing = dofile(hfc.script_folder() .. "timing.lua")
local data = torch.load(opt.folder .. "/boxes.safetensors")
local found = {}
for _, count in ipairs {1000, 5000, 20000} do
  local boxes, scores = data["boxes " .. count], data["scores " .. count]
  for _, classes in ipairs {1, 80} do
    local labels = data[("labels %d %d"):format(count, classes)]
    local settings = {threshold = 0.5, labels = classes > 1 and labels or nil}
    local kept
    local seconds = timing.best(7, function() kept = hfc.detection.nms(boxes, scores, settings) end)
    local weights = torch.arange(1, kept:numel() + 1):remainder(1000)
    found[#found + 1] = ('"%d boxes, %d classes": [%.6g, %d, %d]'):format(count, classes, seconds,
      kept:numel(), (kept * weights):sum():item())
  end
end
print("{" .. table.concat(found, ", ") .. "}")
