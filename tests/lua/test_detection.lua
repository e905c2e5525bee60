-- hfc.detection from Lua; the numbers themselves are compared in tests/core/detection.
local lu = require "luaunit"
local support = require "support"
local own_detector = assert(loadfile "../../docs/own_detector.lua")
support.use_own_folder()

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
    "row 1: image_id 5 is not in the annotations")
  lu.assertStrContains(refused {image_id = 4, category_id = 7, bbox = {1, 1, 2}, score = 1},
    "row 1: 'bbox' must contain four numbers")
  lu.assertStrContains(refused {image_id = 4, category_id = 7, bbox = {1, 1, 2, 2}},
    "row 1: 'score'")
  lu.assertStrContains(
    refused {image_id = 4, category_id = 7, bbox = {1, 1, 2, 0 / 0}, score = 1},
    "the box must be four finite numbers")
  lu.assertStrContains(select(2, pcall(self.score, self, {}, "voc")),
    [[option 'rule': expected "coco", "voc2007" or "voc2010"]])
end

TestDetector = {}

local function small(options)
  local data = hfc.data("boxes", {train = 12, test = 6, size = 64})
  options = options or {}
  options.classes, options.min_size = 4, 64
  return hfc.detection.model("retinanet_small", options), data
end

function TestDetector:test_data_sets_have_targets()
  local _, data = small()
  local images, targets = data.train:batch(0, 3)
  lu.assertEquals(images.shape, {3, 3, 64, 64})
  lu.assertEquals(#targets, 3)
  lu.assertEquals(targets[1]:size(1), 5)
  local target = data.train:target(0)
  lu.assertTrue(target.boxes:eq(targets[1][{{}, {0, 4}}]):all():item())
  local sizes = {}
  for _, list in data.train:batches {size = 5} do sizes[#sizes + 1] = #list end
  lu.assertEquals(sizes, {5, 5, 2})
  local other = hfc.data("synthetic").test
  lu.assertStrContains(select(2, pcall(other.target, other, 0)), "has no boxes")
  lu.assertErrorMsgContains("argument 1 (i): expected an index from 0 to ", data.train.target,
                            data.train, #data.train)
end

function TestDetector:test_detections_are_saved_and_scored()
  local net, data = small {score_threshold = 0, detections = 5}
  local found = hfc.detection.detect(net, data.test)
  lu.assertEquals(#found, 30)
  local path = os.tmpname()
  found:save(path)
  local ids = {}
  for i = 0, 5 do ids[i + 1] = data.test:target(i).image_id end
  local a = hfc.detection.score {detections = found}
  local b = hfc.detection.score {annotations = data.test, detections = path}
  local c = hfc.detection.score {annotations = data.test, detections = found:rows()}
  os.remove(path)
  lu.assertEquals(a.image_ids, ids)
  lu.assertEquals({b.ap, c.ap}, {a.ap, a.ap})
  lu.assertEquals(found:of(0).boxes.shape, {5, 4})
  lu.assertErrorMsgContains("argument 1 (picture): expected an index from 0 to 5 (", found.of,
                            found, 6)
  local alone = hfc.detection.detect(net, (data.test:batch(0, 1)))
  lu.assertTrue((alone[1].scores - found:of(0).scores):abs():max():item() < 1e-5)
end

function TestDetector:test_trains_with_average_precision_as_metric()
  local net, data = small()
  local seen
  local history = hfc.train(net, data.train, {
    loss = "detection", epochs = 1, batch_size = 4, optimizer = {"adam", lr = 1e-3},
    probes = {low = data.test:low_pass(8)},
    on_epoch = function(state) seen = state end,
  })
  lu.assertTrue(history[1].loss > 0)
  lu.assertNotNil(seen)
  local function loss(_, images, _, step)
    lu.assertEquals(#step.targets, images.shape[1])
    return net(images):square():mean()
  end
  hfc.train(net, data.train, {loss = loss, epochs = 1, batch_size = 4})
end

function TestDetector:test_figures_of_large_pictures_are_drawn_smaller()
  local net = small {score_threshold = 0, detections = 5}
  local data = hfc.data("boxes", {train = 1, test = 6, size = 512})
  local found = hfc.detection.detect(net, data.test)
  local score = hfc.detection.score {detections = found}
  local part = {name = "whole", view = data.test, found = found, score = score}
  local run = hfc.run "figure"
  local paths = hfc.detection.figure(run, "figure", {part, part, part}, {0, 1, 2, 3, 4, 5})
  lu.assertTrue(#paths > 0)
  local png = assert(io.open(run:directory() .. "/images/figure-1.png", "rb")):read(24)
  lu.assertEquals(png:byte(19) * 256 + png:byte(20), 3 * 235)  -- 512 (1e6 / (18 512 512))^.5
end

function TestDetector:test_counts_better_and_worse_pictures()
  local function score(values)
    return {per_image = torch.tensor(values), per_image_class = torch.tensor(values):unsqueeze(1)}
  end
  local change = hfc.detection.compare(score {.5, .5, .5, -1, .2}, score {.6, .1, .5, -1, .9})
  lu.assertEquals({change.better, change.worse, change.equal, change.left_out}, {2, 1, 1, 1})
  lu.assertEquals(change.gains, {4, 0})
  lu.assertEquals(change.losses, {1})
  lu.assertEquals(change.any_class, 2)
end

function TestDetector:test_the_example_of_an_own_detector_knows_the_answer()
  local lines = {}
  local print_before = print
  print = function(...) lines[#lines + 1] = table.concat({...}, " ") end
  local ok, message = pcall(own_detector)
  print = print_before
  lu.assertTrue(ok, message)
  local whole, low = lines[1]:match("%.5: (.*)"), lines[2]:match("%.5: (.*)")
  lu.assertTrue(tonumber(whole) > .05, lines[1])
  lu.assertEquals(tonumber(low), 0)
end

support.run()
