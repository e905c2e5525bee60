-- Data sets of tensors as other programs store them.
local lu = require "luaunit"

TestTensors = {}

-- EMNIST's files hold each letter with rows and columns exchanged.
function TestTensors:test_transposed_letters_are_put_upright()
  local letter = torch.zeros(1, 1, 6, 6)  -- an L
  letter[{{}, {}, {0, 6}, 1}] = 1
  letter[{{}, {}, 5, {1, 4}}] = 1
  local labels = torch.tensor {3, 3, 3, 3, 3}:long()
  local stored = letter:expand(5, 1, 6, 6):transpose(2, 3):contiguous()
  lu.assertFalse(stored[1]:equal(letter[0]))
  local emnist = hfc.dataset(stored, labels)
  local upright = emnist:map(function(images) return images:transpose(2, 3) end)
  local made = hfc.dataset(stored:transpose(2, 3), labels)
  for _, data in ipairs {upright, made, upright:slice(1, 5), made:subset(3)} do
    lu.assertEquals(data.shape, {1, 6, 6})
    for images, some in data:batches {size = 2} do
      lu.assertTrue(images:equal(letter:expand(images:size(0), 1, 6, 6)))
      lu.assertTrue(some:eq(3):all():item())
    end
  end
  local wide = hfc.dataset(torch.rand(4, 1, 6, 8), torch.zeros(4, {dtype = "int64"}))
  local turned = wide:map(function(images) return images:transpose(2, 3) end)
  lu.assertEquals(turned.shape, {1, 8, 6})
  lu.assertTrue((turned:batch(0, 4)):equal((wide:batch(0, 4)):transpose(2, 3)))
end

-- CIFAR-10-C: bytes, the channels last, labels of bytes.
function TestTensors:test_a_data_set_of_bytes()
  local images = torch.randint(0, 256, {4, 8, 8, 3}, {dtype = "uint8"})
  local labels = torch.tensor({3, 200, 0, 255}, {dtype = "uint8"})
  local first = images:permute(0, 3, 1, 2)
  local data = hfc.dataset(first, labels)
  lu.assertEquals(data.shape, {3, 8, 8})
  lu.assertTrue((data:batch(0, 4)):equal(first:float() / 255))
  lu.assertTrue(data:labels():equal(torch.tensor {3, 200, 0, 255}:long()))
  lu.assertEquals(data:labels().dtype, "int64")
  lu.assertTrue(data:with_labels(labels:flip {0}):labels():equal(data:labels():flip {0}))
  local model = hfc.model("preact_resnet8", {classes = 256})
  lu.assertIsNumber(hfc.accuracy(model, data))
  lu.assertIsNumber(hfc.accuracy(model, first:float() / 255, labels))
  local last = hfc.dataset(images, labels)  -- said on standard error
  lu.assertEquals(last.shape, {3, 8, 8})
  lu.assertTrue((last:batch(0, 4)):equal((data:batch(0, 4))))
  for _, measure in ipairs {hfc.accuracy, hfc.predict, hfc.train} do
    lu.assertErrorMsgContains("with channels last; write x:permute(0, 3, 1, 2)", measure,
      model, hfc.dataset(images:float(), labels))
  end
  lu.assertErrorMsgContains("must be below 1000000, got 1000000", hfc.dataset, first,
    torch.tensor {0, 1, 1000000, 2}:long())
  lu.assertErrorMsgContains("write x:float()", hfc.dataset, first:double(), labels)
  for _, dtype in ipairs {"float32", "int32", "bool"} do
    lu.assertErrorMsgContains("the labels of 'images' must be int64 [4] or uint8 [4]", hfc.dataset,
      first, labels:to(dtype))
  end
end

function TestTensors:test_first_guesses_are_told_what_to_write()
  local images = torch.rand(4, 3, 8, 8)
  local function fails(message, ...) lu.assertErrorMsgContains(message, hfc.dataset, ...) end
  fails("argument 2 (labels): expected a Tensor int64 [N], such as torch.tensor(", images,
    {0, 1, 0, 1})
  fails("or a table {size = n, get = function(i) return image, label end}, got a function",
    function() end, 4)
  fails("argument 1 (images): expected a Tensor of images, the name of a .npy file")
  fails("argument 1 (images): expected the name of a .npy file, got 'x'", "x")
end

function TestTensors:test_data_sets_that_call_themselves_end()
  local data
  data = hfc.dataset {size = 12, classes = 2, get = function(i)
    if data then data:batch(0, 1) end
    return torch.rand(3, 8, 8), i % 2
  end}
  lu.assertErrorMsgContains("callbacks are nested more than 60 levels deep", data.batch, data, 0, 2)
  local map
  map = hfc.dataset(torch.rand(4, 3, 8, 8)):map(function(images)
    return map and map:batch(0, 1) or images
  end)
  lu.assertErrorMsgContains("callbacks are nested more than 60 levels deep", map.batch, map, 0, 1)
end

function TestTensors:test_classes_and_their_names_agree()
  lu.assertErrorMsgContains("option 'classes' is 2, but 'class_names' has 3 names", hfc.dataset,
    {size = 2, classes = 2, class_names = {"a", "b", "c"}, get = function() end})
end

require("support").run()
