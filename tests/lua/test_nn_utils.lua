-- torch.nn.utils and torch.nn.init.
local lu = require "luaunit"
local support = require "support"
local nn = torch.nn

local function names_of(iterator, ...)
  local names = {}
  for name in iterator, ... do names[#names + 1] = name end
  return names
end

TestUtils = {}

function TestUtils:test_vectors()
  local net = nn.Linear(3, 2)
  local vector = nn.utils.parameters_to_vector(net:parameters())
  lu.assertEquals(vector.shape, {8})
  nn.utils.vector_to_parameters(vector * 0 + 2, net:parameters())
  lu.assertEquals(net.bias:tolist(), {2, 2})
  lu.assertErrorMsgContains("the vector has 3 elements, but the parameters have 8",
    nn.utils.vector_to_parameters, torch.ones(3), net:parameters())
end

function TestUtils:test_norms_of_weights()
  local net, x = nn.Linear(3, 4), torch.randn(2, 3)
  local y = net(x)
  nn.utils.weight_norm(net)
  lu.assertEquals(names_of(net:named_parameters()), {"bias", "weight_g", "weight_v"})
  lu.assertTrue((net(x) - y):abs():max():item() < 1e-6)
  net(x):sum():backward()
  lu.assertNotNil(net.weight_g.grad)
  nn.utils.remove_weight_norm(net)
  lu.assertTrue((net(x) - y):abs():max():item() < 1e-6)
  nn.utils.spectral_norm(net, {n_power_iterations = 30})
  net(x)
  lu.assertAlmostEquals(torch.linalg.svdvals(net.weight:detach())[0]:item(), 1, 1e-4)
  lu.assertEquals(#nn.utils.remove_spectral_norm(net):parameters(), 2)
end

function TestUtils:test_fused_batch_norm()
  local conv, bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
  bn(conv(torch.randn(2, 3, 8, 8)))
  conv:eval()
  bn:eval()
  local x = torch.randn(2, 3, 8, 8)
  lu.assertTrue((nn.utils.fuse_conv_bn_eval(conv, bn)(x) - bn(conv(x))):abs():max():item() < 1e-5)
end

function TestUtils:test_packed_sequences()
  local rnn = nn.utils.rnn
  local list = {torch.randn(3, 2), torch.randn(5, 2), torch.randn(2, 2)}
  local packed = rnn.pack_padded_sequence(rnn.pad_sequence(list), {3, 5, 2},
    {enforce_sorted = false})
  local lstm = nn.LSTM(2, 4)
  local y, lengths = rnn.pad_packed_sequence((lstm(packed)))
  lu.assertEquals(lengths:tolist(), {3, 5, 2})
  local alone = lstm(list[1])
  lu.assertTrue((y:select(1, 0)[{{0, 3}}] - alone):abs():max():item() < 1e-5)
end

function TestUtils:test_initial_values_of_a_seed()
  -- Made by Python: sums of the elements, each times its position.
  local sums = {
    trunc_normal_ = {{5, 4}, {std = 0.5}, -60.9146}, orthogonal_ = {{3, 5}, {}, 17.7366},
    dirac_ = {{4, 2, 3, 3}, {groups = 2}, 142}, sparse_ = {{6, 3}, {sparsity = 0.4}, -0.5561},
  }
  for name, case in pairs(sums) do
    torch.manual_seed(7)
    local values = nn.init[name](torch.empty(case[1]), case[2]):double()
    local sum = (values * torch.arange(values:numel()):reshape(case[1])):sum():item()
    lu.assertAlmostEquals(sum, case[3], 1e-3, name)
  end
end

support.run()
