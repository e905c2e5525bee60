-- hfc.run: images, tables, saved networks; and hfc.predict and hfc.distances, which scripts fill
-- them with.
local lu = require "luaunit"

local support = require "support"
support.use_own_folder()

local text_of = support.text_of

local data, model, run

TestRunDirectory = {}

function TestRunDirectory:test_columns_stand_in_the_order_asked_for()
  run:row("ordered", {b = 1, a = 2, c = 3}, {"c", "b"})
  run:row("ordered", {b = 4}, {"c", "b"})
  lu.assertEquals(text_of(run:directory() .. "/ordered.csv"), "c,b,a\n3,1,2\n,4,\n")
end

function TestRunDirectory:test_a_word_in_the_control_file_stops_one_training()
  local function ask_to_stop()
    local file = assert(io.open(run:directory() .. "/control", "w"))
    file:write "stop\n"
    file:close()
  end
  local function epochs(name)
    return #hfc.train(model, data.train, {
      epochs = 3, quiet = true, checkpoints = false, log = run:series(name),
      on_epoch = function(result)
        if name == "stopped" and result.epoch == 2 then
          ask_to_stop()
        end
      end,
    })
  end
  lu.assertEquals(epochs "stopped", 2)
  lu.assertEquals(epochs "the next", 3)
  ask_to_stop()
  lu.assertEquals(epochs "asked for before it began", 3)
end

function TestRunDirectory:test_each_step_of_a_report_of_robustness_is_logged()
  local attack = hfc.attack.auto {epsilon = 1 / 255,
    version = {hfc.attack.pgd {steps = 2}, hfc.attack.ffgsm {}}}
  local function report(log)
    return hfc.robustness(model, data.test, attack, {checks = false, log = log})
  end
  local found = report(run:series "robust")
  local logged = {}
  for _, event in ipairs(hfc.read_run(run:directory()).events) do
    if event.series == "robust" then logged[#logged + 1] = event end
  end
  lu.assertEquals(#logged, 2)
  lu.assertEquals(logged[2].step, 2)
  lu.assertEquals(logged[2].robust, found.robust)
  lu.assertStrContains(logged[1].attack, "pgd")
  lu.assertErrorMsgContains("option 'log': expected a Series or a Run", report, 3)
end

function TestRunDirectory:test_a_saved_network_gives_the_same_logits()
  local x = data.test:batch(0, 3):to(hfc.device())
  model:to(hfc.device())
  local path = run:save(model)
  lu.assertEquals(path, run:directory() .. "/model.safetensors")
  for _, where in ipairs {path, run:directory()} do
    lu.assertTrue(hfc.saved_model(where)(x):equal(model(x)))
  end
  local with_norm = hfc.model("preact_resnet8",
    {classes = 3, channels = 1, batch_norm = true, dropout = .5}):eval():to(hfc.device())
  run:save(with_norm, "other")
  local grey = torch.rand(2, 1, 16, 16):to(hfc.device())
  lu.assertTrue(hfc.saved_model(run:directory(), "other"):eval()(grey):equal(with_norm(grey)))
  lu.assertNotNil(torch.load(path)["conv0.weight"], "the tensors have their own names")
end

function TestRunDirectory:test_a_saved_network_keeps_the_names_of_its_classes()
  local net = hfc.model("preact_resnet8", {classes = 3})
  lu.assertEquals(net.class_names, {})
  lu.assertEquals(hfc.saved_model(run:save(net, "nameless")).class_names, {})
  local names = {"10", "9", "caf\xc3\xa9 \"au lait\"\n"}
  local images = hfc.dataset(torch.rand(6, 3, 8, 8), torch.arange(6):remainder(3),
    {class_names = names})
  hfc.train(net, images:low_pass(2), {epochs = 1, batch_size = 3, quiet = true})
  lu.assertEquals(net.class_names, names)
  net.class_names[1] = "another"
  lu.assertEquals(net.class_names, names, "each list is a copy")
  lu.assertEquals(net:clone().class_names, names)
  for _, where in ipairs {run:save(net, "named"), run:directory()} do
    lu.assertEquals(hfc.saved_model(where, "named").class_names, names)
  end
  net.class_names = {"a", "b", "caf\xe9"}
  lu.assertEquals(net.class_names, {"a", "b", "caf\xe9"})
  lu.assertEquals(hfc.saved_model(run:save(net, "set")).class_names, {"a", "b", "caf\xef\xbf\xbd"})
  lu.assertErrorMsgContains("class_names", function() net.class_names = {"a", {}} end)
  lu.assertErrorMsgContains("class_names", function() net.class_names = 3 end)
  lu.assertErrorMsgContains("cannot be set", function() net.classes = {"a"} end)
  lu.assertNil(net.fc.class_names, "a layer has none")
  hfc.train(net, torch.rand(3, 3, 8, 8), torch.arange(3), {epochs = 1, quiet = true})
  lu.assertEquals(net.class_names, {}, "images without names")
end

function TestRunDirectory:test_what_is_no_saved_network()
  lu.assertNil(hfc.saved_model("preact_resnet8"))
  lu.assertErrorMsgContains("runs/no-such-run", hfc.saved_model, "runs/no-such-run")
  lu.assertErrorMsgContains("does not contain 'nothing.safetensors'",
    hfc.saved_model, run:directory(), "nothing")
  local net = torch.nn.Sequential {torch.nn.Flatten(), torch.nn.Linear(4, 2)}
  lu.assertErrorMsgContains("does not specify which network it contains",
    hfc.saved_model, run:save(net, "written in Lua"))
  lu.assertErrorMsgContains("the model's name", run.save, run, model, "../escape")
end

function TestRunDirectory:test_images()
  local x = data.test:batch(0, 4)
  local paths = run:image("grid", {x, {x[{{0, 2}}], x[{{2, 4}}]}}, {
    captions = {{"a", "b", "c", "d"}, {"e", "f", "g", "h"}}, headings = {"x", "y"}, epoch = 3,
  })
  lu.assertEquals(#paths, 4)
  lu.assertStrContains(text_of(run:directory() .. "/metrics.jsonl"),
    '"image":"grid","file":"images/grid-1.png","rows":2,"columns":4')
  lu.assertEquals(text_of(paths[2]):sub(2, 4), "PNG")
  run:image("kernels", model:parameters()[1], {range = "each", columns = 4})
  lu.assertEquals(run:image("plain", x, {figure = false}),
    {run:directory() .. "/images/plain-1.png"})
end

function TestRunDirectory:test_bad_images()
  local x = torch.rand(2, 3, 4, 4)
  local function fails(text, ...) lu.assertErrorMsgContains(text, run.image, run, "bad", ...) end
  fails("expected one caption per image (2), got 1", x, {captions = {"one"}})
  fails("argument 2 (images): expected rows of the same shape", {x, x[{{0, 1}}]})
  fails("argument 2 (images): row 2 is empty", {x, {}})
  fails("argument 2 (images): expected at least one row", {})
  fails("argument 2 (images), row 1: expected images [N, C, H, W] of the same size",
        {{x, torch.rand(2, 3, 5, 4)}})
  fails("expected \"each\"", x, {range = "all"})
  fails("range must be two ascending numbers", x, {range = {1, 0}})
  fails("[N, C, H, W]", torch.rand(4, 4))
  fails("unknown option 'caption' (did you mean 'captions'?)", x, {caption = {}})
end

function TestRunDirectory:test_reads_runs()
  run:log {epoch = 1, accuracy = {train = .5, test = .25}, worst = 0 / 0, list = {1, 2}}
  run:series("s"):log {epoch = 2, ok = true}
  run:row("radii", {radius = 4, name = "low, \"r\"", score = .5})
  run:row("radii", {radius = 8})
  local stored = hfc.read_run(run:directory())
  lu.assertEquals(stored.config.name, "test_run")
  local count = #stored.events
  local first = stored.events[count - 1]
  lu.assertEquals(first.accuracy, {train = .5, test = .25})
  lu.assertEquals(first.list, {1, 2})
  lu.assertTrue(first.worst ~= first.worst, "null is nan")
  lu.assertEquals(stored.events[count].series, "s")
  lu.assertEquals(stored.events[count].ok, true)
  lu.assertEquals(stored.tables.radii,
    {{radius = 4, name = "low, \"r\"", score = .5}, {radius = 8}})
  lu.assertErrorMsgContains("'/nowhere' is not a run directory", hfc.read_run, "/nowhere")
end

function TestRunDirectory:test_charts()
  local function program(...)
    local paths = run:chart("chart", ...)
    lu.assertEquals(#paths, 3)
    return text_of(paths[1])
  end
  local svg = program {title = "sizes", x_name = "radius", y_name = "power", log = "y", marks = {
    {name = "one", x = {1, 2, 3}, y = torch.tensor {1, 10, 100}},
    {name = "two", kind = "points", y = {1, 2, 3}, low = {.5, 1, 2}, high = {2, 3, 4}},
  }, notes = {{x = 2, y = 10, text = "here"}}}
  for _, text in ipairs {"sizes", "radius", "power", "one", "two", "here"} do
    lu.assertStrContains(svg, text)
  end
  svg = program {width = 174, columns = 2, panels = {
    {title = "bars", categories = {"cat", "dog"}, marks = {{kind = "bars", y = {1, 2}}}},
    {title = "counts", marks = {{kind = "histogram", values = {0, 0, 0, 1}, bins = 2}}},
    {title = "colours", map = {values = torch.rand(3, 4), name = "share"}},
  }}
  for _, text in ipairs {"bars", "cat", "dog", "counts", "colours", "share"} do
    lu.assertStrContains(svg, text)
  end
  local function fails(text, options)
    lu.assertErrorMsgContains(text, run.chart, run, "bad", options)
  end
  fails("nothing to draw: set option 'marks' or 'map'", {})
  fails("one per mark, got an empty list", {marks = {}})
  fails("mark 1: option 'y' is missing or empty: expected a list of numbers", {marks = {{}}})
  fails("mark 2: option 'kind': expected line, points, bars or histogram, got 'lin' (did you mean",
    {marks = {{y = {1}}, {kind = "lin", y = {1}}}})
  fails("mark 1: options 'x' and 'y' must have the same number of values, got 2 and 1",
        {marks = {{x = {1, 2}, y = {1}}}})
  fails("as many numbers as 'y' (1), got 1 and 0", {marks = {{y = {1}, low = {1}}}})
  fails("mark 1: unknown option 'nme'", {marks = {{y = {1}, nme = "x"}}})
  fails("panel 2: mark 1:", {panels = {{marks = {{y = {1}}}}, {marks = {{}}}}})
  fails("option 'columns' must be between 1 and 16, got 0", {columns = 0, marks = {{y = {1}}}})
  fails("option 'log': expected", {log = "z", marks = {{y = {1}}}})
  fails("but y has none", {log = "y", marks = {{y = {-1}}}})
  fails("leaves no room", {width = 5, marks = {{y = {1}}}})
  fails("got 2 to 1", {x_range = {2, 1}, marks = {{y = {1}}}})
  fails("'values' is missing", {map = {}})
  fails("'values' must be a Tensor [H, W]", {map = {values = torch.rand(3)}})
end

function TestRunDirectory:test_whole_curves()
  run:curve("spectrum", torch.tensor {4, 2, 0 / 0},
    {x = {1, 2, 3}, x_name = "radius", epoch = 2, series = "natural"})
  run:curve("spectrum", {1, .5})
  local log = text_of(run:directory() .. "/metrics.jsonl")
  lu.assertStrContains(log,
    '"curve":"spectrum","x_name":"radius","x":[1.0,2.0,3.0],"y":[4.0,2.0,null]')
  lu.assertStrContains(log, '"curve":"spectrum","x_name":"","x":[0,1],"y":[1.0,0.5]')
  local paths = run:plot("spectrum", {curves = {"spectrum"}, x = "radius", y = "power"})
  lu.assertEquals(#paths, 3)
  local svg = text_of(paths[1])
  for _, text in ipairs {"natural", "Radius", "Power"} do lu.assertStrContains(svg, text) end
  local function fails(text, f, ...) lu.assertErrorMsgContains(text, f, run, ...) end
  fails("'bad' has 2 points, but x has 3", run.curve, "bad", {1, 2}, {x = {1, 2, 3}})
  fails("must have 1 to 65536 points, got 0", run.curve, "bad", {})
  fails("x of curve 'bad' must be finite, got inf", run.curve, "bad", {1}, {x = {math.huge}})
  fails("expected a one-dimensional Tensor of real numbers, got Tensor float32 [2, 2]",
    run.curve, "bad", torch.rand(2, 2))
  fails("the curve's name must be 1 to 200 bytes long", run.curve, "", {1})
  fails("no curve 'spectra' has been logged with run:curve (did you mean 'spectrum'?)",
    run.plot, "bad", {curves = {"spectra"}})
end

function TestRunDirectory:test_kernels_of_each_epoch()
  local net = hfc.model("preact_resnet8", {classes = 2})
  hfc.train(net, data.train, {
    epochs = 2, quiet = true, checkpoints = false, log = run:series "a, b", log_kernels = true,
  })
  local log, folder_of_images = text_of(run:directory() .. "/metrics.jsonl"),
    run:directory() .. "/images/"
  for number = 1, 3 do
    lu.assertEquals(
      text_of(folder_of_images .. "kernels a_ b-" .. number .. ".png"):sub(2, 4), "PNG")
    lu.assertStrContains(log,
      ('{"epoch":%d,"series":"a, b","image":"kernels a_ b"'):format(number - 1))
  end
  lu.assertNotEquals(text_of(folder_of_images .. "kernels a_ b-1.png"),
    text_of(folder_of_images .. "kernels a_ b-3.png"))
  lu.assertNil(io.open(run:directory() .. "/kernels a_ b.png"), "no figure is drawn in each epoch")
  lu.assertErrorMsgContains("requires 'log'", hfc.train, net, data.train, {log_kernels = true})
  local flat = torch.nn.Sequential {torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 2)}
  lu.assertErrorMsgContains("the network has no convolution", hfc.train, flat, data.train,
    {epochs = 1, quiet = true, log = run, log_kernels = true})
end

TestPredict = {}

function TestPredict:test_the_same_as_by_hand()
  local x, y = data.test:batch(0, 20)
  local class, confidence = hfc.predict(model, data.test, {batch_size = 7})
  local again, sure = hfc.predict(model, x)
  lu.assertTrue(class:equal(again))
  lu.assertTrue((confidence - sure):abs():max():item() < 1e-6)
  lu.assertTrue((confidence - model(x):softmax(1):amax(1)):abs():max():item() < 1e-6)
  lu.assertAlmostEquals(class:eq(y):double():mean():item(), hfc.accuracy(model, data.test), 1e-12)
  lu.assertErrorMsgContains("[N, C, H, W]", hfc.predict, model, x[0])
  lu.assertErrorMsgContains("a Dataset or a Tensor", hfc.predict, model, 3)
  lu.assertErrorMsgContains("batch_size", hfc.predict, model, x, {batch_size = 0})
end

function TestPredict:test_distances()
  local distance = hfc.distances(data.test, data.test:low_pass(2))
  local gap = (data.test:batch(0, 20)) - (data.test:low_pass(2):batch(0, 20))
  lu.assertTrue((distance.l2 - gap:square():sum({1, 2, 3}):sqrt()):abs():max():item() < 1e-5)
  lu.assertTrue(distance.linf:equal(gap:abs():amax({1, 2, 3})))
  lu.assertErrorMsgContains("same size, got 20 and 5",
    hfc.distances, data.test, data.test:slice(0, 5))
end

data = hfc.data("synthetic", {train = 40, test = 20, classes = 2, size = 16, high_radius = 6})
model = hfc.model("preact_resnet8", {classes = 2}):eval()
run = hfc.run("test_run", {})
support.run()
