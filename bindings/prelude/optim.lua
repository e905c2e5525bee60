-- Additions to the optimizers and schedules of torch.optim, which are in C++: names in Lua's style,
-- and averages of weights.
local host = ...
local optim, nn = torch.optim, torch.nn

host.accept_small_names(optim, "torch.optim")
host.accept_small_names(optim.lr_scheduler, "torch.optim.lr_scheduler")
host.accept_small_names(nn.utils, "torch.nn.utils")

local swa = optim.swa_utils
local owner = "torch.optim.swa_utils."

swa.get_ema_avg_fn = host.declare(owner .. "get_ema_avg_fn", [[
torch.optim.swa_utils.get_ema_avg_fn(decay = 0.999) -> function

Returns a function that computes an exponential moving average, for AveragedModel's avg_fn.]],
  function(decay)
  decay = decay or 0.999
  return function(averaged, value) return averaged * decay + value * (1 - decay) end
end)

swa.get_swa_avg_fn = host.declare(owner .. "get_swa_avg_fn", [[
torch.optim.swa_utils.get_swa_avg_fn() -> function

Returns a function that computes the mean of all weights so far. AveragedModel uses it if avg_fn is
not set.]],
  function()
  return function(averaged, value, count) return averaged + (value - averaged) / (count + 1) end
end)

local AveragedModel = nn.module("AveragedModel")

function AveragedModel:init(...)
  local given = host.arguments(owner .. "AveragedModel",
    {"model", "device", "avg_fn", "use_buffers"},
    {device = host.optional, avg_fn = host.optional, use_buffers = false}, 3, ...)
  if not nn.is_module(given.model) then
    error(owner .. "AveragedModel: expected a network, got " .. type(given.model), 3)
  end
  self.module = given.model:clone()
  if given.device then self.module:to(given.device) end
  self.avg_fn, self.use_buffers = given.avg_fn or swa.get_swa_avg_fn(), given.use_buffers
  self:register_buffer("n_averaged", torch.tensor(0, {dtype = "int64"}))
end

function AveragedModel:forward(...) return self.module(...) end

local function copy_all(from, to)
  for i, tensor in ipairs(to) do tensor:copy_(from[i]) end
end

function AveragedModel:update_parameters(model)
  local own, theirs = self.module:parameters(), model:parameters()
  if #own ~= #theirs then
    error(string.format("update_parameters: expected a network with %d parameters, got %d",
      #own, #theirs), 2)
  end
  local own_buffers, buffers = self.module:buffers(), model:buffers()
  torch.no_grad(function()
    local count = self.n_averaged:item()
    local function average(averaged, values)
      for i, tensor in ipairs(averaged) do
        local value = values[i]:to(tensor.device)
        local mean = count > 0 and tensor:is_floating_point()
        tensor:copy_(mean and self.avg_fn(tensor, value, count) or value)
      end
    end
    average(own, theirs)
    if self.use_buffers then average(own_buffers, buffers) else copy_all(buffers, own_buffers) end
    self.n_averaged:add_(1)
  end)
end

swa.AveragedModel = host.declare(owner .. "AveragedModel", "\z
  torch.optim.swa_utils.AveragedModel(model, {device = nil, avg_fn = nil, use_buffers = false}) \z
  -> module\n\n\z
  Makes a copy of the network to hold averages of its weights. During training, call \z
  averaged:update_parameters(model) to add the network's current weights to the averages. avg_fn: \z
  a function (averaged, value, count) -> Tensor (default get_swa_avg_fn()). use_buffers: if true, \z
  averages the buffers too; if false, copies them.",
  AveragedModel)

-- The batches of a list, or of an iterator such as dataset:batches().
local function each_batch(loader)
  if type(loader) == "function" then return loader end
  local i = 0
  return function()
    i = i + 1
    return loader[i]
  end
end

swa.update_bn = host.declare(owner .. "update_bn", [[
torch.optim.swa_utils.update_bn(loader, model, {device = nil})

Recomputes the running means and variances of all BatchNorm layers. loader: a list of batches,
or an iterator over them. model: a network written in Lua.]], function(loader, model, options)
  local layers = {}
  for _, layer in ipairs(model:modules()) do
    if torch.is_tensor(layer.running_mean) and layer.momentum then
      layers[#layers + 1] = {layer = layer, momentum = layer.momentum}
    end
  end
  if #layers == 0 then return end
  torch.no_grad(function()
    for _, one in ipairs(layers) do
      one.layer.running_mean:zero_()
      one.layer.running_var:fill_(1)
      if torch.is_tensor(one.layer.num_batches_tracked) then
        one.layer.num_batches_tracked:zero_()
      end
    end
    local was_training, count = model.training, 0
    model:train()
    for batch in each_batch(loader) do
      if type(batch) == "table" then batch = batch[1] end
      if options and options.device then batch = batch:to(options.device) end
      count = count + 1
      -- A mean over all batches, in which each batch has the same weight.
      for _, one in ipairs(layers) do one.layer.momentum = 1 / count end
      model(batch)
    end
    for _, one in ipairs(layers) do one.layer.momentum = one.momentum end
    model:train(was_training)
  end)
end)

host.accept_small_names(swa, "torch.optim.swa_utils")
