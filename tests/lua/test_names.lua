-- Names and spellings that PyTorch's users type, and errors that say what to write.
local lu = require "luaunit"
local support = require "support"

TestNames = {}

function TestNames:test_constants()
  lu.assertEquals(torch.float32, "float32")
  lu.assertEquals(torch.zeros(1, {dtype = torch.int64}).dtype, "int64")
  lu.assertEquals(torch.ones(1):to(torch.double).dtype, "float64")
  lu.assertTrue(torch.zeros(1):long().dtype == torch.long)
  lu.assertEquals(torch.pi, math.pi)
  lu.assertEquals(torch.inf, math.huge)
  lu.assertTrue(torch.nan ~= torch.nan)
  lu.assertEquals(torch.device("cuda", 1), "cuda:1")
  lu.assertEquals(torch.Size {2, 3}, {2, 3})
  lu.assertEquals(torch.finfo().bits, 32)
  lu.assertErrorMsgContains("expected a floating-point dtype", torch.finfo, "int64")
end

function TestNames:test_every_dtype_has_one_name()
  for _, name in ipairs {"uint16", "uint32", "uint64", "complex32", "float8_e5m2", "bfloat16"} do
    local x = torch.zeros(2):to(name)
    lu.assertEquals(x.dtype, name)
    lu.assertEquals(torch.zeros(2):to(x.dtype).dtype, name)
  end
  lu.assertEquals(torch.ones(1):to("byte").dtype, "uint8")
  lu.assertEquals(torch.promote_types("int64", "float16"), "float16")
  lu.assertEquals(torch.result_type(torch.ones(1), 1.5), "float32")
end

function TestNames:test_states_of_random_generators()
  local state = torch.get_rng_state()
  local a = torch.rand(4)
  torch.set_rng_state(state)
  lu.assertTrue(torch.equal(torch.rand(4), a))
  torch.manual_seed(17)
  lu.assertEquals(torch.initial_seed(), 17)
  local seed = torch.seed()
  lu.assertEquals(torch.initial_seed(), seed)
  local generator = torch.Generator {seed = 3}
  local kept = generator:get_state()
  local b = torch.rand(4, {generator = generator})
  lu.assertTrue(torch.equal(torch.rand(4, {generator = generator:set_state(kept)}), b))
  lu.assertEquals(generator:initial_seed(), 3)
end

function TestNames:test_settings()
  local threads = torch.get_num_threads()
  torch.set_num_threads(1)
  lu.assertEquals(torch.get_num_threads(), 1)
  torch.set_num_threads(threads)
  torch.use_deterministic_algorithms(true, {warn_only = true})
  lu.assertTrue(torch.are_deterministic_algorithms_enabled())
  torch.use_deterministic_algorithms(false)
  lu.assertFalse(torch.is_inference_mode_enabled())
  lu.assertTrue(torch.inference_mode(torch.is_inference_mode_enabled))
  lu.assertEquals(torch.get_float32_matmul_precision(), "highest")
end

function TestNames:test_printing()
  local x = torch.tensor {1 / 3, 2}
  torch.set_printoptions {precision = 2}
  lu.assertEquals(tostring(x), "tensor([0.33, 2.00])")
  torch.set_printoptions {sci_mode = true}
  lu.assertEquals(tostring(x), "tensor([3.33e-01, 2.00e+00])")
  torch.set_printoptions {profile = "short", threshold = 4}
  lu.assertEquals(tostring(torch.arange(6)), "tensor([0, 1,  ..., 4, 5])")
  torch.set_printoptions {profile = "default"}
  lu.assertEquals(tostring(x), "tensor([0.3333, 2.0000])")
end

function TestNames:test_cuda_backends_and_amp_are_tables()
  lu.assertEquals(type(torch.cuda.is_available()), "boolean")
  lu.assertEquals(torch.cuda.device_count() > 0, torch.cuda.is_available())
  torch.cuda.manual_seed_all(1)
  torch.cuda.empty_cache()
  lu.assertEquals(type(torch.backends.cudnn.is_available()), "boolean")
  if not torch.cuda.is_available() then
    lu.assertEquals(torch.cuda.memory_allocated(), 0)
    lu.assertErrorMsgContains("cannot be used", torch.cuda.synchronize)
  end
end

function TestNames:test_switches_of_backends()
  local cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
  for _, case in ipairs {
    {cudnn, "benchmark"}, {cudnn, "deterministic"}, {cudnn, "enabled"}, {cudnn, "allow_tf32"},
    {matmul, "allow_tf32"}, {torch.backends.mkldnn, "enabled"},
  } do
    local t, name = unpack(case)
    local before = t[name]
    t[name] = not before
    lu.assertEquals(t[name], not before)
    t[name] = before
  end
  lu.assertErrorMsgContains("torch.backends.cudnn.benchmark: expected a boolean, got number",
    function() cudnn.benchmark = 1 end)
  lu.assertErrorMsgContains("there is no torch.backends.cudnn.determinstic (did you mean",
    function() cudnn.determinstic = true end)
  lu.assertErrorMsgContains("there is no torch.backends.cuda.matmul.allow",
    function() return matmul.allow end)
end

function TestNames:test_pythons_names_without_a_counterpart_say_what_to_write()
  for name, advice in pairs {
    from_numpy = "torch.load", utils = "DataLoader", distributions = "torch.randn",
  } do
    lu.assertErrorMsgContains(advice, function() return torch[name] end)
  end
  lu.assertErrorMsgContains("x:data()", function() return torch.ones(1):data_ptr() end)
  lu.assertErrorMsgContains('{device = "cuda"}', torch.set_default_device, "cuda")
  torch.set_default_device("cpu")
  lu.assertEquals(torch.compile(print), print)
end

function TestNames:test_autocast_calls_a_function()
  local a, b = torch.rand(4, 4), torch.rand(4, 4)
  local product, enabled = torch.amp.autocast("cpu", function(x)
    return torch.matmul(x, b), torch.is_autocast_enabled()
  end, a)
  lu.assertEquals(product.dtype, "bfloat16")
  lu.assertTrue(enabled)
  lu.assertFalse(torch.is_autocast_enabled())
  lu.assertEquals(torch.matmul(a, b).dtype, "float32")
  lu.assertFalse(pcall(torch.amp.autocast, "cpu", {dtype = "bfloat16"}, error))
  lu.assertFalse(torch.is_autocast_enabled())
  lu.assertErrorMsgContains("expected 'float16' or 'bfloat16'",
    torch.amp.autocast, "cpu", {dtype = "int8"}, print)
end

function TestNames:test_unknown_names_raise_with_the_nearest()
  lu.assertErrorMsgContains("there is no torch.floatt32 (did you mean 'float32'?)",
    function() return torch.floatt32 end)
  lu.assertErrorMsgContains("there is no torch.as_tensr (did you mean 'as_tensor'?)",
    function() return torch.as_tensr end)
  lu.assertErrorMsgContains("there is no torch.fft.fftt (did you mean",
    function() return torch.fft.fftt end)
  lu.assertErrorMsgContains("there is no torch.nn.functional.dropuot (did you mean 'dropout'?)",
    function() return torch.nn.functional.dropuot end)
  lu.assertErrorMsgContains("there is no hfc.acuracy (did you mean 'accuracy'?)",
    function() return hfc.acuracy end)
  lu.assertErrorMsgContains("there is no torch.autograd.grat (did you mean 'grad'?)",
    function() return torch.autograd.grat end)
  lu.assertErrorMsgContains("there is no torch.nn.init.xavier_unifrom_ (did you mean",
    function() return torch.nn.init.xavier_unifrom_ end)
  lu.assertErrorMsgContains("hfc.mask.radial has been renamed to hfc.spectrum.radial",
    function() return hfc.mask.radial end)
  lu.assertErrorMsgContains("there is no hfc.mask.lern (did you mean 'learn'?)",
    function() return hfc.mask.lern end)
  lu.assertErrorMsgContains("there is no torch.cuda.is_there", function()
    return torch.cuda.is_there
  end)
end

TestTensorMethods = {}

function TestTensorMethods:test_apply_and_map()
  local x = torch.tensor {{1, 2}, {3, 4}}
  lu.assertTrue(rawequal(x:apply_(function(v) return v * 10 end), x))
  lu.assertEquals(x:tolist(), {{10, 20}, {30, 40}})
  x:map_(torch.tensor {1, 2}, function(a, b) return a + b end)
  lu.assertEquals(x:tolist(), {{11, 22}, {31, 42}})
  x.T:apply_(function(v) return v + 1 end)
  lu.assertEquals(x:tolist(), {{12, 23}, {32, 43}})
end

function TestTensorMethods:test_properties()
  local x = torch.ones(2, 3)
  lu.assertEquals({x.is_cpu, x.is_sparse, x.layout, x.is_meta}, {true, false, "strided", false})
  lu.assertEquals(x:to_sparse().layout, "sparse_coo")
  lu.assertErrorMsgContains("a sparse tensor has no strides", function()
    return torch.eye(3):to_sparse():stride()
  end)
  lu.assertErrorMsgContains("x:tolist()", function() return x:numpy() end)
  lu.assertEquals(x:permute(1, 0):dim_order(), {1, 0})
end

TestMisunderstandings = {}

function TestMisunderstandings:test_comparisons()
  local x, y = torch.ones(2), torch.ones(2)
  lu.assertErrorMsgContains("x:eq(y)", function() return x == y end)
  lu.assertErrorMsgContains("x:eq(y)", function() return x ~= y end)
  lu.assertErrorMsgContains("x:lt(y)", function() return x < y end)
  lu.assertErrorMsgContains("x:ge(y)", function() return x >= y end)
  lu.assertTrue(x == x)
  lu.assertFalse(x == nil)
  lu.assertFalse(x == 1)
end

function TestMisunderstandings:test_a_method_called_with_a_dot()
  local x = torch.ones(2)
  lu.assertErrorMsgContains("method with a colon: x:sum()", function() return x.sum() end)
  lu.assertErrorMsgContains("method with a colon: x:reshape()", function() return x.reshape(2) end)
end

function TestMisunderstandings:test_names_of_arguments()
  local x = torch.ones(2)
  lu.assertErrorMsgContains("there is no argument 'dmi' (did you mean 'dim'?)",
    function() return x:sum {dmi = 0} end)
  lu.assertErrorMsgContains("there is no argument 'dtyp' (did you mean 'dtype'?)",
    torch.zeros, 2, {dtyp = "int64"})
end

function TestMisunderstandings:test_lists_with_holes()
  local x = torch.ones(1)
  lu.assertErrorMsgContains("a list whose element 2 is nil", torch.cat, {x, nil, x})
  lu.assertErrorMsgContains("a list whose element 1 is nil", torch.stack, {nil, x})
  lu.assertErrorMsgContains("no overload accepts", torch.cat, {x, 5, x})
end

function TestMisunderstandings:test_indices()
  local x = torch.arange(6)
  lu.assertErrorMsgContains("x:long()", function() return x[torch.tensor {1, 0}] end)
  lu.assertErrorMsgContains("its own braces", function() return x[{{3, 1, 4, 1}}] end)
  x[{{{0, 2}}}] = 9
  x[{"...", 1}] = 8
  lu.assertEquals(x:tolist(), {9, 8, 9, 3, 4, 5})
  x[{}] = 1
  lu.assertEquals(x:sum():item(), 6)
end

support.run()
