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
  lu.assertErrorMsgContains("0", train.subset, train, 0)
  lu.assertErrorMsgContains("at least 1, got 0", train.batches, train, {size = 0})
  lu.assertErrorMsgContains("radius", train.low_pass, train, -1)
  lu.assertErrorMsgContains("expected a number, got text 'wide'", train.low_pass, train, "wide")
  lu.assertErrorMsgContains("unknown option 'sice' (did you mean 'size'?)",
    train.batches, train, {sice = 3})
  lu.assertErrorMsgContains("expected a whole number, got number 2.5", train.subset, train, 2.5)
  lu.assertErrorMsgContains("cifar10", hfc.data, "cifar11")
  lu.assertErrorMsgContains("no-such-folder", hfc.data, "folder:no-such-folder")
end

require("support").run()
