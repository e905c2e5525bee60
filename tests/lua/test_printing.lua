-- tostring(tensor) is what Python's PyTorch prints.
local lu = require "luaunit"
local support = require "support"

TestPrinting = {}

function TestPrinting:test_as_pytorch_prints()
  for _, case in ipairs(support.fixture "printing") do
    local tensor, text = unpack(case)
    lu.assertEquals(tostring(tensor), text)
  end
end

function TestPrinting:test_gradients_are_named()
  local x = torch.ones(2, {requires_grad = true})
  lu.assertEquals(tostring(x), "tensor([1., 1.], requires_grad=True)")
  lu.assertEquals(tostring(x * 2), "tensor([2., 2.], grad_fn=<MulBackward0>)")
end

support.run()
