-- hfc.smooth from Lua; the kernels themselves are compared with scipy's in tests/core/smooth.
local lu = require "luaunit"

TestSmooth = {}

function TestSmooth:test_a_copy_with_a_smoother_first_convolution()
  local model = hfc.model("preact_resnet8", {classes = 4, seed = 1})
  local first
  for _, weight in model:named_parameters() do first = first or weight end
  local before = first:detach():clone()
  local smooth = hfc.smooth(model, {rho = 0.5})
  lu.assertTrue(first:equal(before), "the model stays as it was")
  local smoothed = smooth:parameters()[1]
  lu.assertTrue((smoothed - hfc.smooth_kernel(before, 0.5)):abs():max():item() < 1e-6)
  lu.assertTrue(
    hfc.roughness(smoothed:detach()):mean():item() < hfc.roughness(before):mean():item())
  lu.assertTrue(model:parameters()[2]:equal(smooth:parameters()[2]))
end

function TestSmooth:test_a_network_written_in_lua()
  local net = torch.nn.Sequential {torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten()}
  local smooth = hfc.smooth(net, {sigma = 1})
  lu.assertTrue(torch.nn.is_module(smooth))
  lu.assertFalse(smooth:parameters()[1]:equal(net:parameters()[1]))
end

function TestSmooth:test_frequency_response_of_a_mean_is_one_at_zero()
  local response = hfc.frequency_response(torch.full({3, 3}, 1 / 9), 8)
  lu.assertAlmostEquals(response[{0, 0}]:item(), 1, 1e-6)
  lu.assertTrue(response[{4, 4}]:item() < 0.2)
end

function TestSmooth:test_bad_input()
  local model = hfc.model("preact_resnet8")
  lu.assertErrorMsgContains("expected exactly one of the options 'rho'", hfc.smooth, model, {})
  lu.assertErrorMsgContains("rho", hfc.smooth, model, {rho = -1})
  lu.assertErrorMsgContains("no-such-layer",
    hfc.smooth, model, {rho = 1, layers = {"no-such-layer"}})
  lu.assertErrorMsgContains("convolution",
    hfc.smooth, torch.nn.Sequential {torch.nn.Linear(2, 2)}, {rho = 1})
end

require("support").run()
