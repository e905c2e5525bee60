-- Functions whose arguments Python's PyTorch reads in its own way give what it gives: calls that
-- tests/fixtures/make_functional.py recorded, each written as its user would type it in Lua.
local lu = require "luaunit"
local support = require "support"

TestAgainstPython = {}

-- The tensors of the fixture by name, torch, F for torch.nn.functional, and P to keep results in.
local function environment(tensors)
  local names = {torch = torch, F = torch.nn.functional, P = {}, select = select}
  for name, tensor in pairs(tensors) do names[name] = tensor:clone() end
  return names
end

local function flat(values, list)
  for i = 1, table.maxn(values) do
    local value = values[i]
    if type(value) == "table" then
      flat(value, list)
    else
      list[#list + 1] = value
    end
  end
  return list
end

local function run(entry, tensors)
  local names = environment(tensors)
  torch.manual_seed(3)
  if entry.before then setfenv(assert(loadstring(entry.before)), names)() end
  return flat({setfenv(assert(loadstring("return " .. entry[1])), names)()}, {})
end

local function differs(got, expected)
  if torch.is_tensor(expected) then
    return not torch.is_tensor(got) or support.difference(got, expected) > 2e-5
  elseif type(expected) == "number" then
    return type(got) ~= "number" or math.abs(got - expected) > 1e-6 * math.abs(expected)
  end
  return not rawequal(got, expected)
end

function TestAgainstPython:test_calls()
  local fixture, faults = support.fixture "functional", {}
  for _, entry in ipairs(fixture.calls) do
    local ok, results = pcall(run, entry, fixture.tensors)
    if not ok then
      faults[#faults + 1] = entry[1] .. ": " .. tostring(results):match "[^\n]*"
    elseif #results ~= #entry[2] then
      faults[#faults + 1] = ("%s: %d results, expected %d"):format(
        entry[1], #results, #entry[2])
    else
      for i, expected in ipairs(entry[2]) do
        if differs(results[i], expected) then
          faults[#faults + 1] = ("%s: result %d is %s, expected %s"):format(
            entry[1], i, tostring(results[i]), tostring(expected))
        end
      end
    end
  end
  lu.assertTrue(#fixture.calls >= 200, "the fixture holds " .. #fixture.calls .. " calls")
  lu.assertEquals(faults, {})
end

-- What Python's functions check before they call an operator.
TestChecks = {}

local F = torch.nn.functional

local function refuses(text, f, ...) lu.assertErrorMsgContains(text, f, ...) end

function TestChecks:test_values_outside_their_range()
  local x = torch.ones(2, 3)
  refuses("min_val must not be above max_val", F.hardtanh, x, 0.5, -0.5)
  refuses("margin must be above 0", F.triplet_margin_loss, x, x, x, {margin = -1})
  refuses("p must be between 0 and 1", F.dropout, x, 2)
  refuses("p must be 1 or 2", F.multi_margin_loss, x, x, 3)
  refuses("reduction must be 'none', 'mean' or 'sum', got 'mid'", F.gaussian_nll_loss, x, x, x,
          {reduction = "mid"})
  refuses("KLDivLoss: reduction must be 'mean', 'sum', 'none' or 'batchmean', got 'mid'",
          torch.nn.KLDivLoss, {reduction = "mid"})
  refuses("MSELoss: reduction must be 'mean', 'sum' or 'none', got 'batchmean'", torch.nn.MSELoss,
          {reduction = "batchmean"})
  refuses("mode must be 'sum', 'mean' or 'max', got 'min'", F.embedding_bag, x, x, {mode = "min"})
  refuses("no mode 'cubic'", F.interpolate, torch.ones(1, 1, 2, 2), 4, {mode = "cubic"})
  refuses("expected either size or scale_factor", F.interpolate, torch.ones(1, 1, 2, 2))
  refuses("antialias requires mode 'bilinear', 'bicubic' or 'lanczos', got 'area'", F.interpolate,
          torch.ones(1, 1, 2, 2), 4, {mode = "area", antialias = true})
  refuses("mode 'lanczos' requires antialias = true", F.interpolate, torch.ones(1, 1, 2, 2), 4,
          {mode = "lanczos"})
  refuses("more than 1 value per channel", F.batch_norm, torch.ones(1, 2), nil, nil,
          {training = true})
  refuses("more than 1 spatial element", F.instance_norm, torch.ones(2, 2, 1))
end

function TestChecks:test_the_size_of_fractional_pooling()
  local x = torch.rand(1, 1, 8, 8)
  refuses("fractional_max_pool2d: expected output_size or output_ratio", F.fractional_max_pool2d,
          x, 2)
  local y = F.fractional_max_pool2d(x, 2, {output_size = 3, output_ratio = .5})
  lu.assertEquals(y.shape, {1, 1, 3, 3})
  local layer = torch.nn.FractionalMaxPool2d
  refuses("FractionalMaxPool2d: expected output_size or output_ratio", layer, 2)
  refuses("FractionalMaxPool2d: expected only one of output_size and output_ratio", layer, 2,
          {output_size = 3, output_ratio = .5})
  for _, ratio in ipairs {0, 1, "half", {.5, 1.5}} do
    refuses("FractionalMaxPool2d: output_ratio must be above 0 and below 1, got ", layer, 2,
            {output_ratio = ratio})
  end
end

function TestChecks:test_the_nonlinearity_of_recurrent_networks()
  for _, layer in ipairs {"RNN", "RNNCell"} do
    refuses(layer .. ": nonlinearity must be 'tanh' or 'relu', got 'gelu'", torch.nn[layer], 2, 3,
            {nonlinearity = "gelu"})
  end
end

function TestChecks:test_the_order_of_a_pooling_norm()
  local x = torch.tensor {{{3, -4, 1, -2}}}
  for _, pool in ipairs {torch.nn.LPPool1d(math.huge, 2), function(input)
    return F.lp_pool1d(input, math.huge, 2)
  end} do
    lu.assertEquals(pool(x):tolist(), {{{4, 2}}})
  end
  lu.assertEquals(torch.nn.LPPool1d(-math.huge, 2)(x):tolist(), {{{3, 1}}})
  refuses("LPPool1d: norm_type must not be 0", torch.nn.LPPool1d, 0, 2)
  refuses("lp_pool1d: norm_type must not be 0", F.lp_pool1d, x, 0, 2)
end

function TestChecks:test_lanczos()
  if #torch.signatures "_upsample_lanczos2d_aa" == 0 then return end  -- an older LibTorch
  local y = F.interpolate(torch.full({1, 1, 8, 8}, 3), 4, {mode = "lanczos", antialias = true})
  lu.assertEquals(y.shape, {1, 1, 4, 4})
  lu.assertTrue((y - 3):abs():max():item() < 1e-5)
end

function TestChecks:test_arguments()
  local x = torch.ones(1, 1, 4, 4)
  refuses("unknown argument 'kernel_sise' (did you mean 'kernel_size'?)",
          F.max_pool2d, x, {kernel_sise = 2})
  refuses("argument 'kernel_size' is missing", F.max_pool2d, x)
  refuses("argument 'kernel_size' is given twice", F.max_pool2d, x, 2, {kernel_size = 2})
  refuses("expected at most 2 arguments", F.relu, x, false, 1)
  lu.assertEquals(F.max_pool2d(x, 2, {}).shape, {1, 1, 2, 2})
  lu.assertEquals(F.interpolate(x, {2, 2, mode = "bilinear"}).shape, {1, 1, 2, 2})
  local ok, message = pcall(function()
    local y = F.max_pool2d(x)
    return y
  end)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "test_functional.lua:")
end

function TestChecks:test_in_place_forms_change_their_argument()
  for _, name in ipairs {"relu", "relu6", "selu", "silu", "mish", "hardsigmoid", "hardswish", "elu",
                         "celu", "leaky_relu", "hardtanh", "rrelu"} do
    local x = torch.tensor {-1, 2}
    local expected = F[name](x)
    lu.assertEquals(x:tolist(), {-1, 2})
    local y = F[name](x, {inplace = true})
    lu.assertTrue(torch.equal(x, expected), name)
    lu.assertTrue(torch.equal(y, expected), name)
  end
end

function TestChecks:test_grouped_mm()
  local a, b = torch.arange(8):float():reshape(4, 2), torch.arange(12):float():reshape(2, 2, 3)
  local offs = torch.tensor({1, 4}, {dtype = "int32"})
  local rows = F.grouped_mm(a, b, {offs = offs})
  lu.assertTrue(torch.equal(rows, torch.cat {a[{{0, 1}}]:mm(b[0]), a[{{1, 4}}]:mm(b[1])}))
  lu.assertEquals(F.grouped_mm(b, b.mT):tolist(), torch.bmm(b, b.mT):tolist())
  local columns = F.grouped_mm(b.mT, a.T, offs)
  lu.assertTrue(torch.equal(columns, torch.cat({b[0].T:mm(a.T[{{}, {0, 1}}]),
    b[1].T:mm(a.T[{{}, {1, 4}}])}, 1)))
  lu.assertEquals(F.grouped_mm(a.T, a, offs, nil, "float64").shape, {2, 2, 2})
  refuses("offs is missing", F.grouped_mm, a, b)
  refuses("offs must be in ascending order", F.grouped_mm, a, b,
          torch.tensor({3, 9}, {dtype = "int32"}))
end

support.run()
