-- Parts of the prelude that run at the first use of what they define (prelude/deferred.lua).
local lu = require "luaunit"
local nn = torch.nn

-- A program that uses none of them has not run them.
local early = {rawget(nn, "LSTM"), rawget(nn.functional, "interpolate")}

-- A first use inside a finalizer, where no collection runs: one file each.
local function signal() return torch.signal.windows.hann end
local function transforms() return torch.func.vmap end
local function conv() return nn.Conv2d end
local function pool() return nn.functional.max_pool2d end
local uses, found = {signal, transforms, conv, pool}, {}
for i, use in ipairs(uses) do
  getmetatable(newproxy(true)).__gc = function() found[i] = type(use()) end
end
collectgarbage()
collectgarbage()

TestDeferred = {}

function TestDeferred:test_names_come_at_their_first_use()
  lu.assertEquals(early, {})
  lu.assertEquals(tostring(nn.LSTM), "class LSTM")
  lu.assertNotNil(rawget(nn, "LSTM"))
  lu.assertNotNil(rawget(nn, "GRU"), "all of its file")
  lu.assertTrue(rawequal(nn.lstm, nn.LSTM), "also under its small name")
  lu.assertTrue(nn.batch_norm2d == nn.BatchNorm2d)
  lu.assertEquals(nn.functional.relu(torch.tensor {-1, 2}):tolist(), {0, 2})
end

function TestDeferred:test_names_come_at_a_first_use_in_a_finalizer()
  lu.assertEquals(found, {"function", "function", "table", "function"})
end

function TestDeferred:test_unknown_names_know_those_that_are_to_come()
  lu.assertErrorMsgContains("did you mean 'TransformerEncoder'?", function()
    return nn.TransformrEncoder
  end)
  lu.assertErrorMsgContains("did you mean 'xavier_uniform_'?", function()
    return nn.init.xavier_unifrm_
  end)
end

-- help() lists everything; then nothing is missing, and each name is what it says.
function TestDeferred:test_help_runs_all_files()
  local plain = print
  print = function() end
  help()
  print = plain
  for _, name in ipairs {
    "Linear", "ReLU", "Conv2d", "BatchNorm2d", "MaxPool2d", "GRU", "CrossEntropyLoss",
    "Transformer",
  } do
    lu.assertEquals(tostring(rawget(nn, name)), "class " .. name)
  end
  for _, name in ipairs {"dropout", "multi_head_attention_forward", "ctc_loss", "max_pool2d"} do
    lu.assertEquals(type(rawget(nn.functional, name)), "function", name)
  end
  lu.assertEquals(type(rawget(nn.init, "xavier_uniform_")), "function")
end

-- What a file says that it defines is there once it has run: nothing of the list is missing.
function TestDeferred:test_the_list_of_names_is_right()
  local file = assert(io.open("../../bindings/prelude/deferred.lua"))
  local text = file:read "*a"
  file:close()
  local count = 0
  for owner, names in text:gmatch '%["(torch[%w_.]+)"%] = [%["]+([^%]"]+)' do
    local t = torch
    for part in owner:gmatch "%.([%w_]+)" do t = t[part] end
    for name in names:gmatch "%S+" do
      count = count + 1
      lu.assertNotNil(t[name])
      lu.assertNotNil(rawget(t, name), owner .. "." .. name)
    end
  end
  lu.assertTrue(count > 150, count .. " names")
end

require("support").run()
