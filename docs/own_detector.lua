-- A detector of one's own, with its own post-processing, scored and filtered as the built-in ones
-- are. It knows one thing: where rows or columns of a picture change much, there is an object. A
-- network in place of busy(), written in Lua or brought over, changes nothing else.
--
--   hfc-host docs/own_detector.lua
local data = hfc.data("boxes", {train = 1, test = 40})
local category = {}
for id, name in ipairs(data.class_names) do category[name] = id end

-- How much a picture changes along an axis, averaged around each place: [H, W].
local function busy(image, axis)
  local change = image:mean({0}, true):diff(1, axis):abs():unsqueeze(0)
  return torch.nn.functional.avg_pool2d(change, 25, 1, 12):squeeze(0):squeeze(0)
end

local function detect(image, image_id, rows)
  for axis, name in ipairs {"high_horizontal", "high_vertical"} do
    local map = busy(image, axis)
    local centres = map:gt(.15):nonzero():to("float32")
    local y, x = centres[{{}, {0, 1}}], centres[{{}, {1, 2}}]
    local boxes = torch.cat({x - 16, y - 16, x + 16, y + 16}, 1)
    local scores = map[map:gt(.15)]
    local kept = hfc.detection.nms(boxes, scores, {threshold = .05})
    for k = 0, #kept - 1 do
      local box = boxes[kept[k]:item()]
      rows[#rows + 1] = {image_id = image_id, category_id = category[name],
        bbox = {box[0]:item(), box[1]:item(), 32, 32}, score = scores[kept[k]:item()]:item()}
    end
  end
end

for _, view in ipairs {data.test, data.test:low_pass(12)} do
  local found = {}
  for i = 0, #view - 1 do
    detect((view:batch(i, i + 1))[0], view:target(i).image_id, found)
  end
  local score = hfc.detection.score {annotations = view, detections = found}
  print(view:name(), #found, ("AP at an IoU of .5: %.3f"):format(score.ap50))
end
