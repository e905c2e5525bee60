-- Every function of the API carries its documentation, and help() finds it.
local lu = require "luaunit"

TestDocumentation = {}

local function printed(...)
  local lines, plain = {}, print
  print = function(text) lines[#lines + 1] = tostring(text) end
  local ok, message = pcall(help, ...)
  print = plain
  assert(ok, message)
  return table.concat(lines, "\n")
end

local function each_function(visit)
  local function walk(prefix, t)
    for name, value in pairs(t) do
      if type(value) == "function" then
        visit(prefix .. name, value)
      elseif type(value) == "table" then
        local meta = getmetatable(value)
        if meta and meta.is_class then
          visit(prefix .. name, value)
        else
          walk(prefix .. name .. ".", value)
        end
      end
    end
  end
  walk("hfc.", hfc)
  walk("torch.", torch)
  for _, object in ipairs {
    torch.ones(1), hfc.data("synthetic", {train = 1, test = 1}).train, hfc.model("preact_resnet8"),
    torch.Generator(), torch.optim.Adam {torch.nn.Parameter(torch.ones(1))},
  } do
    for name, method in pairs(
      debug.getmetatable(object).methods or debug.getmetatable(object).__index
    ) do
      if type(method) == "function" then visit(":" .. name, method) end
    end
  end
end

function TestDocumentation:test_every_function_is_documented()
  local count = 0
  each_function(function(name, f)
    count = count + 1
    lu.assertNotStrContains(printed(f), "there is no documentation for", false, name)
  end)
  lu.assertTrue(count > 30)
end

function TestDocumentation:test_help_by_name_and_by_function()
  lu.assertStrContains(printed("hfc.train"), "hfc.train(model, images")
  lu.assertEquals(printed(hfc.train), printed("hfc.train"))
  lu.assertStrContains(printed("Dataset:low_pass"), "frequencies within `radius` bins")
  lu.assertStrContains(printed(torch.conv2d), "aten::conv2d(Tensor input")
  lu.assertStrContains(printed("hfc.trian"), "did you mean hfc.train?")
  lu.assertStrContains(printed(), "hfc.frequency.split")
end

function TestDocumentation:test_help_of_objects()
  local model = hfc.model("preact_resnet8")
  lu.assertStrContains(printed(model), "preact_resnet8")
  lu.assertStrContains(printed(model), "model:clone() -> Model")
  lu.assertStrContains(printed(hfc.data("synthetic", {train = 1, test = 1}).train),
    "dataset:low_pass(radius")
  lu.assertStrContains(printed(torch.ones(2)), "x:backward(")
  lu.assertStrContains(printed(torch.nn.Linear(2, 3)), "torch.nn.Linear(in_features")
  lu.assertStrContains(printed(torch.nn.Linear(2, 3)), "module:state_dict()")
  lu.assertStrContains(printed(hfc.attack.fgsm {}), "hfc.attack.fgsm")
  lu.assertStrContains(printed(hfc.frequency), "hfc.frequency.split(x")
  lu.assertNotStrContains(printed(hfc.frequency), "hfc.mask")
  lu.assertStrContains(printed("Run"), "run:plot(figure")
  lu.assertStrContains(printed({}), "there is no documentation for")
  lu.assertStrContains(printed(42), "there is no documentation for")
end

function TestDocumentation:test_examples_and_sections()
  local without = {}
  each_function(function(name, f)
    if name:find "^hfc" and not printed(f):find "\nExample:\n" then without[#without + 1] = name end
  end)
  lu.assertEquals(without, {})
  lu.assertStrContains(printed(hfc.frequency.split), "In the paper (Wang et al. 2020): section 3.")
end

function TestDocumentation:test_apropos()
  local lines, plain = {}, print
  print = function(text) lines[#lines + 1] = text end
  apropos "heat"
  apropos "max_pool"
  apropos "no such word"
  print = plain
  local text = table.concat(lines, "\n")
  lu.assertStrContains(text, "hfc.sensitivity.heat_map(")
  lu.assertStrContains(text, "max_pool2d")
  lu.assertStrContains(text, "no documentation contains 'no such word'")
  lu.assertErrorMsgContains("apropos: expected a string, got nil", apropos)
end

require("support").run()
