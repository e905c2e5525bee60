-- run:epochs: what it counts, keeps and refuses; tests/host/kills_test.cpp resumes it.
local lu = require "luaunit"

local support = require "support"
support.use_own_folder()

TestEpochs = {}

function TestEpochs:setUp()
  self.run = run
end

function TestEpochs:test_counts_and_saves_each_epoch()
  local net = torch.nn.Linear(2, 1)
  local seen = {}
  for epoch in self.run:epochs(3, {net = net, numbers = {1, a = "b"}, mean = torch.zeros(2)}) do
    seen[#seen + 1] = epoch
  end
  lu.assertEquals(seen, {1, 2, 3})
  local listing = io.popen("ls " .. self.run:directory() .. "/checkpoints/training-1")
  local names = listing:read "*a"
  listing:close()
  lu.assertStrContains(names, "checkpoint-000000003.safetensors")
  lu.assertStrContains(names, "checkpoint-000000002.json")
  lu.assertNotStrContains(names, "checkpoint-000000001")
  for epoch in self.run:epochs(2) do lu.assertTrue(epoch <= 2) end
end

function TestEpochs:test_names_what_it_cannot_keep()
  local function fails(message, ...)
    lu.assertErrorMsgContains(message, self.run.epochs, self.run, ...)
  end
  fails("argument 1 (n): expected at least 1 epoch, got 0", 0)
  fails("'best': expected a network, an optimizer, a schedule, a Tensor or a table", 2, {best = 1})
  fails("keep it in a table", 2, {best = 1})
  fails("argument 2 (state): expected names as keys, got number 1", 2, {torch.nn.Linear(1, 1)})
  fails("argument 2 (state): expected a table {name = object}", 2, torch.nn.Linear(1, 1))
  lu.assertErrorMsgContains("at 'list.f' cannot be saved", function()
    for _ in self.run:epochs(1, {list = {f = print}}) do end
  end)
end

function TestEpochs:test_tensors_and_lists_in_events()
  self.run:log {loss = torch.tensor(.5), right = torch.tensor {true}, list = {1, 2}}
  local file = assert(io.open(self.run:directory() .. "/metrics.jsonl"))
  local text = file:read "*a"
  file:close()
  lu.assertStrContains(text, '"list":[1,2],"loss":0.5,"right":true')
  local function fails(message, event)
    lu.assertErrorMsgContains(message, self.run.log, self.run, event)
  end
  fails("only a Tensor with one real element can be written", {loss = torch.zeros(2)})
  fails("consecutive integers starting at 1 (found 2 values, but the list has length 1)",
    {list = {[1] = 1, [3] = 3}})
  fails("a table cannot contain both named fields and list elements", {list = {1, a = 2}})
  lu.assertErrorMsgContains("one real element", self.run.row, self.run, "t", {x = torch.zeros(2)})
end

run = hfc.run "loop"
support.run()
