-- torch.save and torch.load; the formats themselves are tested in tests/core/tensor_file.
local lu = require "luaunit"
local support = require "support"

TestFiles = {}

local function temporary(name) return os.tmpname() .. name end

local function saved(value, extension)
  local path = temporary(extension)
  torch.save(value, path)
  local read = torch.load(path)
  os.remove(path)
  return read
end

function TestFiles:test_tables_of_tensors_in_every_format()
  local value = {
    ["conv.weight"] = torch.rand(2, 3), ["conv.bias"] = torch.arange(4), empty = torch.zeros(0, 2),
  }
  for _, extension in ipairs {".safetensors", ".npz"} do
    local read = saved(value, extension)
    for name, tensor in pairs(value) do
      lu.assertTrue(read[name]:equal(tensor) and read[name].dtype == tensor.dtype,
        name .. extension)
    end
    lu.assertNil(read.other)
  end
end

function TestFiles:test_one_tensor()
  local value = torch.rand(3, 2, {dtype = "float64"})
  for _, extension in ipairs {".safetensors", ".npy"} do
    local read = saved(value, extension)
    lu.assertTrue((torch.is_tensor(read) and read or read.tensor):equal(value), extension)
  end
end

function TestFiles:test_an_optimizers_state_goes_on_after_loading()
  local weight = torch.tensor({1, 2}, {requires_grad = true})
  local function step(optimizer, w)
    optimizer:zero_grad();
    (w * w):sum():backward()
    optimizer:step()
  end
  local adam = torch.optim.Adam({weight}, {lr = 0.1})
  step(adam, weight)
  adam.param_groups[1].lr = 0.03
  local copy = weight:detach():clone():requires_grad_()
  local other = torch.optim.Adam({copy}):load_state_dict(saved(adam:state_dict(), ".safetensors"))
  lu.assertEquals(other.param_groups[1].lr, 0.03)
  step(adam, weight)
  step(other, copy)
  lu.assertTrue(weight:equal(copy))
end

function TestFiles:test_nested_values()
  local value = {
    epoch = 3, name = "a \"b\"", best = {true, false, 1 / 0}, ["x.y"] = torch.ones(1),
    x = {y = torch.zeros(1)}, [7] = "seven", none = {},
  }
  for _, extension in ipairs {".safetensors", ".npz"} do
    local read = saved(value, extension)
    lu.assertEquals(read.none, {})
    lu.assertEquals(saved({a = {}, b = torch.ones(1)}, extension).a, {})
    lu.assertEquals({read.epoch, read.name, read.best, read[7]},
      {3, value.name, value.best, "seven"})
    lu.assertEquals({read["x.y"]:item(), read.x.y:item()}, {1, 0})
  end
end

function TestFiles:test_odd_keys_and_strings_come_back()
  local value = {
    [""] = torch.ones(1), [true] = "yes", [false] = 2, bytes = "caf\xe9 \xff",
    ["\xe9"] = torch.ones(2), [.5] = "half", deep = {[0] = "zero", ["\xfe"] = 1},
  }
  for _, extension in ipairs {".safetensors", ".npz"} do
    local read = saved(value, extension)
    lu.assertEquals(read[""]:item(), 1)
    lu.assertEquals({read[true], read[false], read.bytes, read[.5]},
      {"yes", 2, "caf\xe9 \xff", "half"})
    lu.assertEquals(read["\xe9"]:numel(), 2)
    lu.assertEquals(read.deep, value.deep)
    local alone = saved({[""] = torch.ones(1)}, extension)
    lu.assertEquals({alone[""]:item(), alone.tensor}, {1})
  end
end

function TestFiles:test_complex_and_float8_travel()
  local z = torch.view_as_complex(torch.tensor {{1, 2}, {3, -4}})
  local read = saved({z = z}, ".safetensors")
  lu.assertEquals(read.z.dtype, "complex64")
  lu.assertTrue(read.z:equal(z))
  local newer = torch.load(support.fixtures .. "/tensor_file/newer.safetensors")
  for _, dtype in ipairs {"float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"} do
    lu.assertEquals(newer[dtype].dtype:lower(), dtype)
  end
end

function TestFiles:test_what_is_no_tensor_is_refused_with_the_line_to_write()
  local net = torch.nn.Sequential {torch.nn.Linear(1, 1)}
  local adam = torch.optim.Adam(net:parameters())
  local schedule = torch.optim.lr_scheduler.StepLR(adam, 1)
  for _, value in ipairs {net, adam, schedule, hfc.model "lenet"} do
    lu.assertErrorMsgContains('write torch.save(net:state_dict(), "x.safetensors")',
      torch.save, value, temporary ".safetensors")
    lu.assertErrorMsgContains("the object at 'a.b' cannot be saved, but its state can",
      torch.save, {a = {b = value}}, temporary ".safetensors")
  end
end

-- The numbers of PyTorch's flags: conjugates and negatives whose storage holds the plain values.
function TestFiles:test_flags_of_tensors()
  local folder = support.fixtures .. "/tensor_file/"
  for _, name in ipairs {"flags.pt", "legacy_flags.pt"} do
    local read = torch.load(folder .. name)
    lu.assertEquals(torch.view_as_real(read.conj:resolve_conj()):tolist(), {{{1, -2}, {3, -4}}})
    lu.assertEquals(read.neg:tolist(), {{-2, -4}})
    lu.assertEquals((read.neg * 2):tolist(), {{-4, -8}})
  end
end

function TestFiles:test_objects_of_python()
  for _, name in ipairs {"objects.pt", "objects_legacy.pt"} do
    local read = torch.load(support.fixtures .. "/tensor_file/" .. name)
    lu.assertEquals({read.float64, read.int64, read.bool_, read["true"]}, {.5, -7, true, true})
    lu.assertEquals({read.counter, read.default, read.tuple},
      {{a = 2, b = 1}, {x = {1, 2}}, {1, {2, "b"}}})
    lu.assertEquals({read.path, read.dtype, read.device, read.bytes},
      {"/a/b", "float16", "cuda:1", "\0\xff"})
    lu.assertEquals(read.namespace, {lr = .5, name = "x"})
    lu.assertEquals({read.keys[0], read.keys[1], read.keys["1"], read.keys[2.5]},
      {"zero", "one", "text", "real"})
    lu.assertEquals({read.keys["(1, 'a')"], read.bools},
      {"tuple", {[true] = "yes", [false] = "no"}})
    lu.assertEquals({read.list[1], read.list[2], read.list[3], read.none}, {1, nil, 3, nil})
    lu.assertEquals({read.big.dtype, tostring(read.array:tolist()[2][3])}, {"int64", "5"})
    lu.assertEquals(read.nested.a.b[1]:item(), 1)
    lu.assertEquals(read.unknown, {})
  end
end

function TestFiles:test_options_are_checked()
  local path = support.fixtures .. "/tensor_file/tensor.pt"
  local options = {map_location = "cpu", weights_only = false}
  lu.assertEquals(torch.load(path, options):tolist(), {0, 1, 2})
  lu.assertEquals(torch.load(path, "cpu"):tolist(), {0, 1, 2})
  lu.assertErrorMsgContains("unknown option 'map_locaton' (did you mean 'map_location'?)",
    torch.load, path, {map_locaton = "cpu"})
  lu.assertErrorMsgContains("at most 2 arguments, got 3", torch.save, torch.ones(1),
    temporary ".npy", {compress = true})
end

function TestFiles:test_a_pytorch_checkpoint()
  local folder = support.fixtures .. "/tensor_file/"
  local read = torch.load(folder .. "module.pth")
  local count = 0
  for name, tensor in pairs(read) do
    lu.assertTrue(type(name) == "string" and torch.is_tensor(tensor))
    count = count + 1
  end
  lu.assertTrue(count > 0)
  -- Tables are nested as they were saved, whatever the format.
  local checkpoint = torch.load(folder .. "checkpoint.pt")
  lu.assertEquals({checkpoint.epoch, checkpoint.done, checkpoint.arch}, {3, true, "small"})
  lu.assertEquals(checkpoint.adam.param_groups[1].betas, {.5, .75})
  lu.assertEquals(checkpoint.adam.param_groups[1].params[1], 0)
  lu.assertTrue(torch.is_tensor(checkpoint.adam.state[0].exp_avg))
  lu.assertTrue(checkpoint.state_dict["0.weight"]:equal(read["0.weight"]))
end

function TestFiles:test_a_model_travels()
  local one, other = hfc.model("preact_resnet8", {seed = 1}),
    hfc.model("preact_resnet8", {seed = 2})
  other:load_state_dict(saved(one:state_dict(), ".safetensors"))
  local x = torch.rand(1, 3, 32, 32)
  lu.assertTrue(one:eval()(x):equal(other:eval()(x)))
end

function TestFiles:test_bad_input()
  lu.assertErrorMsgContains(".safetensors", torch.save, torch.ones(1), temporary ".bin")
  lu.assertErrorMsgContains("cannot be saved", torch.save, {a = print}, temporary ".safetensors")
  lu.assertErrorMsgContains("save tables as .safetensors or .npz", torch.save, {a = 3},
    temporary ".npy")
  lu.assertErrorMsgContains("no-such-file", torch.load, "no-such-file.pt")
  local loop = {}
  loop.loop = loop
  lu.assertErrorMsgContains("contains itself", torch.save, loop, temporary ".safetensors")
  local path = temporary ".safetensors"
  local file = io.open(path, "w")
  file:write("no tensors here")
  file:close()
  lu.assertErrorMsgContains(path, torch.load, path)
  os.remove(path)
end

support.run()
