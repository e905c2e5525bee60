-- module:load_state_dict with names that do not all fit.
local lu = require "luaunit"
local support = require "support"

local nn = torch.nn

TestLoadState = {}

local function network() return nn.Sequential {nn.Linear(2, 3), nn.BatchNorm1d(3)} end

-- The state with `prefix` before each name.
local function prefixed(prefix, state)
  local result = {}
  for name, tensor in pairs(state) do result[prefix .. name] = tensor end
  return result
end

local function fails(text, net, ...)
  lu.assertErrorMsgContains(text, net.load_state_dict, net, ...)
end

function TestLoadState:test_counts_of_batches_may_be_absent()
  local one, other = network(), network()
  local state = one:state_dict()
  state["1.num_batches_tracked"] = nil
  local net, missing, unexpected = other:load_state_dict(state)
  lu.assertIs(net, other)
  lu.assertEquals({missing, unexpected}, {{}, {}})
  lu.assertTrue(other:state_dict()["0.weight"]:equal(state["0.weight"]))
  local resnet = hfc.model("resnet18", {seed = 1})
  local flat = hfc.model("resnet18", {seed = 2}):state_dict()
  for name in pairs(flat) do
    if name:find "num_batches_tracked" then flat[name] = nil end
  end
  resnet:load_state_dict(flat)
  flat["bn1.running_mean"] = nil
  local name = next(flat)
  flat[name] = nil
  fails("missing: ", resnet, flat)
end

function TestLoadState:test_prefixes_are_named_and_taken()
  local one, other = network(), network()
  local state = one:state_dict()
  for _, prefix in ipairs {"module.", "model.", "_orig_mod.", "net.encoder."} do
    local given = prefixed(prefix, state)
    fails(('the names start with \'%s\': write load_state_dict(state, {prefix = "%s"})'):format(
      prefix, prefix), other, given)
    fails("no name matches", other, given, {strict = false})
    given["head.bias"] = torch.zeros(1)
    other:load_state_dict(given, {prefix = prefix})
    lu.assertTrue(other:state_dict()["0.bias"]:equal(state["0.bias"]))
  end
  other:load_state_dict(prefixed("a.", state), {prefix = "a"})
  fails("no name starts with 'b.'; the names are a.0.bias", other, prefixed("a.", state),
    {prefix = "b"})
end

function TestLoadState:test_nested_and_lacking_names_are_explained()
  local one, other = network(), network()
  local state = one:state_dict()
  fails("the state is in the field 'state_dict': write load_state_dict(state.state_dict)", other,
    {epoch = 3, state_dict = state})
  fails('write load_state_dict(state["my net"], {prefix = "module."})', other,
    {["my net"] = prefixed("module.", state)})
  local outer = nn.module "Outer"
  function outer:init() self.body = network() end
  fails("the names lack the prefix 'body.': write net.body:load_state_dict(state)", outer(), state)
end

function TestLoadState:test_strict_is_an_option_by_name_or_position()
  local one, other = network(), network()
  local state = one:state_dict()
  state["0.bias"], state.extra = nil, torch.zeros(1)
  fails("missing: 0.bias; unexpected: extra", other, state)
  local _, missing, unexpected = other:load_state_dict(state, {strict = false})
  lu.assertEquals({missing, unexpected}, {{"0.bias"}, {"extra"}})
  lu.assertEquals({select(2, other:load_state_dict(state, false))}, {{"0.bias"}, {"extra"}})
  fails("unknown argument 'stric' (did you mean 'strict'?)", other, state, {stric = false})
  fails("strict must be true or false, got 0", other, state, {strict = 0})
  fails("no name matches", other, {}, {strict = false})
  fails("expected a table {name = Tensor}, got a network: write net:state_dict()", other, one)
  fails("expected a table {name = Tensor}, got nil", other)
  fails("0.weight must be a Tensor, got a number", other, {["0.weight"] = 3}, {strict = false})
  local before = other:state_dict()["0.weight"]:clone()
  fails("0.bias has shape [2], expected [3]", other,
    {["0.weight"] = torch.zeros(3, 2), ["0.bias"] = torch.zeros(2)}, {strict = false})
  lu.assertTrue(other:state_dict()["0.weight"]:equal(before))
end

support.run()
