-- Data sets of picture files: streamed folders, and the steps from picture to image.
local lu = require "luaunit"

TestPictures = {}

-- A picture of one grey.
local function write_picture(path, height, width, grey)
  local file = assert(io.open(path, "wb"))
  file:write(("P6 %d %d 255\n"):format(width, height), string.char(grey):rep(3 * height * width))
  file:close()
end

-- Pictures of one grey each, which tells them apart.
function TestPictures:setUp()
  self.dir = os.tmpname()
  os.remove(self.dir)
  for i, part in ipairs {"train/cat", "train/dog", "val/cat", "val/dog"} do
    os.execute("mkdir -p " .. self.dir .. "/" .. part)
    for j = 1, 3 do
      write_picture(("%s/%s/%d.ppm"):format(self.dir, part, j), 12 + j, 10 + i, 10 * i + j)
    end
  end
end

function TestPictures:tearDown()
  os.execute("rm -r " .. self.dir)
end

function TestPictures:load(options)
  return hfc.data("folder:" .. self.dir, options)
end

function TestPictures:test_streamed_pictures_are_those_in_memory()
  local memory = self:load {image_size = 8, stream = false}
  local stream = self:load {image_size = 8, stream = true}
  lu.assertEquals(#stream.train, 6)
  lu.assertTrue((stream.train:batch(0, 6)):equal((memory.train:batch(0, 6))))
  lu.assertTrue(stream.train:labels():equal(memory.train:labels()))
  lu.assertEquals(stream.train:check(), {})
end

function TestPictures:test_classes_of_folders()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write('{"animal": "cat..dog"}')
  file:close()
  local data = self:load {stream = true, classes = path}
  lu.assertEquals(data.class_names, {"animal"})
  lu.assertEquals(#data.train, 6)
  local opt = {dataset = "folder:" .. self.dir, classes = path}
  lu.assertEquals(hfc.data(opt, {image_size = 8}).classes, 1)
  os.remove(path)
  lu.assertErrorMsgContains(path, self.load, self, {classes = path})
  lu.assertErrorMsgContains("but the data set 'synthetic' has no directories", hfc.data,
                            {dataset = "synthetic", classes = path})
end

function TestPictures:test_tar_beside_folder()
  local tar = self.dir .. "/both.tar"
  os.execute(("tar -cf %s -C %s train val"):format(tar, self.dir))
  local folder = self:load {image_size = 8, stream = true}
  local packed = hfc.data("tar:" .. tar, {image_size = 8, stream = true})
  lu.assertEquals(packed.class_names, folder.class_names)
  lu.assertTrue((packed.train:batch(0, 6)):equal((folder.train:batch(0, 6))))
  lu.assertTrue((packed.test:batch(0, 6)):equal((folder.test:batch(0, 6))))
  -- Scripts give numbers for the synthetic set, whatever the data set.
  lu.assertEquals(hfc.data("tar:" .. tar, {classes = 5, test = 100, high = .1}).classes, 2)
  lu.assertEquals(self:load({classes = 5, test = 100, high = .1}).classes, 2)
  os.execute(("gzip %s"):format(tar))
  lu.assertErrorMsgContains("the file is compressed (gzip); unpack it first", hfc.data,
                            "tar:" .. tar .. ".gz")
end

function TestPictures:test_pad_random_crop_and_colours()
  local train = self:load({stream = true}).train
  local padded = train:transform {{"resize", 8}, {"pad", 1}, {"center_crop", 10}}
  local image = padded[0].image
  lu.assertEquals(image[0][0][0]:item(), 0)
  lu.assertTrue(image[0][1][1]:item() > 0)
  local jitter = train:transform {
    {"random_crop", 9}, {"horizontal_flip"}, {"color_jitter", brightness = .5, hue = .1},
  }
  lu.assertEquals(jitter.shape, {3, 9, 9})
  lu.assertStrContains(jitter:name(), "random_crop 9, horizontal_flip, color_jitter")
  local large = train:transform {{"random_crop", 40}}
  lu.assertErrorMsgContains(
    "the image 'cat/1.ppm': random_crop 40 requires a larger image, got 13 x 11 pixels",
    large.batch, large, 0, 1)
  lu.assertErrorMsgContains("color_jitter: hue must be 0 to 0.5, got 0.7", train.transform, train,
                            {{"center_crop", 4}, {"color_jitter", hue = .7}})
end

function TestPictures:test_cache_and_check()
  local train = self:load({stream = true, image_size = 8}).train
  local folder = self.dir .. "/cache"
  local before = train:batch(0, 6)
  lu.assertTrue((train:cache():batch(0, 6)):equal(before))
  lu.assertTrue((train:cache(folder):batch(0, 6)):equal(before))
  local few = self:load {stream = true, image_size = 8, per_class = {train = 2}}
  lu.assertEquals(#few.train, 4)
  lu.assertEquals(#few.test, 6)
  lu.assertErrorMsgContains("has random steps", function()
    train:transform({{"random_crop", 4}}):cache()
  end)
  lu.assertErrorMsgContains("option 'per_class': expected a table", self.load, self,
                            {per_class = 3})
  local data = self:load {stream = true}
  lu.assertEquals(hfc.check(data), {})
  for i = 1, 12 do
    local file = assert(io.open(("%s/train/cat/bad%02d.png"):format(self.dir, i), "w"))
    file:write "no picture"
    file:close()
  end
  data = self:load {stream = true}
  lu.assertEquals(#data.train:check(), 10)
  local found = hfc.check(data)
  lu.assertEquals(#found, 12)
  lu.assertStrContains(found[1], "train, sample 3: the image '" .. self.dir)
  lu.assertEquals(#hfc.check(data.train), 12)
end

function TestPictures:test_steps()
  local train = self:load({stream = true}).train:transform {
    {"random_resized_crop", 6, scale = {.5, 1}, ratio = {1, 1}}, {"horizontal_flip", p = .25},
  }
  lu.assertEquals(train.shape, {3, 6, 6})
  lu.assertStrContains(train:name(), "random_resized_crop 6, horizontal_flip")
  local seen = {}
  for images, labels, samples in train:batches {size = 4, shuffle = true, seed = 3, threads = 2} do
    for i = 0, #labels - 1 do
      seen[#seen + 1] = samples[i]:item()
      local grey = math.floor(images[i][0][0][0]:item() * 255 + .5)
      lu.assertEquals(grey % 10, samples[i]:item() % 3 + 1)
    end
  end
  table.sort(seen)
  lu.assertEquals(seen, {0, 1, 2, 3, 4, 5})
  local test = self:load({stream = true}).test:transform "imagenet"
  lu.assertEquals(test.shape, {3, 224, 224})
  local small = self:load({stream = true}).test:transform {{"resize", 8}, {"center_crop", 8}}
  local low = small:low_pass(2)
  lu.assertEquals(low.shape, {3, 8, 8})
end

function TestPictures:test_a_network_trains_on_them()
  local data = self:load {stream = true}
  local train = data.train:transform {{"random_resized_crop", 8}, {"horizontal_flip"}}
  local test = data.test:transform {{"resize", 8}, {"center_crop", 8}}
  local options = {epochs = 2, batch_size = 4, quiet = true, seed = 5}
  local function weights()
    local net = hfc.model("preact_resnet8", {classes = 2, seed = 1})
    hfc.train(net, train, options)
    lu.assertTrue(hfc.accuracy(net, test) >= 0)
    return net:parameters()[1]:clone()
  end
  lu.assertTrue(weights():equal(weights()))
end

function TestPictures:test_bad_pictures_are_named()
  local data = self:load {image_size = 8, stream = true}
  local file = assert(io.open(self.dir .. "/train/cat/2.ppm", "w"))
  file:write "no picture"
  file:close()
  os.remove(self.dir .. "/train/dog/1.ppm")
  local bad = data.train:check()
  lu.assertEquals({bad[1].sample, bad[2].sample, #bad}, {1, 3, 2})
  lu.assertStrContains(bad[1].reason, "/train/cat/2.ppm' is not a JPEG")
  lu.assertStrContains(bad[2].reason, "/train/dog/1.ppm")
  lu.assertErrorMsgContains("2 of the 6 samples in the batch cannot be read", function()
    for _ in data.train:batches {size = 6} do end
  end)
  lu.assertErrorMsgContains("train/cat/2.ppm' is not a JPEG", function()
    self:load {image_size = 8, stream = false}
  end)
end

function TestPictures:test_wrong_steps_are_named()
  local train = self:load({stream = true}).train
  local function fails(message, ...)
    lu.assertErrorMsgContains(message, train.transform, train, ...)
  end
  fails "argument 1 (steps): expected a list of steps or the name of a preset"
  fails("unknown preset 'imagnet' (did you mean 'imagenet'?)", "imagnet")
  fails("expected at least one step", {})
  fails("step 1: expected a step {name, size}", {"resize", 8})
  fails("unknown step 'centre_crop' (did you mean 'center_crop'?)", {{"centre_crop", 8}})
  fails("the size of step 2: expected", {{"resize", 8}, {"center_crop"}})
  fails("unknown option 'p'", {{"resize", 8, p = 1}, {"center_crop", 8}})
  fails("resize and random_resized_crop are allowed only as the first step",
        {{"pad", 8}, {"resize", 8}})
  fails("p must be a probability", {{"random_resized_crop", 8}, {"horizontal_flip", p = 2}})
  fails("option 'scale': expected two numbers", {{"random_resized_crop", 8, scale = .5}})
  fails("interpolation must be", {{"random_resized_crop", 8}}, {interpolation = "area"})
  lu.assertErrorMsgContains("before they are filtered or mapped", function()
    train:low_pass(4):transform "imagenet"
  end)
  lu.assertErrorMsgContains("is not made from image files", function()
    hfc.dataset(torch.rand(2, 3, 8, 8)):transform "imagenet"
  end)
  lu.assertErrorMsgContains("orientation must be", self.load, self, {orientation = "up"})
end

require("support").run()
