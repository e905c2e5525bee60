-- hfc.data and views on data sets.
local lu = require "luaunit"

TestSynthetic = {}

function TestSynthetic:setUp()
  self.data = hfc.data("synthetic",
    {train = 60, test = 20, classes = 4, size = 16, high_radius = 6, seed = 3})
end

function TestSynthetic:test_what_it_holds()
  lu.assertEquals(#self.data.train, 60)
  lu.assertEquals(#self.data.test, 20)
  lu.assertEquals(self.data.classes, 4)
  lu.assertEquals(self.data.channels, 3)
  lu.assertEquals(#self.data.class_names, 4)
  lu.assertStrContains(tostring(self.data.train), "60 images 3 x 16 x 16, 4 classes")
end

function TestSynthetic:test_batches()
  local seen, sum = 0, 0
  for images, labels in self.data.train:batches {size = 25} do
    lu.assertEquals(images.shape[1], #labels)
    lu.assertEquals(images.dtype, "float32")
    lu.assertTrue(images:min():item() >= 0 and images:max():item() <= 1)
    seen, sum = seen + #labels, sum + labels:sum():item()
  end
  lu.assertEquals(seen, 60)
  lu.assertEquals(sum, self.data.train:labels():sum():item())
end

function TestSynthetic:test_shuffled_batches_have_the_same_images_in_another_order()
  local function all(options)
    local labels = {}
    for _, part in self.data.train:batches(options) do labels[#labels + 1] = part end
    return torch.cat(labels)
  end
  local one, again = all {size = 7, shuffle = true, seed = 1},
    all {size = 7, shuffle = true, seed = 1}
  local other = all {size = 7, shuffle = true, seed = 2}
  lu.assertTrue(one:equal(again))
  lu.assertFalse(one:equal(other))
  lu.assertTrue(one:bincount():equal(other:bincount()))
end

function TestSynthetic:test_views()
  local train = self.data.train
  lu.assertEquals(#train:subset(10), 10)
  lu.assertEquals(#train:slice(5, 9), 4)
  lu.assertEquals(#train:per_class(2), 8)
  local shuffled = train:shuffle_labels {seed = 1}
  lu.assertTrue(shuffled:labels():bincount():equal(train:labels():bincount()))
  lu.assertFalse(shuffled:labels():equal(train:labels()))
  lu.assertTrue((shuffled:batch(0, 4)):equal((train:batch(0, 4))))
end

function TestSynthetic:test_low_pass_view_is_the_filtered_batch()
  local train = self.data.train
  local whole, low, high = train:batch(0, 5), train:low_pass(4):batch(0, 5),
    train:high_pass(4):batch(0, 5)
  lu.assertTrue((low - hfc.frequency.low_pass(whole, 4)):abs():max():item() < 1e-6)
  lu.assertTrue((low + high - whole):abs():max():item() < 1e-6)
  local rescaled = train:low_pass(4, {rescale = "max"}):batch(0, 5)
  lu.assertTrue((rescaled:amax({1, 2, 3}) - 1):abs():max():item() < 1e-5)
end

function TestSynthetic:test_bad_input()
  local train = self.data.train
  lu.assertErrorMsgContains("61", train.subset, train, 61)
  lu.assertErrorMsgContains("-1", train.subset, train, -1)
  lu.assertErrorMsgContains("at least 1, got 0", train.batches, train, {size = 0})
  lu.assertErrorMsgContains("radius", train.low_pass, train, -1)
  lu.assertErrorMsgContains("expected a number, got string 'wide'", train.low_pass, train, "wide")
  lu.assertErrorMsgContains("unknown option 'sice' (did you mean 'size'?)",
    train.batches, train, {sice = 3})
  lu.assertErrorMsgContains("expected an integer, got number 2.5", train.subset, train, 2.5)
  lu.assertErrorMsgContains("cifar10", hfc.data, "cifar11")
  lu.assertErrorMsgContains("no-such-folder", hfc.data, "folder:no-such-folder")
end

TestViews = {}

function TestViews:setUp()
  self.train = hfc.data("synthetic", {train = 60, test = 20, size = 16, high_radius = 6}).train
end

function TestViews:test_fields_and_samples()
  local train = self.train
  lu.assertEquals(train.shape, {3, 16, 16})
  lu.assertEquals(train.classes, 10)
  lu.assertEquals(#train.class_names, 10)
  local images, labels = train:batch(0, 60)
  local sample = train[7]
  lu.assertTrue(sample.image:equal(images[7]) and sample[1]:equal(images[7]))
  lu.assertEquals(sample.label, labels[7]:item())
  lu.assertEquals(sample[2], sample.label)
  for _, index in ipairs {-1, 60, .5, 0 / 0} do
    lu.assertErrorMsgContains("must be an integer from 0 to 59", function()
      return train[index]
    end)
  end
  lu.assertErrorMsgContains("did you mean 'low_pass'?", function() return train.lowpass end)
  lu.assertTrue(train:slice(5, 8):samples():equal(torch.arange(5, 8)))
end

function TestViews:test_zero_means_all()
  lu.assertTrue(self.train:subset(0):samples():equal(torch.arange(60)))
end

function TestViews:test_filters_compose()
  local whole = self.train:batch(0, 60)
  local band = self.train:low_pass(6):high_pass(3)
  lu.assertEquals(band:name(), "synthetic train, low r=6, high r=3")
  local expected = hfc.frequency.low_pass(whole, 6) - hfc.frequency.low_pass(whole, 3)
  lu.assertTrue((band:batch(0, 60) - expected):abs():max():item() < 1e-6)
end

function TestViews:test_what_is_handed_out_is_a_copy()
  local view = self.train:low_pass(4)
  for _, data in ipairs {self.train, view, view:shuffle_labels {seed = 1}, view:slice(0, 9)} do
    local labels, sum = data:labels(), data:labels():sum():item()
    labels:fill_(99)
    local images, batch_labels = data:batch(0, 5)
    local before = images:sum():item()
    images:zero_()
    batch_labels:zero_()
    data:samples():zero_()
    data[0].image:zero_()
    lu.assertEquals(data:labels():sum():item(), sum)
    lu.assertEquals((data:batch(0, 5)):sum():item(), before)
    for x, y, i in data:batches {size = 5} do x:zero_() y:zero_() i:zero_() end
    lu.assertEquals((data:batch(0, 5)):sum():item(), before)
  end
end

function TestViews:test_map_may_not_change_what_other_views_show()
  local before = (self.train:batch(0, 60)):clone()
  local zeros = self.train:map(function(images) return images:zero_() end)
  local model = hfc.model("preact_resnet8")
  hfc.train(model, self.train, {epochs = 1, batch_size = 30,
    probes = {a = zeros, b = self.train, c = zeros:high_pass(2)}})
  lu.assertEquals((zeros:batch(0, 60)):abs():max():item(), 0)
  lu.assertTrue((self.train:batch(0, 60)):equal(before))
end

function TestViews:test_map()
  local seen = {}
  local view = self.train:slice(10, 20):map(function(images, indices)
    seen[#seen + 1] = indices
    return images:mean({1}, true) + indices:view(-1, 1, 1, 1)
  end)
  lu.assertEquals(view.shape, {1, 16, 16})
  seen = {}
  local images = view:batch(2, 5)
  lu.assertTrue(seen[1]:equal(torch.arange(12, 15)))
  local whole = self.train:batch(12, 15)
  lu.assertTrue(images:equal(whole:mean({1}, true) + torch.arange(12, 15):view(-1, 1, 1, 1)))
  local low = view:low_pass(2):batch(0, 10)
  lu.assertTrue((low - hfc.frequency.low_pass(view:batch(0, 10), 2)):abs():max():item() < 1e-5)
  local model = hfc.model("preact_resnet8", {channels = 1})
  lu.assertIsNumber(hfc.accuracy(model, view))
  hfc.train(model, view, {epochs = 1, batch_size = 5})
end

function TestViews:test_a_map_that_returns_something_else()
  local train = self.train
  local expected = "as many images as it gets: expected a Tensor float32 [1, C, H, W]"
  local function error_with(f) lu.assertErrorMsgContains(expected, train.map, train, f) end
  error_with(function() end)
  error_with(function() return 3 end)
  error_with(function(images) return images:sum() end)
  error_with(function(images) return images[{{0, 0}}] end)
  error_with(function(images) return torch.cat {images, images} end)
  error_with(function(images) return images:double() end)
  lu.assertErrorMsgContains("broken", train.map, train, function() error("broken") end)
  lu.assertErrorMsgContains("expected a function", train.map, train, 3)
  local count = 0
  local later = train:map(function(images)
    count = count + 1
    return count == 1 and images or images[{{0, 2}}]
  end)
  lu.assertErrorMsgContains("[5, C, H, W]", later.batch, later, 0, 5)
  local other_shape = train:map(function(images)
    return images:size(0) == 1 and images or images:mean({1}, true)
  end)
  lu.assertErrorMsgContains("as it did for the first image", other_shape.batch, other_shape, 0, 5)
  local fails = train:map(function(images)
    assert(images:size(0) < 10, "too many")
    return images
  end)
  lu.assertErrorMsgContains("too many", hfc.accuracy, hfc.model("preact_resnet8"), fails)
end

function TestViews:test_filter()
  local labels = self.train:labels()
  local view = self.train:slice(10, 60):filter(function(image, label, index)
    lu.assertEquals(image.shape, {3, 16, 16})
    lu.assertEquals(label, labels[index]:item())
    return label < 3
  end)
  lu.assertTrue(view:labels():lt(3):all():item())
  lu.assertEquals(#view, labels:slice(0, 10, 60):lt(3):sum():item())
  local train = self.train
  lu.assertErrorMsgContains("returned false for every image of", train.filter, train,
    function() return false end)
  lu.assertErrorMsgContains("true or false", train.filter, train, function() return 1 end)
end

function TestViews:test_concat_and_with_labels()
  local train = self.train
  local both = train:slice(0, 4):concat(train:low_pass(3), train)
  lu.assertEquals(#both, 124)
  lu.assertTrue((both:batch(4, 64)):equal((train:low_pass(3):batch(0, 60))))
  lu.assertErrorMsgContains("must have the same shape", train.concat, train,
    hfc.dataset(torch.zeros(1, 3, 8, 8), torch.zeros(1, {dtype = "int64"})))
  lu.assertErrorMsgContains("expected a Dataset", train.concat, train)
  local relabelled = train:with_labels(torch.full({60}, 2, {dtype = "int64"}))
  lu.assertEquals(relabelled:labels():sum():item(), 120)
  lu.assertErrorMsgContains("int64 [60]", train.with_labels, train, torch.zeros(60))
end

function TestViews:test_probes()
  local probes = self.train:probes {low = {2, 4}, high = {6}, prefix = "train "}
  local names = {}
  for name in pairs(probes) do names[#names + 1] = name end
  table.sort(names)
  lu.assertEquals(names, {"train high r=6", "train low r=2", "train low r=4"})
  lu.assertTrue((probes["train low r=2"]:batch(0, 9)):equal((self.train:low_pass(2):batch(0, 9))))
  lu.assertErrorMsgContains("at least one radius", self.train.probes, self.train, {})
end

TestLoops = {}

function TestLoops:setUp()
  self.train = hfc.data("synthetic", {train = 60, test = 20, size = 16, high_radius = 6}).train
end

function TestLoops:order(options)
  local samples = {}
  for _, _, some in self.train:batches(options) do samples[#samples + 1] = some end
  return torch.cat(samples)
end

function TestLoops:test_a_loop_without_a_seed_advances_by_itself()
  torch.manual_seed(1)
  local one, two = self:order {shuffle = true}, self:order {shuffle = true}
  lu.assertFalse(one:equal(two))
  torch.manual_seed(1)
  lu.assertTrue(self:order {shuffle = true}:equal(one))
  lu.assertTrue(self:order {shuffle = true, seed = 3}:equal(self:order {shuffle = true, seed = 3}))
  lu.assertFalse(self:order {shuffle = true, seed = 3, epoch = 2}:equal(
    self:order {shuffle = true, seed = 3}))
  lu.assertTrue(self:order {}:equal(torch.arange(60)))
end

function TestLoops:test_an_epoch_goes_on_where_it_was_left()
  local whole = self:order {shuffle = true, seed = 1, epoch = 4, size = 7}
  for from = 0, 9 do
    local options = {shuffle = true, seed = 1, epoch = 4, size = 7, from = from, threads = from % 4}
    local count = 0
    for _, _, samples in self.train:batches(options) do
      lu.assertTrue(samples:equal(whole:slice(0, 7 * (from + count), 7 * (from + count + 1))))
      count = count + 1
    end
    lu.assertEquals(count, 9 - from)
  end
  lu.assertErrorMsgContains("between 0 and 9", self.train.batches, self.train,
    {size = 7, from = 10})
end

function TestLoops:test_ranks_share_an_epoch()
  local whole = self:order {shuffle = true, seed = 1}
  local halves = {}
  for rank = 0, 1 do
    halves[rank + 1] = self:order {shuffle = true, seed = 1, size = 7, rank = rank, ranks = 2}
  end
  lu.assertTrue(torch.stack(halves, 1):flatten():equal(whole))
end

function TestLoops:test_last_batch()
  local sizes = {}
  for images in self.train:batches {size = 59, drop_last = true} do
    sizes[#sizes + 1] = images:size(0)
  end
  lu.assertEquals(sizes, {59})
  lu.assertErrorMsgContains("\"stop\" or \"skip\"", self.train.batches, self.train, {bad = "x"})
end

TestFunctions = {}

local function get(i) return torch.full({1, 8, 8}, i / 20), i % 4 end

function TestFunctions:test_a_data_set_of_a_function()
  local data = hfc.dataset {size = 20, get = get, class_names = {"a", "b", "c", "d"}, name = "mine"}
  lu.assertEquals(tostring(data), "Dataset mine: 20 images 1 x 8 x 8, 4 classes")
  lu.assertTrue(data:labels():equal(torch.arange(20):remainder(4)))
  local images, labels = data:subset(5, {seed = 1}):batch(0, 5)
  lu.assertTrue((images:amax({1, 2, 3}) * 20):round():long():remainder(4):equal(labels))
  local model = hfc.model("preact_resnet8", {channels = 1, classes = 4})
  hfc.train(model, data, {epochs = 1, batch_size = 6, probes = data:probes {low = {2}}})
  lu.assertIsNumber(hfc.accuracy(model, data))
  local bytes = hfc.dataset {size = 2, get = function()
    return torch.full({1, 2, 2}, 255, {dtype = "uint8"})
  end}
  lu.assertEquals((bytes:batch(0, 2)):max():item(), 1)
  lu.assertErrorMsgContains("has no labels", bytes.labels, bytes)
end

function TestFunctions:test_bad_functions()
  local function error_of(message, f, options)
    options = options or {}
    options.size, options.get = 20, f
    lu.assertErrorMsgContains(message, hfc.dataset, options)
  end
  error_of("get(0) must return an image", function() end)
  error_of("got Tensor float32 [8, 8]", function() return torch.zeros(8, 8), 0 end)
  error_of("got Tensor float64", function() return torch.zeros(1, 8, 8):double(), 0 end)
  error_of("get(7): ", function(i) return get(assert(i < 7 and i, "gone")) end)
  error_of("get(3) must return an integer label", function(i)
    return torch.zeros(1, 8, 8), i == 3 and "cat" or 0
  end)
  error_of("get(3) returns no label", function(i)
    return torch.zeros(1, 8, 8), i ~= 3 and 0 or nil
  end)
  error_of("get(2) must return a label from 0 to 1", get, {classes = 2})
  error_of("get(2) must return a label from 0 to 1", get, {class_names = {"a", "b"}})
  error_of("expected a function", 3)
  lu.assertErrorMsgContains("'get' is missing", hfc.dataset, {size = 3})
  lu.assertErrorMsgContains("'size'", hfc.dataset, {get = get})
  lu.assertErrorMsgContains("unknown option 'sise'", hfc.dataset, {size = 3, get = get, sise = 4})
end

function TestFunctions:test_functions_that_change_their_answers()
  local shape, label = 8, 0
  local data = hfc.dataset {size = 20, get = function(i)
    return torch.zeros(1, i == 13 and shape or 8, 8), i == 13 and label or 0
  end}
  data:batch(0, 20)
  label = 1
  lu.assertErrorMsgContains("get(13) must return the same label", data.batch, data, 0, 20)
  label, shape = 0, 9
  lu.assertErrorMsgContains("get(13) must return a Tensor float32 [1, 8, 8]", hfc.accuracy,
    hfc.model("preact_resnet8", {channels = 1}), data)
  data:batch(0, 13)
end

TestFiles = {}

function TestFiles:test_arrays_of_numpy_are_read_as_they_are_asked_for()
  local path = os.tmpname()
  local images = torch.randint(0, 256, {6, 3, 4, 5}):to("uint8")
  torch.save(images, path .. ".npy")
  local data = hfc.dataset(path .. ".npy", torch.arange(6))
  lu.assertEquals(data.shape, {3, 4, 5})
  lu.assertTrue((data:batch(2, 5)):equal(images:slice(0, 2, 5):float() / 255))
  lu.assertErrorMsgContains("int64 [6]", hfc.dataset, path .. ".npy", torch.arange(5))
  os.remove(path .. ".npy")
  os.remove(path)
  lu.assertErrorMsgContains(".npy", hfc.dataset, path .. ".npy")
  lu.assertErrorMsgContains("expected the name of a .npy file", hfc.dataset, "images.pt")
end

require("support").run()
