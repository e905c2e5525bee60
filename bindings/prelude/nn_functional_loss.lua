-- torch.nn.functional: losses, with Python's arguments.
local host = ...
local define, shape_text = host.define_functional, host.shape_text

-- size_average and reduce are deprecated in Python. For compatibility with older scripts, the
-- reduction can also be given at the position of size_average.
local function reduction_of(size_average, reduce, reduction)
  if type(size_average) == "string" then return size_average end
  if size_average == nil and reduce == nil then return reduction end
  if reduce == false then return "none" end
  return size_average == false and "sum" or "mean"
end

local function check_reduction(name, reduction)
  if reduction ~= "none" and reduction ~= "mean" and reduction ~= "sum" then
    error(string.format(
      "%s: reduction must be 'none', 'mean' or 'sum', got '%s'", name, tostring(reduction)), 3)
  end
end

local function reduce_by(loss, reduction)
  if reduction == "none" then return loss end
  return reduction == "sum" and loss:sum() or loss:mean()
end

local old = "size_average = nil, reduce = nil, reduction = \"mean\""
local kinds = ' reduction: "mean", "sum" or "none".'

local function same_shape(name, what, a, b)
  if shape_text(a.shape) ~= shape_text(b.shape) then
    error(string.format("%s: %s must have the same shape as input, got %s and %s",
      name, what, shape_text(b.shape), shape_text(a.shape)), 3)
  end
end

-- Losses of two tensors that may weight their elements. by_weight: whether the mean divides by the
-- sum of the weights.
local function weighted(name, input, target, reduction, weight, by_weight, ...)
  local a, b = unpack(torch.broadcast_tensors {input, target})
  local operator = torch[name]
  if not weight then return operator(a, b, reduction, ...) end
  check_reduction(name, reduction)
  same_shape(name, "weight", input, weight)
  local loss = operator(a, b, "none", ...) * weight
  if by_weight and reduction == "mean" then return loss:sum() / weight:sum() end
  return reduce_by(loss, reduction)
end

define("mse_loss", "input, target, " .. old .. ", weight = nil", "-> Tensor\n\n\z
  Returns (input - target)^2." .. kinds, function(input, target, average, reduce, reduction, weight)
  return weighted(
    "mse_loss", input, target, reduction_of(average, reduce, reduction), weight, true)
end)

define("l1_loss", "input, target, " .. old .. ", weight = nil", "-> Tensor\n\n\z
  Returns |input - target|." .. kinds, function(input, target, average, reduce, reduction, weight)
  return weighted(
    "l1_loss", input, target, reduction_of(average, reduce, reduction), weight, true)
end)

define("huber_loss", "input, target, reduction = \"mean\", delta = 1, weight = nil",
  "-> Tensor\n\nReturns half the squared difference for differences up to delta, and a linear \z
  function for larger differences." .. kinds,
  function(input, target, reduction, delta, weight)
    return weighted("huber_loss", input, target, reduction, weight, false, delta)
  end)

define("smooth_l1_loss", "input, target, " .. old .. ", beta = 1", "-> Tensor\n\n\z
  Returns the squared difference divided by 2 * beta for differences up to beta, and a linear \z
  function for larger differences." .. kinds,
  function(input, target, average, reduce, reduction, beta)
    local kind = reduction_of(average, reduce, reduction)
    if beta == 0 then return weighted("l1_loss", input, target, kind) end
    return weighted("smooth_l1_loss", input, target, kind, nil, false, beta)
  end)

define("cross_entropy", "input, target, weight = nil, size_average = nil, ignore_index = -100, \z
  reduce = nil, reduction = \"mean\", label_smoothing = 0", "-> Tensor\n\n\z
  Returns the cross-entropy. input: logits [N, C, ...]. target: int64 classes [N, ...], or \z
  probabilities with input's shape."
  .. kinds,
  function(input, target, weight, average, ignore_index, reduce, reduction, smoothing)
    return torch.cross_entropy_loss(
      input, target, weight, reduction_of(average, reduce, reduction), ignore_index, smoothing)
  end)

define("nll_loss", "input, target, weight = nil, size_average = nil, ignore_index = -100, \z
  reduce = nil, reduction = \"mean\"", "-> Tensor\n\n\z
  Returns the negative log-likelihood. input: log-probabilities [N, C, ...]. target: int64 \z
  classes [N, ...]." .. kinds,
  function(input, target, weight, average, ignore_index, reduce, reduction)
    return torch.nll_loss_nd(
      input, target, weight, reduction_of(average, reduce, reduction), ignore_index)
  end)

define("kl_div", "input, target, " .. old .. ", log_target = false", '-> Tensor\n\n\z
  Returns the Kullback-Leibler divergence. input: log-probabilities. target: probabilities, or \z
  their logarithms if log_target is true. reduction: \z
  "batchmean" (the mathematical definition), "mean" (over all elements), "sum" or "none".',
  function(input, target, average, reduce, reduction, log_target)
    local kind = reduction_of(average, reduce, reduction)
    if kind ~= "batchmean" then
      return torch.kl_div(input, target, kind, {log_target = log_target})
    end
    local loss = torch.kl_div(input, target, "sum", {log_target = log_target})
    return input.ndim > 0 and loss / input:size(0) or loss
  end)

define("poisson_nll_loss", "input, target, log_input = true, full = false, size_average = nil, \z
  eps = 1e-8, reduce = nil, reduction = \"mean\"", "-> Tensor\n\n\z
  Returns the negative log-likelihood of a Poisson distribution." .. kinds,
  function(input, target, log_input, full, average, eps, reduce, reduction)
    local kind = reduction_of(average, reduce, reduction)
    check_reduction("poisson_nll_loss", kind)
    return torch.poisson_nll_loss(
      input, target, log_input, full, eps, ({none = 0, mean = 1, sum = 2})[kind])
  end)

-- The variance in a shape that broadcasts to the input's.
local function fit_variance(input, var)
  local a, b = input.shape, var.shape
  if shape_text(a) == shape_text(b) then return var end
  if #a == #b + 1 and shape_text(b) == shape_text {unpack(a, 1, #a - 1)} then
    return var:unsqueeze(-1)
  end
  local differ = 0
  for i = 1, #a do
    if a[i] ~= b[i] then differ = differ + (b[i] or 0) end
  end
  if #a == #b and differ == 1 then return var end
  error(string.format("gaussian_nll_loss: var of shape %s does not match input of shape %s",
    shape_text(b), shape_text(a)), 3)
end

define("gaussian_nll_loss", "input, target, var, full = false, eps = 1e-6, reduction = \"mean\"",
  "-> Tensor\n\nReturns the negative log-likelihood of a Gaussian distribution with mean `input` \z
  and variance `var` (a number or a Tensor)." .. kinds,
  function(input, target, var, full, eps, reduction)
    if type(var) == "number" then var = torch.full_like(input, var) end
    if var:lt(0):any():item() then
      error("gaussian_nll_loss: var must not be negative", 2)
    end
    check_reduction("gaussian_nll_loss", reduction)
    local variance = fit_variance(input, var):clone()
    torch.no_grad(variance.clamp_, variance, {min = eps})
    local loss = 0.5 * (variance:log() + (input - target):square() / variance)
    if full then loss = loss + 0.5 * math.log(2 * math.pi) end
    return reduce_by(loss, reduction)
  end)

define("binary_cross_entropy", "input, target, weight = nil, " .. old, "-> Tensor\n\n\z
  Returns the binary cross-entropy. input: probabilities. target: a Tensor with the same shape."
  .. kinds,
  function(input, target, weight, average, reduce, reduction)
    same_shape("binary_cross_entropy", "target", input, target)
    if weight then
      weight = weight:expand(torch.broadcast_shapes(target.shape, weight.shape))
    end
    return torch.binary_cross_entropy(
      input, target, weight, reduction_of(average, reduce, reduction))
  end)

define("binary_cross_entropy_with_logits", "input, target, weight = nil, " .. old
  .. ", pos_weight = nil", "\z
  -> Tensor\n\n\z
  Returns the binary cross-entropy of sigmoid(input), computed in one step." .. kinds,
  function(input, target, weight, average, reduce, reduction, pos_weight)
    same_shape("binary_cross_entropy_with_logits", "target", input, target)
    return torch.binary_cross_entropy_with_logits(
      input, target, weight, pos_weight, reduction_of(average, reduce, reduction))
  end)

-- Losses whose operators take the arguments that precede size_average, and then the reduction.
local function plain(name, arguments, text, check)
  define(name, arguments .. ", " .. old, "-> Tensor\n\nReturns " .. text .. kinds, function(...)
    local count = select("#", ...)
    local values = {...}
    local kind = reduction_of(values[count - 2], values[count - 1], values[count])
    if check then check(...) end
    values[count - 2] = kind
    return torch[name](unpack(values, 1, count - 2))
  end)
end

plain("soft_margin_loss", "input, target", "log(1 + exp(-target * input)). target: 1 or -1.")
plain("multilabel_margin_loss", "input, target",
  "the hinge loss between the classes listed in target (up to the first -1) and all other classes.")
plain("hinge_embedding_loss", "input, target, margin = 1",
  "input if target is 1, and max(0, margin - input) if it is -1.")
plain("cosine_embedding_loss", "input1, input2, target, margin = 0",
  "1 - cos if target is 1, and max(0, cos - margin) if it is -1, where cos is the cosine of the \z
  angle between input1 and input2.")
plain("margin_ranking_loss", "input1, input2, target, margin = 0",
  "max(0, -target * (input1 - input2) + margin).", function(a, b, target)
    if a.ndim ~= b.ndim or a.ndim ~= target.ndim then
      error(string.format(
        "margin_ranking_loss: expected inputs with the same number of dimensions, got shapes %s, \z
        %s and %s", shape_text(a.shape), shape_text(b.shape), shape_text(target.shape)), 3)
    end
  end)
plain("multi_margin_loss", "input, target, p = 1, margin = 1, weight = nil",
  "the sum of max(0, margin - input[target] + input[i])^p over the classes i other than target, \z
  divided by the number of classes. weight: a factor for each class, applied to the samples whose \z
  target is this class.", function(_, _, p, _, weight)
    if p ~= 1 and p ~= 2 then error("multi_margin_loss: p must be 1 or 2, got " .. p, 3) end
    if weight and weight.ndim ~= 1 then
      error("multi_margin_loss: weight must have one dimension, got " .. weight.ndim, 3)
    end
  end)

local function check_margin(name, margin)
  if margin <= 0 then
    error(string.format("%s: margin must be above 0, got %g", name, margin), 3)
  end
end

plain("triplet_margin_loss",
  "anchor, positive, negative, margin = 1, p = 2, eps = 1e-6, swap = false",
  "max(0, d(anchor, positive) - d(anchor, negative) + margin), where d is the p-norm of the \z
  difference.",
  function(_, _, _, margin)
    if margin <= 0 then
      error(string.format("triplet_margin_loss: margin must be above 0, got %g", margin), 3)
    end
  end)

define("triplet_margin_with_distance_loss", "anchor, positive, negative, distance_function = nil, \z
  margin = 1, swap = false, reduction = \"mean\"", "\z
  -> Tensor\n\n\z
  Works like triplet_margin_loss, but with your own distance_function(x1, x2)." .. kinds,
  function(anchor, positive, negative, distance, margin, swap, reduction)
    local name = "triplet_margin_with_distance_loss"
    check_reduction(name, reduction)
    check_margin(name, margin)
    if anchor.ndim ~= positive.ndim or anchor.ndim ~= negative.ndim then
      error(string.format("%s: expected inputs with the same number of dimensions, got %d, \z
        %d and %d", name, anchor.ndim, positive.ndim, negative.ndim), 2)
    end
    distance = distance or torch.pairwise_distance
    local far = distance(anchor, negative)
    if swap then far = torch.minimum(far, distance(positive, negative)) end
    return reduce_by((margin + distance(anchor, positive) - far):clamp_min(0), reduction)
  end)

define("multilabel_soft_margin_loss", "input, target, weight = nil, " .. old, "-> Tensor\n\n\z
  Returns the binary cross-entropy of sigmoid(input), averaged over the classes." .. kinds,
  function(input, target, weight, average, reduce, reduction)
    local kind = reduction_of(average, reduce, reduction)
    check_reduction("multilabel_soft_margin_loss", kind)
    local loss = -(target * torch.log_sigmoid(input)
      + (1 - target) * torch.log_sigmoid(-input))
    if weight then loss = loss * weight end
    return reduce_by(loss:sum(-1) / input:size(-1), kind)
  end)

define("ctc_loss", "log_probs, targets, input_lengths, target_lengths, blank = 0, \z
  reduction = \"mean\", zero_infinity = false", "-> Tensor\n\n\z
  Returns the connectionist temporal classification (CTC) loss. log_probs: [T, N, C]." .. kinds,
  function(...) return torch.ctc_loss(...) end)
