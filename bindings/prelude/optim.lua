-- torch.optim.lr_scheduler, torch.nn.utils.clip_grad_*: PyTorch's schedules and gradient clipping.
local host = ...
local optim, nn = torch.optim, torch.nn

host.accept_small_names(optim, "torch.optim")

local schedulers = {}
rawset(optim, "lr_scheduler", schedulers)

local Scheduler = {}
Scheduler.__index = Scheduler

-- Sets each group's rate for the epoch the schedule stands at.
local function apply(self)
  for i, group in ipairs(self.optimizer.param_groups) do
    self.last_lr[i] = self.rate(self, self.base_lrs[i], i, group)
    group.lr = self.last_lr[i]
  end
end

function Scheduler:step()
  self.last_epoch = self.last_epoch + 1
  apply(self)
end

function Scheduler:get_last_lr() return {unpack(self.last_lr)} end

function Scheduler:state_dict()
  return {
    last_epoch = self.last_epoch,
    base_lrs = {unpack(self.base_lrs)},
    last_lr = {unpack(self.last_lr)},
  }
end

function Scheduler:load_state_dict(state)
  self.last_epoch, self.base_lrs, self.last_lr =
    state.last_epoch, {unpack(state.base_lrs)}, {unpack(state.last_lr)}
  for i, group in ipairs(self.optimizer.param_groups) do group.lr = self.last_lr[i] end
  return self
end

-- Declares a schedule. names, defaults: of its arguments behind the optimizer; setup(self) and
-- rate(self, base, i, group) -> lr.
local function declare(name, names, defaults, text, setup, rate)
  local owner = "torch.optim.lr_scheduler." .. name
  schedulers[name] = host.declare(owner, text, function(optimizer, ...)
    local self = setmetatable(host.arguments(owner, names, defaults, 2, ...), Scheduler)
    self.optimizer, self.base_lrs, self.last_lr, self.last_epoch, self.rate =
      optimizer, {}, {}, 0, rate
    for i, group in ipairs(optimizer.param_groups) do self.base_lrs[i] = group.lr end
    if setup then setup(self) end
    apply(self)
    return self
  end)
end

declare("StepLR", {"step_size", "gamma"}, {gamma = 0.1}, "\z
  torch.optim.lr_scheduler.StepLR(optimizer, step_size, {gamma = 0.1}) -> scheduler\n\n\z
  The rate times gamma every step_size steps. All schedulers: step(), get_last_lr(), \z
  state_dict(), load_state_dict(state).", nil,
  function(self, base) return base * self.gamma ^ math.floor(self.last_epoch / self.step_size) end)

declare("MultiStepLR", {"milestones", "gamma"}, {gamma = 0.1}, [[
torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, {gamma = 0.1}) -> scheduler

The rate times gamma at each of the milestones, a list of steps.]], nil, function(self, base)
  local passed = 0
  for _, milestone in ipairs(self.milestones) do
    passed = passed + (self.last_epoch >= milestone and 1 or 0)
  end
  return base * self.gamma ^ passed
end)

declare("ExponentialLR", {"gamma"}, {}, [[
torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma) -> scheduler

The rate times gamma at each step.]], nil,
  function(self, base) return base * self.gamma ^ self.last_epoch end)

declare("CosineAnnealingLR", {"T_max", "eta_min"}, {eta_min = 0}, [[
torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max, {eta_min = 0}) -> scheduler

From the rate to eta_min along half a cosine of T_max steps.]], nil, function(self, base)
  return self.eta_min
    + (base - self.eta_min) * (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
end)

declare("LinearLR", {"start_factor", "end_factor", "total_iters"},
  {start_factor = 1 / 3, end_factor = 1, total_iters = 5}, "\z
  torch.optim.lr_scheduler.LinearLR(optimizer, \z
  {start_factor = 1/3, end_factor = 1, total_iters = 5}) -> scheduler\n\n\z
  A warm-up: the rate times a factor that goes linearly from start_factor to end_factor in \z
  total_iters steps.", nil, function(self, base)
    local first, last, total = self.start_factor, self.end_factor, self.total_iters
    return base * (first + (last - first) * math.min(total, self.last_epoch) / total)
  end)

declare("LambdaLR", {"lr_lambda"}, {}, [[
torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda) -> scheduler

The rate times lr_lambda(step).]], nil,
  function(self, base) return base * self.lr_lambda(self.last_epoch) end)

local function anneal_cos(first, last, share)
  return last + (first - last) / 2 * (1 + math.cos(math.pi * share))
end
local function anneal_linear(first, last, share) return first + (last - first) * share end

-- A value of the one-cycle policy: up from `first` to `top` until the end of the warm-up, then down
-- to `last`.
local function one_cycle(self, first, top, last)
  local anneal = self.anneal_strategy == "linear" and anneal_linear or anneal_cos
  local turn, finish = self.pct_start * self.total_steps - 1, self.total_steps - 1
  if self.last_epoch <= turn then return anneal(first, top, self.last_epoch / turn) end
  return anneal(top, last, (self.last_epoch - turn) / (finish - turn))
end

-- The setting that cycles against the rate: Adam's beta1, else the momentum.
local function momentum_name(group)
  return pcall(function() return group.beta1 end) and "beta1" or "momentum"
end

declare("OneCycleLR",
  {"max_lr", "total_steps", "pct_start", "anneal_strategy", "cycle_momentum", "base_momentum",
   "max_momentum", "div_factor", "final_div_factor"},
  {pct_start = 0.3, anneal_strategy = "cos", cycle_momentum = true, base_momentum = 0.85,
   max_momentum = 0.95, div_factor = 25, final_div_factor = 1e4}, "\z
  torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr, total_steps, {pct_start = 0.3, \z
    anneal_strategy = \"cos\", cycle_momentum = true,\n\z
  \32 base_momentum = 0.85, max_momentum = 0.95, div_factor = 25, final_div_factor = 1e4}) -> \z
    scheduler\n\n\z
  Smith's one-cycle policy: from max_lr / div_factor up to max_lr in the first pct_start of the \z
  steps, then down to\n\z
  max_lr / div_factor / final_div_factor; momentum (Adam's first beta) moves the other way.",
  function(self)
    if self.anneal_strategy ~= "cos" and self.anneal_strategy ~= "linear" then
      error("torch.optim.lr_scheduler.OneCycleLR: anneal_strategy must be cos or linear, got "
        .. tostring(self.anneal_strategy), 4)
    end
  end, function(self, _, i, group)
    if self.last_epoch >= self.total_steps then
      error(string.format("torch.optim.lr_scheduler.OneCycleLR: step %d of a schedule of %d steps",
        self.last_epoch + 1, self.total_steps), 4)
    end
    local top = type(self.max_lr) == "table" and self.max_lr[i] or self.max_lr
    local first = top / self.div_factor
    if self.cycle_momentum then
      local low, high = self.base_momentum, self.max_momentum
      group[momentum_name(group)] = one_cycle(self, high, low, high)
    end
    return one_cycle(self, first, top, first / self.final_div_factor)
  end)

local utils = {}
rawset(nn, "utils", utils)

local function gradients_of(parameters)
  if torch.is_tensor(parameters) then parameters = {parameters} end
  local gradients = {}
  for _, parameter in ipairs(parameters) do gradients[#gradients + 1] = parameter.grad end
  return gradients
end

utils.clip_grad_norm_ = host.declare("torch.nn.utils.clip_grad_norm_", [[
torch.nn.utils.clip_grad_norm_(parameters, max_norm, {norm_type = 2}) -> Tensor

Scales all gradients together so that their norm is at most max_norm; returns the norm they had.]],
  function(parameters, max_norm, options)
    local gradients, order = gradients_of(parameters), options and options.norm_type or 2
    if #gradients == 0 then return torch.tensor(0) end
    local norms = {}
    for i, gradient in ipairs(gradients) do norms[i] = torch.linalg_vector_norm(gradient, order) end
    local total = torch.linalg_vector_norm(torch.stack(norms), order)
    local factor = (max_norm / (total + 1e-6)):clamp_max(1)
    for _, gradient in ipairs(gradients) do gradient:mul_(factor) end
    return total
  end)

utils.clip_grad_value_ = host.declare("torch.nn.utils.clip_grad_value_", [[
torch.nn.utils.clip_grad_value_(parameters, clip_value)

Cuts each element of the gradients to [-clip_value, clip_value].]], function(parameters, clip_value)
  for _, gradient in ipairs(gradients_of(parameters)) do
    gradient:clamp_(-clip_value, clip_value)
  end
end)
