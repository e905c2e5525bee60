-- hfc.decompose from Lua; the numbers themselves are compared with numpy's in tests/core/decompose.
local lu = require "luaunit"

TestDecompose = {}

function TestDecompose:setUp()
  local generator = torch.Generator()
  generator:manual_seed(1)
  self.x = torch.rand({2, 3, 16, 12}, {generator = generator})
end

function TestDecompose:tearDown()
  self.x = nil
end

function TestDecompose:test_parts_add_up_and_have_the_rank()
  local dominant, trailing = hfc.decompose.svd(self.x, {rank = 4})
  lu.assertTrue((dominant + trailing - self.x):abs():max():item() < 1e-6)
  local values, whole = hfc.decompose.singular_values(dominant),
    hfc.decompose.singular_values(self.x)
  lu.assertEquals(values.shape, {2, 3, 12})
  lu.assertTrue((values[{{}, {}, {0, 4}}] - whole[{{}, {}, {0, 4}}]):abs():max():item() < 1e-4)
  lu.assertTrue(values[{{}, {}, {4, 12}}]:max():item() < 1e-4)
end

function TestDecompose:test_lists_give_lists()
  local dominant, trailing = hfc.decompose.svd(self.x, {rank = {0, 12}})
  lu.assertEquals(#dominant, 2)
  lu.assertEquals(dominant[1]:abs():max():item(), 0)
  lu.assertTrue(trailing[2]:abs():max():item() < 1e-5)
end

function TestDecompose:test_energy_is_kept()
  local dominant = hfc.decompose.svd(self.x, {energy = .9})
  local kept = dominant:square():sum({2, 3}) / self.x:square():sum({2, 3})
  lu.assertTrue(kept:min():item() >= .9 - 1e-5)
  lu.assertTrue(hfc.decompose.rank_of_energy(self.x, .9):max():item() < 12)
end

function TestDecompose:test_as_much_as_a_low_pass_keeps()
  local dominant = hfc.decompose.svd(self.x, {radius = 3})
  local kept = dominant:square():sum({2, 3}) / self.x:square():sum({2, 3})
  lu.assertTrue((kept - hfc.decompose.energy_of_radius(self.x, 3)):min():item() > -1e-5)
  local rank = hfc.decompose.rank_of_radius(16, 12, 3)
  local same = hfc.decompose.svd(self.x, {radius = 3, equal = "coefficients"})
  lu.assertTrue((same - (hfc.decompose.svd(self.x, {rank = rank}))):abs():max():item() < 1e-6)
  local radius = hfc.decompose.radius_of_energy(self.x, .9)
  local low = hfc.frequency.low_pass(self.x, radius)
  lu.assertTrue((low:square():sum() / self.x:square():sum()):item() >= .9 - 1e-6)
end

function TestDecompose:test_bad_input()
  local svd, x = hfc.decompose.svd, self.x
  lu.assertErrorMsgContains("rank", svd, x, {rank = 13})
  lu.assertErrorMsgContains("rank", svd, x, {rank = -1})
  lu.assertErrorMsgContains("expected integers, got 1.5", svd, x, {rank = 1.5})
  lu.assertErrorMsgContains("energy", svd, x, {radius = 4, equal = "size"})
  lu.assertErrorMsgContains("1.5", svd, x, {energy = 1.5})
  lu.assertErrorMsgContains("expected exactly one of the options 'rank', 'energy' and 'radius'",
    svd, x, {})
  lu.assertErrorMsgContains("got 2", svd, x, {rank = 1, energy = .5})
  lu.assertErrorMsgContains("float32", svd, x:double(), {rank = 1})
  lu.assertErrorMsgContains("unknown option 'rnak' (did you mean 'rank'?)", svd, x, {rnak = 1})
end

require("support").run()
