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
  local read = saved(value, ".safetensors")
  lu.assertEquals(read.none, {})
  lu.assertEquals(saved({a = {}, b = torch.ones(1)}, ".safetensors").a, {})
  lu.assertEquals({read.epoch, read.name, read.best, read[7]}, {3, value.name, value.best, "seven"})
  lu.assertEquals({read["x.y"]:item(), read.x.y:item()}, {1, 0})
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
  lu.assertErrorMsgContains("goes into a .safetensors file", torch.save, {a = 3}, temporary ".npz")
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
