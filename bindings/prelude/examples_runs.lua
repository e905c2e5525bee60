-- Examples of runs and of torch: a part of examples.lua.
local host = ...

function host.run_examples(example)
example("hfc.run Run:log Run:series Series:log Run:row Run:directory", [[
run = hfc.run("example", {rho = 0.5})
run:log {epoch = 1, accuracy = 0.5}
run:series("smooth"):log {epoch = 1, accuracy = 0.6}
run:row("table", {rho = 0.5, accuracy = 0.6}, {"rho"})
print(run:directory())]])
example("hfc.parallel.rank hfc.parallel.size hfc.parallel.alone", [[
settings = {1e-4, 3e-4, 1e-3, 3e-3}
for i = hfc.parallel.rank() + 1, #settings, hfc.parallel.size() do
  print(hfc.parallel.alone(function() return settings[i] end))
end]])
example("hfc.parallel.all_reduce hfc.parallel.broadcast hfc.parallel.barrier", [[
total = hfc.parallel.all_reduce(torch.tensor {1, 2})
mean = hfc.parallel.all_reduce(torch.ones(2), "mean")
weights = hfc.parallel.broadcast(torch.rand(3), 0)
hfc.parallel.barrier()]])
example("Run:epochs", [[
run = hfc.run "loop"
net = torch.nn.Linear(4, 1)
adam = torch.optim.Adam(net:parameters(), {lr = .1})
for epoch in run:epochs(3, {net = net, adam = adam}) do
  adam:zero_grad()
  loss = net(torch.rand(8, 4)):square():mean()
  loss:backward()
  adam:step()
  run:log {epoch = epoch, loss = loss:item()}
end]])
example("Run:plot", [[
run = hfc.run("example")
for epoch = 1, 3 do run:series("natural"):log {epoch = epoch, accuracy = epoch / 4} end
paths = run:plot("figure", {y = "accuracy", panels = {"natural"}})]])
example("Run:chart", [[
run = hfc.run("example")
radii = {4, 8, 12}
paths = run:chart("figure", {x_name = "radius", y_name = "accuracy", width = 84, marks = {
  {name = "x_l", x = radii, y = {.3, .6, .8}, low = {.2, .5, .7}, high = {.4, .7, .9}},
  {name = "x_h", x = radii, y = {.7, .4, .2}},
}})]])
example("hfc.read_run", [[
run = hfc.run("example", {radius = 4})
run:log {epoch = 1, accuracy = .5}
run:row("accuracy", {radius = 4, accuracy = .5})
stored = hfc.read_run(run:directory())
print(stored.options.radius, stored.events[1].accuracy, stored.tables.accuracy[1].accuracy)]])
example("Run:image", [[
run = hfc.run("example")
paths = run:image("pictures", torch.rand(4, 3, 32, 32), {columns = 2})]])
example("Run:curve", '\z
  run = hfc.run("example")\n\z
  for epoch = 1, 3 do run:curve("spectrum", torch.rand(16) / epoch, \z
    {x_name = "radius", epoch = epoch, series = "natural"}) end\n\z
  paths = run:plot("figure", {curves = {"spectrum"}, x = "radius", y = "power"})')
example("Run:save hfc.saved_model", [[
run = hfc.run("example")
run:save(hfc.model("preact_resnet8"), "trained")
model = hfc.saved_model(run:directory(), "trained")]])
example("torch.tensor Tensor:tolist Tensor:item", [[
x = torch.tensor({{1, 2}, {3, 4}}, {dtype = "float64"})
print(x:sum():item(), x:tolist()[2][1])]])
example("Tensor:to Tensor:size Tensor:dim Tensor:numel", [[
x = torch.zeros(2, 3):to("float64")
print(x:size(1), x:dim(), x:numel())]])
example("Tensor:backward Tensor:requires_grad_ torch.autograd.grad", [[
x = torch.tensor {1, 2}:requires_grad_()
x:square():sum():backward()
print(x.grad, torch.autograd.grad(x:pow(3):sum(), x))]])
example("torch.nn.module torch.nn.Parameter", [[
Scale = torch.nn.module "Scale"
function Scale:init() self.weight = torch.nn.Parameter(torch.ones(1)) end
function Scale:forward(x) return x * self.weight end
print(Scale()(torch.rand(2)))]])
example("torch.nn.Sequential torch.nn.Conv2d torch.nn.Linear", "\z
  net = torch.nn.Sequential {torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), \z
    torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 10)}\n\z
  print(net(torch.rand(2, 3, 16, 16)):size(1))")
example("torch.optim.Adam torch.optim.SGD Optimizer:step Optimizer:zero_grad", [[
layer = torch.nn.Linear(4, 2)
adam = torch.optim.Adam(layer:parameters(), {lr = 1e-2})
loss = layer(torch.rand(8, 4)):square():mean()
adam:zero_grad(); loss:backward(); adam:step()]])
example("torch.optim.LBFGS", [[
x = torch.zeros(2):requires_grad_()
search = torch.optim.LBFGS({x}, {line_search_fn = "strong_wolfe"})
search:step(function()
  search:zero_grad()
  local loss = (x - 3):square():sum()
  loss:backward()
  return loss
end)
print(x)]])
example("torch.optim.lr_scheduler.SequentialLR torch.optim.lr_scheduler.LinearLR \z
  torch.optim.lr_scheduler.CosineAnnealingLR LRScheduler:step", [[
S = torch.optim.lr_scheduler
sgd = torch.optim.SGD({torch.ones(1):requires_grad_()}, {lr = 0.1})
warmup, cosine = S.LinearLR(sgd, {start_factor = 0.1, total_iters = 3}), S.CosineAnnealingLR(sgd, 7)
schedule = S.SequentialLR(sgd, {warmup, cosine}, {3})
for epoch = 1, 10 do sgd:step() schedule:step() print(epoch, sgd.param_groups[1].lr) end]])
example("torch.no_grad", [[
torch.no_grad(function() print(torch.ones(1, {requires_grad = true}):add(1).requires_grad) end)]])
example("torch.save torch.load", [[
path = os.tmpname() .. ".safetensors"
torch.save({weight = torch.rand(2)}, path)
print(torch.load(path).weight)]])
end
