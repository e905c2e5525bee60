-- torch.nn: losses. Class weights are buffers, which move with the module.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.layers
local layer, none, check = shared.layer, shared.none, shared.check

-- Reduces the elementwise losses by "mean", "sum" or "none".
local function reduce(x, reduction)
  if reduction == "mean" then return x:mean() end
  if reduction == "sum" then return x:sum() end
  return x
end

-- The words in quotes, as in: "a", "b" or "c".
local function listed(words, quote)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = quote .. word .. quote end
  return table.concat(quoted, ", ", 1, #words - 1) .. " or " .. quoted[#words]
end

-- Declares a loss. names: its arguments; defaults: their defaults, except for `reduction`;
-- forward(self, input, target, ...); tensors: the arguments that are tensors; reductions: the
-- accepted values.
local function loss(class, names, defaults, text, forward, tensors, setup, reductions)
  reductions = reductions or {"mean", "sum", "none"}
  local accepted = {}
  for _, name in ipairs(reductions) do accepted[name] = true end
  defaults.reduction = "mean"
  for _, name in ipairs(tensors or {}) do defaults[name] = none end
  layer(class, {
    names = names, defaults = defaults, buffers = tensors,
    text = text .. " reduction: " .. listed(reductions, '"') .. ".",
    setup = function(self, o)
      check(accepted[o.reduction], class, "reduction must be %s, got '%s'",
            listed(reductions, "'"), tostring(o.reduction))
      if setup then setup(self, o) end
    end,
    forward = forward,
  })
end

local of = " of (input, target)."
for class, operator in pairs {
  MSELoss = "mse_loss", L1Loss = "l1_loss", SoftMarginLoss = "soft_margin_loss",
  MultiLabelMarginLoss = "multilabel_margin_loss",
} do
  local f = torch[operator]
  loss(class, {"reduction"}, {}, string.format("Computes torch.%s", operator) .. of,
    function(self, input, target) return f(input, target, {reduction = self.reduction}) end)
end
loss("SmoothL1Loss", {"reduction", "beta"}, {beta = 1},
  "Computes torch.smooth_l1_loss" .. of .. " The loss is quadratic for differences below beta and \z
  linear above.",
  function(self, input, target)
    if self.beta == 0 then return torch.l1_loss(input, target, {reduction = self.reduction}) end
    return torch.smooth_l1_loss(input, target, {reduction = self.reduction, beta = self.beta})
  end)
loss("HuberLoss", {"reduction", "delta"}, {delta = 1},
  "Computes torch.huber_loss" .. of .. " The loss is quadratic for differences below delta and \z
  linear above.",
  function(self, input, target)
    return torch.huber_loss(input, target, {reduction = self.reduction, delta = self.delta})
  end)
loss("BCELoss", {"weight", "reduction"}, {},
  "Computes the binary cross-entropy of (probabilities, targets). weight: a factor for each \z
  element.",
  function(self, input, target)
    return torch.binary_cross_entropy(
      input, target, {weight = self.weight, reduction = self.reduction})
  end, {"weight"})
loss("BCEWithLogitsLoss", {"weight", "reduction", "pos_weight"}, {},
  "\z
  Computes the binary cross-entropy of (logits, targets). weight: a factor for each element. \z
  pos_weight: a factor for each element whose target is 1.", function(self, input, target)
    return torch.binary_cross_entropy_with_logits(
      input, target,
      {weight = self.weight, pos_weight = self.pos_weight, reduction = self.reduction})
  end, {"weight", "pos_weight"})
loss("CrossEntropyLoss", {"weight", "ignore_index", "reduction", "label_smoothing"},
  {ignore_index = -100, label_smoothing = 0},
  "Computes torch.nn.functional.cross_entropy of (logits [N, C, ...], classes or probabilities). \z
  weight: a factor for each class.",
  function(self, input, target)
    return torch.cross_entropy_loss(input, target, {
      weight = self.weight, reduction = self.reduction, ignore_index = self.ignore_index,
      label_smoothing = self.label_smoothing,
    })
  end, {"weight"})
loss("NLLLoss", {"weight", "ignore_index", "reduction"}, {ignore_index = -100},
  "Computes the negative log-likelihood of (log-probabilities [N, C, ...], classes). weight: a \z
  factor for each class.",
  function(self, input, target)
    return torch.nll_loss_nd(input, target, {
      weight = self.weight, reduction = self.reduction, ignore_index = self.ignore_index,
    })
  end, {"weight"})
loss("KLDivLoss", {"reduction", "log_target"}, {log_target = false},
  "\z
  Computes the Kullback-Leibler divergence of (log-probabilities, probabilities). The reduction \z
  \"batchmean\" divides the sum by the batch size.",
  function(self, input, target)
    local by_batch = self.reduction == "batchmean"
    local result = torch.kl_div(input, target, {
      reduction = by_batch and "sum" or self.reduction, log_target = self.log_target,
    })
    return by_batch and result / input:size(0) or result
  end, nil, nil, {"mean", "sum", "none", "batchmean"})
loss("PoissonNLLLoss", {"log_input", "full", "eps", "reduction"},
  {log_input = true, full = false, eps = 1e-8},
  "Computes the negative log-likelihood of counts under a Poisson distribution. input: the rate, \z
  or its logarithm if log_input is true.",
  function(self, input, target)
    local result = self.log_input and input:exp() - target * input
      or input - target * (input + self.eps):log()
    if self.full then
      local stirling = target * target:log() - target + (target * (2 * math.pi)):log() * 0.5
      result = result + torch.where(target:gt(1), stirling, torch.zeros_like(stirling))
    end
    return reduce(result, self.reduction)
  end)
loss("GaussianNLLLoss", {"full", "eps", "reduction"}, {full = false, eps = 1e-6},
  "Computes the negative log-likelihood of a normal distribution: module(mean, target, variance).",
  function(self, input, target, variance)
    if not torch.is_tensor(variance) then
      variance = torch.full_like(input, variance)
    elseif variance:dim() == input:dim() - 1 then
      variance = variance:unsqueeze(-1)
    end
    if variance:lt(0):any():item() then
      error("torch.nn.GaussianNLLLoss: the variance must not be negative")
    end
    -- The lower bound on the variance does not affect the gradient.
    variance = variance
      + torch.no_grad(function() return variance:clamp_min(self.eps) - variance end)
    local result = (variance:log() + (input - target):square() / variance) * 0.5
    if self.full then result = result + 0.5 * math.log(2 * math.pi) end
    return reduce(result, self.reduction)
  end)
loss("HingeEmbeddingLoss", {"margin", "reduction"}, {margin = 1},
  "Computes x if the target is 1, and max(0, margin - x) if it is -1.",
  function(self, input, target)
    return torch.hinge_embedding_loss(
      input, target, {margin = self.margin, reduction = self.reduction})
  end)
loss("MultiLabelSoftMarginLoss", {"weight", "reduction"}, {},
  "Computes the binary cross-entropy of (logits, targets), averaged over the classes. weight: a \z
  factor for each class.",
  function(self, input, target)
    local result = -(target * torch.log_sigmoid(input)
      + (-target + 1) * torch.log_sigmoid(-input))
    if self.weight then result = result * self.weight end
    return reduce(result:mean(-1), self.reduction)
  end, {"weight"})
loss("CosineEmbeddingLoss", {"margin", "reduction"}, {margin = 0},
  "module(x1, x2, target) computes 1 - cos if the target is 1, and max(0, cos - margin) if it is \z
  -1, where cos is the cosine of the angle between x1 and x2.",
  function(self, a, b, target)
    return torch.cosine_embedding_loss(
      a, b, target, {margin = self.margin, reduction = self.reduction})
  end)
loss("MarginRankingLoss", {"margin", "reduction"}, {margin = 0},
  "Computes max(0, margin - target * (x1 - x2)) for module(x1, x2, target).",
  function(self, a, b, target)
    return torch.margin_ranking_loss(
      a, b, target, {margin = self.margin, reduction = self.reduction})
  end)
loss("MultiMarginLoss", {"p", "margin", "weight", "reduction"}, {p = 1, margin = 1},
  "Computes the multi-class hinge loss of (scores, classes). weight: a factor for each class.",
  function(self, input, target)
    return torch.multi_margin_loss(input, target, self.p, self.margin, self.weight,
                                   {reduction = self.reduction})
  end, {"weight"})
loss("TripletMarginLoss", {"margin", "p", "eps", "swap", "reduction"},
  {margin = 1, p = 2, eps = 1e-6, swap = false},
  "Computes max(0, d(a, p) - d(a, n) + margin) for module(anchor, positive, negative), where d is \z
  the p-norm of the difference.",
  function(self, anchor, positive, negative)
    return torch.triplet_margin_loss(anchor, positive, negative, {
      margin = self.margin, p = self.p, eps = self.eps, swap = self.swap,
      reduction = self.reduction,
    })
  end, nil, function(_, o)
    check(o.margin > 0, "TripletMarginLoss", "margin must be above 0, got %s", tostring(o.margin))
  end)
loss("TripletMarginWithDistanceLoss", {"distance_function", "margin", "swap", "reduction"},
  {distance_function = none, margin = 1, swap = false},
  "Works like TripletMarginLoss, but with your own distance. distance_function: a \z
  function(x1, x2) (by default, the pairwise distance).",
  function(self, anchor, positive, negative)
    local distance = self.distance_function
    local near, far = distance(anchor, positive), distance(anchor, negative)
    if self.swap then far = torch.minimum(far, distance(positive, negative)) end
    return reduce((near - far + self.margin):clamp_min(0), self.reduction)
  end, nil, function(self, o)
    if not o.distance_function then self.distance_function = nn.PairwiseDistance() end
  end)
loss("CTCLoss", {"blank", "reduction", "zero_infinity"}, {blank = 0, zero_infinity = false},
  "Computes the connectionist temporal classification (CTC) loss: module(log_probs [T, N, C], \z
  targets, input_lengths, target_lengths).",
  function(self, log_probs, targets, input_lengths, target_lengths)
    local number = {none = 0, mean = 1, sum = 2}
    return torch.ctc_loss(log_probs, targets, input_lengths, target_lengths, self.blank,
                          number[self.reduction], self.zero_infinity)
  end)
