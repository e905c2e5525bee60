-- The hfc-host side of compare_corruptions.py.
--   hfc-host bench/corruptions.lua --images DIR --frost DIR --threads 1
local opt = hfc.options {
  images = {"", "directory with SIZE.safetensors: images, uint8 [N, H, W, 3]"},
  frost = {"", "directory with the photographs for frost"},
}
local timing = dofile(hfc.script_folder() .. "timing.lua")
local found = {}
for _, size in ipairs {32, 224} do
  local images = torch.load(("%s/%d.safetensors"):format(opt.images, size)).images
  images = images:permute {0, 3, 1, 2}:float():div(255):contiguous()
  for _, kind in ipairs(hfc.corruptions "all") do
    local settings = kind == "frost" and {frost = opt.frost} or {}
    local began = timing.now()
    for severity = 1, 5 do hfc.corrupt(images, kind, severity, settings) end
    found[#found + 1] = ('"%s %d": %.6g'):format(kind, size, timing.now() - began)
  end
end
print("{" .. table.concat(found, ", ") .. "}")
