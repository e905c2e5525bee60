-- hfc.detection from Lua; the numbers themselves are compared in tests/core/detection.
local lu = require "luaunit"

TestDetection = {}

local truth = [[{"images": [{"id": 4, "file_name": "4.jpg", "height": 100, "width": 100}],
  "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}], "annotations": [
  {"id": 1, "image_id": 4, "category_id": 7, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0},
  {"id": 2, "image_id": 4, "category_id": 9, "bbox": [60, 60, 30, 30], "area": 900, "iscrowd": 0}
  ]}]]

local function write(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end

function TestDetection:setUp()
  self.truth = os.tmpname()
  write(self.truth, truth)
end

function TestDetection:tearDown() os.remove(self.truth) end

function TestDetection:score(detections, rule)
  return hfc.detection.score {annotations = self.truth, detections = detections, rule = rule}
end

function TestDetection:test_rows_and_a_file_give_the_same()
  local rows = {
    {image_id = 4, category_id = 7, bbox = {10, 10, 40, 40}, score = .9},
    {image_id = 4, category_id = 9, bbox = {10, 10, 40, 40}, score = .8},
  }
  local score = self:score(rows)
  lu.assertAlmostEquals(score.ap, .5, 1e-12)
  lu.assertAlmostEquals(score.per_class.cat, 1, 1e-12)
  lu.assertEquals(score.per_class.dog, 0)
  lu.assertEquals(score.class_names, {"cat", "dog"})
  lu.assertEquals(score.image_ids, {4})
  lu.assertAlmostEquals(score.per_image[0]:item(), .5, 1e-12)
  lu.assertEquals(score.per_image_class:size(1), 2)
  local found = os.tmpname()
  write(found, '[{"image_id": 4, "category_id": 7, "bbox": [10, 10, 40, 40], "score": 0.9}]')
  lu.assertAlmostEquals(self:score(found).ap, .5, 1e-12)
  lu.assertAlmostEquals(self:score(found, "voc2010").ap, .5, 1e-12)
  os.remove(found)
end

function TestDetection:test_refuses_rows_by_their_number()
  local function refused(row) return select(2, pcall(self.score, self, {row})) end
  lu.assertStrContains(refused {image_id = 5, category_id = 7, bbox = {1, 1, 2, 2}, score = 1},
    "row 1: the annotations have no image_id 5")
  lu.assertStrContains(refused {image_id = 4, category_id = 7, bbox = {1, 1, 2}, score = 1},
    "row 1: 'bbox' must be four numbers")
  lu.assertStrContains(refused {image_id = 4, category_id = 7, bbox = {1, 1, 2, 2}},
    "row 1: 'score'")
  lu.assertStrContains(
    refused {image_id = 4, category_id = 7, bbox = {1, 1, 2, 0 / 0}, score = 1},
    "the box must be four finite numbers")
  lu.assertStrContains(select(2, pcall(self.score, self, {}, "voc")),
    [[option 'rule': expected "coco", "voc2007" or "voc2010"]])
end

require("support").run()
