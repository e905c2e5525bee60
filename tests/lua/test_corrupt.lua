-- Corruptions from Lua; their bytes are compared with the published code's in tests/core/corrupt.
local lu = require "luaunit"

TestCorrupt = {}

local function images(n, size)
  local x = torch.linspace(0, 1, n * 3 * size * size):reshape(n, 3, size, size)
  return (x * 40):sin():abs()
end

function TestCorrupt:test_names_of_kinds()
  lu.assertEquals(#hfc.corruptions(), 15)
  lu.assertEquals(#hfc.corruptions("extra"), 4)
  lu.assertEquals(#hfc.corruptions("all"), 19)
  lu.assertErrorMsgContains('\'set\' must be "common"', hfc.corruptions, "most")
end

function TestCorrupt:test_every_kind_depends_on_seed_and_sample_alone()
  local x, drawn = images(3, 32), {}
  for _, kind in ipairs(hfc.corruptions("all")) do
    if kind ~= "frost" then
      local whole = hfc.corrupt(x, kind, 3, {seed = 4})
      lu.assertTrue(whole:min():item() >= 0 and whole:max():item() <= 1, kind)
      lu.assertTrue((whole * 255 - (whole * 255):round()):abs():max():item() < 1e-4, kind)
      local last = hfc.corrupt(x:narrow(0, 2, 1), kind, 3,
        {seed = 4, samples = torch.tensor({2}, {dtype = "int64"})})
      lu.assertTrue(last[0]:equal(whole[2]), kind)
      lu.assertFalse(whole:equal(hfc.corrupt(x, kind, 5, {seed = 4})), kind)
      drawn[kind] = not whole:equal(hfc.corrupt(x, kind, 3, {seed = 5}))
    end
  end
  for _, kind in ipairs {"defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate",
    "jpeg_compression", "gaussian_blur", "saturate"} do
    lu.assertFalse(drawn[kind], kind)
    drawn[kind] = nil
  end
  for kind, differs in pairs(drawn) do lu.assertTrue(differs, kind) end
end

function TestCorrupt:test_noise_has_the_moments_of_its_constants()
  local grey = torch.full({40, 3, 32, 32}, 128 / 255)
  local noise = hfc.corrupt(grey, "gaussian_noise", 5) - grey
  lu.assertAlmostEquals(noise:std():item(), 0.1, 1e-3)
  -- Cut off downwards: half a byte darker on the mean.
  lu.assertAlmostEquals(noise:mean():item(), -0.5 / 255, 1.2e-3)
  local shot = hfc.corrupt(grey, "shot_noise", 5) - grey
  lu.assertAlmostEquals(shot:std():item(), math.sqrt(128 / 255 / 50), 1e-3)
  local hit = hfc.corrupt(grey, "impulse_noise", 5):ne(grey):double():mean():item()
  lu.assertAlmostEquals(hit, 0.07, 3e-3)
end

function TestCorrupt:test_grey_images_and_a_jpeg_at_the_end()
  local grey = images(2, 32):narrow(1, 0, 1)
  lu.assertEquals(hfc.corrupt(grey, "fog", 1):size(), {2, 1, 32, 32})
  lu.assertErrorMsgContains("grey", hfc.corrupt, grey, "saturate", 1)
  local x = images(2, 64)
  lu.assertFalse(hfc.corrupt(x, "contrast", 1):equal(hfc.corrupt(x, "contrast", 1, {jpeg = 85})))
  lu.assertFalse(hfc.corrupt(x, "contrast", 1):equal(
    hfc.corrupt(x, "contrast", 1, {constants = "cifar"})))
end

function TestCorrupt:test_frost_needs_its_photographs()
  local x = images(2, 32)
  lu.assertErrorMsgContains("frost1.png, frost2.png, frost3.png, frost4.jpg, frost5.jpg",
    hfc.corrupt, x, "frost", 1)
  lu.assertErrorMsgContains("github.com/hendrycks/robustness", hfc.corrupt, x, "frost", 1,
    {frost = "/nowhere"})
end

function TestCorrupt:test_says_what_is_wrong()
  local x = images(1, 32)
  lu.assertErrorMsgContains("did you mean 'defocus_blur'", hfc.corrupt, x, "defocus_blurr", 1)
  for _, severity in ipairs {0, 6} do
    lu.assertErrorMsgContains("severity must be 1 to 5", hfc.corrupt, x, "fog", severity)
  end
  lu.assertErrorMsgContains("in [0,1]", hfc.corrupt, x * 2, "fog", 1)
  lu.assertErrorMsgContains("1 or 3 channels", hfc.corrupt, x:narrow(1, 0, 2), "fog", 1)
  lu.assertErrorMsgContains("at least 32 x 32 pixels", hfc.corrupt, x:narrow(2, 0, 20), "fog", 1)
  local wide = images(1, 64):narrow(2, 0, 40)
  for _, kind in ipairs {"glass_blur", "fog", "elastic_transform", "snow"} do
    lu.assertErrorMsgContains("must be square for " .. kind, hfc.corrupt, wide, kind, 1)
  end
  lu.assertEquals(hfc.corrupt(wide, "zoom_blur", 1):size(), {1, 3, 40, 64})
  lu.assertErrorMsgContains("constants must be", hfc.corrupt, x, "fog", 1, {constants = "mnist"})
  lu.assertErrorMsgContains("jpeg must be", hfc.corrupt, x, "fog", 1, {jpeg = 101})
end

function TestCorrupt:test_data_sets_and_the_corruption_error()
  local data = hfc.data("synthetic", {train = 20, test = 30}).test
  local foggy = data:corrupt("fog", 2, {seed = 1})
  lu.assertStrContains(foggy:name(), "fog 2")
  local x = data:batch(0, 30)
  lu.assertTrue(foggy:batch(0, 30):equal(hfc.corrupt(x, "fog", 2, {seed = 1})))
  local net = hfc.model("preact_resnet8", {seed = 3})
  local found = hfc.corruption_error(net, data, {kinds = {"fog", "gaussian_noise"},
    severities = {1, 5}, baseline = "alexnet"})
  lu.assertAlmostEquals(found.clean, 1 - hfc.accuracy(net, data), 1e-12)
  lu.assertAlmostEquals(found.by.fog[2], 1 - hfc.accuracy(net, data:corrupt("fog", 5)), 1e-12)
  local mean = (found.by.fog[1] + found.by.fog[2] + found.by.gaussian_noise[1]
    + found.by.gaussian_noise[2]) / 4
  lu.assertAlmostEquals(found.mean, mean, 1e-12)
  lu.assertAlmostEquals(found.relative, mean - found.clean, 1e-12)
  lu.assertAlmostEquals(found.mce, ((found.by.fog[1] + found.by.fog[2]) / 2 / 0.819324
    + (found.by.gaussian_noise[1] + found.by.gaussian_noise[2]) / 2 / 0.886428) / 2, 1e-9)
  -- White noise reaches all frequencies, fog the low ones.
  lu.assertTrue(found.band.gaussian_noise > 10 and found.band.fog < 4)
  lu.assertErrorMsgContains("no AlexNet error is published for spatter", hfc.corruption_error,
    net, data, {kinds = {"spatter"}, baseline = "alexnet"})
end

function TestCorrupt:test_published_files_say_what_is_missing()
  local data = hfc.data("synthetic", {train = 20, test = 10}).test
  lu.assertErrorMsgContains("a view of these images without transforms, got 'synthetic",
    function() data:corrupt("fog", 1, {from = "files"}) end)
  lu.assertErrorMsgContains("option 'from' must be",
    function() data:corrupt("fog", 1, {from = "web"}) end)
end

require("support").run()
