-- Baselines for methods, and measures of how fast a network learns.
local host = ...

local function blurred_class()
  local Blurred = torch.nn.module "BlurredInput"

  function Blurred:init(network, rho)
    self.network = network
    local kernel = torch.full({3, 3}, rho / (1 + 8 * rho))
    kernel[{1, 1}] = 1 / (1 + 8 * rho)
    self:register_buffer("kernel", kernel)
  end

  function Blurred:forward(x)
    local channels = x.shape[2]
    local kernel = self.kernel:expand {channels, 1, 3, 3}
    local padded = torch.nn.functional.pad(x, {1, 1, 1, 1}, "replicate")
    return self.network(torch.conv2d(padded, kernel, {groups = channels}))
  end

  return Blurred
end

local Blurred

hfc.blurred_input = host.declare("hfc.blurred_input", '\z
  hfc.blurred_input(model, rho) -> module\n\n\z
  Returns the network with a blur in front of it. Each pixel becomes the weighted mean of itself \z
  (weight 1) and its eight neighbours (weight rho each), with replicated borders. hfc.smooth uses \z
  the same weights for the kernels of the first layer. The blur divides the weights by their sum, \z
  so the mean of an image does not change. The blur is the baseline for smoothed kernels: except \z
  at borders, applying a linear filter to the first layer\'s kernels is equivalent to applying it \z
  to the input. Gradients of attacks pass through the blur.\n\z
  rho: a number >= 0; 0 leaves the images unchanged.',
function(model, rho)
  if type(rho) ~= "number" or rho < 0 or rho == math.huge then
    error("hfc.blurred_input: expected a finite rho >= 0, got " .. tostring(rho), 2)
  end
  Blurred = Blurred or blurred_class()
  return Blurred(model, rho):to(hfc.device()):eval()
end)

hfc.epochs_to = host.declare("hfc.epochs_to", '\z
  hfc.epochs_to(history, probe, accuracy) -> number, or nil\n\n\z
  Returns the first epoch after which the accuracy on a probe is at least `accuracy`, or nil if \z
  there is no such epoch. history: the result of hfc.train. probe: the name of a probe.',
function(history, probe, accuracy)
  for _, result in ipairs(history) do
    local reached = (result.accuracy or {})[probe]
    if reached == nil then
      error(string.format("hfc.epochs_to: the history has no probe '%s'", tostring(probe)), 2)
    end
    if reached >= accuracy then return result.epoch end
  end
end)

hfc.matched = host.declare("hfc.matched", '\z
  hfc.matched(results, group, measure) -> list of results, number\n\n\z
  Chooses one result from each group, such that the chosen results have nearly equal values of \z
  a measure. The groups can then be compared fairly. For example, optimizers can be compared at \z
  learning rates that lead to the same training accuracy. results: a list of tables {GROUP = \z
  name, MEASURE = number, ...}. The target is the largest value that every group reaches: the \z
  smallest of the groups\' largest values. From each group, the result nearest to the \z
  target is chosen. Returns these results, in the order of the groups, followed by the target.',
function(results, group, measure)
  local names, largest = {}, {}
  for i, result in ipairs(results) do
    local name, value = result[group], result[measure]
    if name == nil or type(value) ~= "number" then
      error(string.format("hfc.matched: result %d must have the fields '%s' and '%s', and \z
        '%s' must be a number", i, tostring(group), tostring(measure), tostring(measure)), 2)
    end
    if not largest[name] then names[#names + 1] = name end
    largest[name] = math.max(largest[name] or value, value)
  end
  local target = math.huge
  for _, name in ipairs(names) do target = math.min(target, largest[name]) end
  local chosen = {}
  for i, name in ipairs(names) do
    for _, result in ipairs(results) do
      local nearer = not chosen[i] or math.abs(result[measure] - target)
        < math.abs(chosen[i][measure] - target)
      if result[group] == name and nearer then chosen[i] = result end
    end
  end
  return chosen, target
end)
