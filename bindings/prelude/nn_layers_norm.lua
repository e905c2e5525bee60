-- torch.nn: normalisations.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.layers
local layer, none, fill, python = shared.layer, shared.none, shared.fill, shared.python
local check = shared.check

-- The scale and shift of a normalisation.
local function set_affine(self, shape, affine, bias)
  if affine then
    self.weight = nn.Parameter(torch.ones(shape))
  else
    self:register_parameter("weight", nil)
  end
  rawset(self, "bias", nil)
  if affine and bias then
    self.bias = nn.Parameter(torch.zeros(shape))
  else
    self:register_parameter("bias", nil)
  end
end

local function set_statistics(self, o)
  if not o.track_running_stats then return end
  self:register_buffer("running_mean", torch.zeros(o.num_features))
  self:register_buffer("running_var", torch.ones(o.num_features))
  self:register_buffer("num_batches_tracked", torch.zeros({}, {dtype = "int64"}))
end

local function statistics_repr(self)
  return fill("{num_features}, eps={eps:f}, momentum={momentum:f}, affine={affine}, bias=", self)
    .. python(self.bias ~= nil) .. fill(", track_running_stats={track_running_stats}", self)
end

local function setup_statistics(self, o)
  set_affine(self, {o.num_features}, o.affine, o.bias)
  if o.momentum == false then rawset(self, "momentum", nil) end  -- Python's None
  set_statistics(self, o)
end

local function check_dims(class, x, low, high)
  local dims = x:dim()
  if dims < low or dims > high then
    error(string.format("torch.nn.%s: expected %s input (got %dD input)",
      class, low == high and low .. "D" or low .. "D or " .. high .. "D", dims))
  end
end

-- The weight of the current batch in the running statistics.
local function batch_momentum(self)
  if self.track_running_stats and self.training then
    self.num_batches_tracked:add_(1)
    if self.momentum == nil then return 1 / self.num_batches_tracked:item() end
  end
  return self.momentum or 0
end

local function batch_norm(class, low, high)
  layer(class, {
    names = {"num_features", "eps", "momentum", "affine", "track_running_stats", "bias"},
    defaults = {eps = 1e-5, momentum = 0.1, affine = true, track_running_stats = true,
                bias = true},
    text = "\z
      Normalises each channel with the batch's mean and variance in training, and with running \z
      statistics in evaluation. With momentum = false (None in Python), the running statistics \z
      are averages over all batches. Parameters: weight, bias; buffers: running_mean, \z
      running_var, num_batches_tracked. Errors: in training, a batch with only one value per \z
      channel.",
    setup = setup_statistics,
    forward = function(self, x)
      local by_batch = self.training or self.running_mean == nil
      check_dims(class, x, low, high)
      -- With only one value per feature, there is no variance.
      if by_batch and x:numel() == self.num_features and x:size(1) == self.num_features then
        error(string.format(
          "torch.nn.%s: Expected more than 1 value per channel when training, got input \z
          size [%s]; a single value has no variance. If the last batch has only one image, \z
          drop it (drop_last); otherwise choose a different batch size or use evaluation mode",
          class, table.concat(x.shape, ", ")))
      end
      return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                              by_batch, batch_momentum(self), self.eps, true)
    end,
    repr = statistics_repr,
  })
end
batch_norm("BatchNorm1d", 2, 3)
batch_norm("BatchNorm2d", 4, 4)
batch_norm("BatchNorm3d", 5, 5)

local function instance_norm(class, dims)
  layer(class, {
    names = {"num_features", "eps", "momentum", "affine", "track_running_stats", "bias"},
    defaults = {eps = 1e-5, momentum = 0.1, affine = false, track_running_stats = false,
                bias = true},
    text = "\z
      Normalises each channel of each sample with its own mean and variance. If \z
      track_running_stats is true, it uses running statistics in evaluation. Parameters if affine \z
      is true: weight, bias. Errors: an input in which each channel of a sample has only one \z
      value, unless running statistics are used.",
    setup = setup_statistics,
    forward = function(self, x)
      check_dims(class, x, dims + 1, dims + 2)
      local by_sample = self.training or not self.track_running_stats
      local batched = x:dim() == dims + 2
      if not batched then x = x:unsqueeze(0) end
      local count = x:numel()
      if by_sample and count > 0 and count == x:size(0) * x:size(1) then
        error(string.format(
          "torch.nn.%s: Expected more than 1 spatial element when training, got input \z
          size [%s]", class, table.concat(x.shape, ", ")))
      end
      local y = torch.instance_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                                    by_sample, self.momentum or 0, self.eps, true)
      return batched and y or y:squeeze(0)
    end,
    repr = statistics_repr,
  })
end
for dims = 1, 3 do instance_norm(string.format("InstanceNorm%dd", dims), dims) end

layer("GroupNorm", {
  names = {"num_groups", "num_channels", "eps", "affine", "bias"},
  defaults = {eps = 1e-5, affine = true, bias = true},
  text = "Normalises each group of channels in each sample with its own mean and variance. \z
    Parameters: weight, bias.",
  setup = function(self, o)
    check(o.num_channels % o.num_groups == 0, "GroupNorm",
          "num_channels must be divisible by num_groups, got %d and %d", o.num_channels,
          o.num_groups)
    set_affine(self, {o.num_channels}, o.affine, o.bias)
  end,
  forward = function(self, x)
    return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
  end,
  repr = function(self)
    return fill("{num_groups}, {num_channels}, eps={eps:f}, affine={affine}, bias=", self)
      .. python(self.bias ~= nil)
  end,
})

layer("LayerNorm", {
  names = {"normalized_shape", "eps", "elementwise_affine", "bias"},
  defaults = {eps = 1e-5, elementwise_affine = true, bias = true},
  text = "\z
    Normalises over the last dimensions. normalized_shape: their sizes (a number or a list). \z
    Parameters: weight, bias.",
  setup = function(self, o)
    self.normalized_shape = shared.times(o.normalized_shape, 1)
    set_affine(self, self.normalized_shape, o.elementwise_affine, o.bias)
  end,
  forward = function(self, x)
    return torch.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
  end,
  repr = function(self)
    return fill("{normalized_shape}, eps={eps:f}, elementwise_affine={elementwise_affine}, bias=",
                self) .. python(self.bias ~= nil)
  end,
})

layer("RMSNorm", {
  names = {"normalized_shape", "eps", "elementwise_affine"},
  defaults = {eps = none, elementwise_affine = true},
  text = "Divides the input by its root mean square over the last dimensions. Parameter: weight.",
  setup = function(self, o)
    self.normalized_shape = shared.times(o.normalized_shape, 1)
    if o.elementwise_affine then
      self.weight = nn.Parameter(torch.ones(self.normalized_shape))
    end
  end,
  forward = function(self, x)
    return torch.rms_norm(x, self.normalized_shape, self.weight, self.eps)
  end,
  repr = "{normalized_shape}, eps={eps:f}, elementwise_affine={elementwise_affine}",
})

layer("LocalResponseNorm", {
  names = {"size", "alpha", "beta", "k"}, defaults = {alpha = 1e-4, beta = 0.75, k = 1},
  text = "Computes x / (k + alpha m)^beta, where m is the mean of x^2 over `size` neighbouring \z
    channels.",
  forward = function(self, x)
    local shape = x.shape
    local squares = (x * x):unsqueeze(1):reshape(shape[1], 1, shape[2], -1)
    local before = math.floor(self.size / 2)
    squares = torch.pad(squares, {0, 0, before, math.floor((self.size - 1) / 2)})
    local mean = torch.avg_pool2d(squares, {self.size, 1}, 1):reshape(shape)
    return x / (mean * self.alpha + self.k):pow(self.beta)
  end,
  repr = "{size}, alpha={alpha:f}, beta={beta:f}, k={k:f}",
})
