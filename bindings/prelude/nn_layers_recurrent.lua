-- torch.nn: embeddings and recurrent networks.
local host = ...
local error = host.nn.error  -- names the script's line
local nn, shared = torch.nn, host.layers
local layer, none, fill, uniform = shared.layer, shared.none, shared.fill, shared.uniform
local check = shared.check
local class_name = host.nn.class_name

-- Sets the embedding table, with zeros in row padding_idx.
local function set_table(self, o)
  self.weight = nn.Parameter(torch.randn(o.num_embeddings, o.embedding_dim))
  if not o.padding_idx then return end
  if o.padding_idx < 0 then rawset(self, "padding_idx", o.padding_idx + o.num_embeddings) end
  check(self.padding_idx >= 0 and self.padding_idx < o.num_embeddings, class_name(self),
        "padding_idx must be between %d and %d, got %d", -o.num_embeddings, o.num_embeddings - 1,
        o.padding_idx)
  torch.no_grad(function() self.weight[self.padding_idx] = 0 end)
end

-- Scales down the selected rows whose norm is above max_norm.
local function renormalise(self, x)
  if self.max_norm then
    torch.no_grad(function()
      torch.embedding_renorm_(self.weight, x:contiguous(), self.max_norm, self.norm_type)
    end)
  end
end

local function embedding_repr(self)
  return fill("{num_embeddings}, {embedding_dim}", self)
    .. (not self.mode and self.padding_idx and fill(", padding_idx={padding_idx}", self) or "")
    .. (self.max_norm and fill(", max_norm={max_norm:f}", self) or "")
    .. (self.norm_type ~= 2 and fill(", norm_type={norm_type}", self) or "")
    .. (self.scale_grad_by_freq and ", scale_grad_by_freq=True" or "")
    .. (self.sparse and ", sparse=True" or "")
    .. (self.mode and fill(", mode={mode:r}", self) or "")
    .. (self.mode and self.padding_idx and fill(", padding_idx={padding_idx}", self) or "")
end

layer("Embedding", {
  names = {"num_embeddings", "embedding_dim", "padding_idx", "max_norm", "norm_type",
           "scale_grad_by_freq", "sparse"},
  defaults = {padding_idx = none, max_norm = none, norm_type = 2, scale_grad_by_freq = false,
              sparse = false},
  text = "Returns a row of weight [num_embeddings, embedding_dim] for each index. Row padding_idx \z
    is initialised to zeros and gets no gradient.",
  setup = set_table,
  forward = function(self, x)
    renormalise(self, x)
    return torch.embedding(self.weight, x, self.padding_idx or -1, self.scale_grad_by_freq,
                           self.sparse)
  end,
  repr = embedding_repr,
})

local bag_modes = {sum = 0, mean = 1, max = 2}
layer("EmbeddingBag", {
  names = {"num_embeddings", "embedding_dim", "max_norm", "norm_type", "scale_grad_by_freq",
           "mode", "sparse", "include_last_offset", "padding_idx"},
  defaults = {max_norm = none, norm_type = 2, scale_grad_by_freq = false, mode = "mean",
              sparse = false, include_last_offset = false, padding_idx = none},
  text = "Returns the mean, sum or maximum of the rows of each bag: module(indices [bags, n]) or \z
    module(indices [n], offsets). With mode \"sum\", per_sample_weights can be passed as the \z
    third argument.",
  setup = function(self, o)
    check(bag_modes[o.mode], "EmbeddingBag", "mode must be 'sum', 'mean' or 'max', got '%s'",
          tostring(o.mode))
    set_table(self, o)
  end,
  forward = function(self, x, offsets, weights)
    renormalise(self, x)
    if x:dim() == 2 then
      offsets = torch.arange(0, x:numel(), x:size(1), {dtype = x.dtype, device = x.device})
      x = x:reshape(-1)
      weights = weights and weights:reshape(-1)
    end
    return (torch.embedding_bag(
      self.weight, x, offsets, self.scale_grad_by_freq, bag_modes[self.mode], self.sparse, weights,
      self.include_last_offset, self.padding_idx))
  end,
  repr = embedding_repr,
})

-- The weights of one layer and direction in PyTorch's order: names and shapes.
local function add_weights(self, o, gates, suffix, inputs)
  local rows = gates * o.hidden_size
  local bound = o.hidden_size > 0 and 1 / math.sqrt(o.hidden_size) or 0
  local projected = o.proj_size and o.proj_size > 0 and o.proj_size or nil
  local function add(name, ...)
    local weight = uniform({...}, bound)
    self[name .. suffix] = weight
    self._flat[#self._flat + 1] = name .. suffix
  end
  add("weight_ih", rows, inputs)
  add("weight_hh", rows, projected or o.hidden_size)
  if o.bias then
    add("bias_ih", rows)
    add("bias_hh", rows)
  end
  if projected then add("weight_hr", projected, o.hidden_size) end
end

local function recurrent_repr(self)
  local function part(name, usual)
    return self[name] ~= usual and fill(string.format(", %s={%s}", name, name), self) or ""
  end
  return fill("{input_size}, {hidden_size}", self) .. part("proj_size", self.proj_size and 0)
    .. part("num_layers", 1) .. part("bias", true) .. part("batch_first", false)
    .. (self.dropout ~= 0 and fill(", dropout={dropout:f}", self) or "")
    .. part("bidirectional", false)
end

local function flat_weights(self)
  local list = {}
  for i, name in ipairs(self._flat) do list[i] = self[name] end
  return list
end

-- Zeros for the states of a batch, [layers * directions, batch, size].
local function zero_state(self, x, batch, size)
  local rows = self.num_layers * (self.bidirectional and 2 or 1)
  return torch.zeros({rows, batch, size}, {dtype = x.dtype, device = x.device})
end

-- module(x, h) of an RNN or GRU, module(x, {h, c}) of an LSTM; x may be a packed sequence.
local function run(self, operator, x, state)
  local packed = type(x) == "table" and x
  local data = packed and packed.data or x
  if not torch.is_tensor(data) then
    error(string.format("torch.nn.%s: expected a Tensor or a packed sequence, got %s",
      class_name(self), type(x)))
  end
  local single = not packed and data:dim() == 2
  if single then data = data:unsqueeze(self.batch_first and 0 or 1) end
  local batch = packed and packed.batch_sizes[0]:item() or data:size(self.batch_first and 0 or 1)
  local two = self.proj_size ~= nil
  if not state then
    local out = two and self.proj_size > 0 and self.proj_size or self.hidden_size
    state = {zero_state(self, data, batch, out)}
    if two then state[2] = zero_state(self, data, batch, self.hidden_size) end
  else
    state = torch.is_tensor(state) and {state} or {unpack(state)}
    if #state ~= (two and 2 or 1) then
      error(string.format("torch.nn.%s: the state must be %s, got %d Tensor%s",
        class_name(self), two and "{h, c}" or "one Tensor", #state, #state == 1 and "" or "s"))
    end
    for i, tensor in ipairs(state) do
      if single then state[i] = tensor:unsqueeze(1) end
      if packed and packed.sorted_indices then
        state[i] = tensor:index_select(1, packed.sorted_indices)
      end
    end
  end
  local hidden = two and state or state[1]
  local y, h, c
  if packed then
    y, h, c = operator(data, packed.batch_sizes, hidden, flat_weights(self), self.bias,
                       self.num_layers, self.dropout, self.training, self.bidirectional)
    local back = packed.unsorted_indices
    if back then h, c = h:index_select(1, back), c and c:index_select(1, back) end
    y = nn.utils.rnn.PackedSequence(y, packed.batch_sizes, packed.sorted_indices, back)
  else
    y, h, c = operator(data, hidden, flat_weights(self), self.bias, self.num_layers, self.dropout,
                       self.training, self.bidirectional, self.batch_first)
  end
  if single then
    y, h, c = y:squeeze(self.batch_first and 0 or 1), h:squeeze(1), c and c:squeeze(1)
  end
  if two then return y, {h, c} end
  return y, h
end

local usual = {num_layers = 1, bias = true, batch_first = false, dropout = 0,
               bidirectional = false}
local function with(defaults)
  for name, value in pairs(usual) do defaults[name] = value end
  return defaults
end

local function check_nonlinearity(class, name)
  check(name == nil or name == "tanh" or name == "relu", class,
        "nonlinearity must be 'tanh' or 'relu', got '%s'", tostring(name))
end

local function recurrent(class, gates, names, defaults, text, operator_of)
  layer(class, {
    names = names, defaults = with(defaults),
    text = text .. " x: [L, N, input_size], [N, L, input_size] with batch_first, or a packed \z
      sequence. Parameters: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 and so on.",
    setup = function(self, o)
      check_nonlinearity(class, o.nonlinearity)
      rawset(self, "_flat", {})
      local directions = o.bidirectional and 2 or 1
      local out = o.proj_size and o.proj_size > 0 and o.proj_size or o.hidden_size
      for number = 0, o.num_layers - 1 do
        for direction = 1, directions do
          add_weights(self, o, gates, "_l" .. number .. (direction == 2 and "_reverse" or ""),
                      number == 0 and o.input_size or out * directions)
        end
      end
    end,
    forward = function(self, x, state) return run(self, operator_of(self), x, state) end,
    repr = recurrent_repr,
  })
end

recurrent("RNN", 1,
  {"input_size", "hidden_size", "num_layers", "nonlinearity", "bias", "batch_first", "dropout",
   "bidirectional"}, {nonlinearity = "tanh"},
  "A recurrent network: module(x, h) -> y, h, with h' = f(W x + b + W' h + b'). nonlinearity: the \z
  function f, \"tanh\" or \"relu\".",
  function(self) return self.nonlinearity == "relu" and torch.rnn_relu or torch.rnn_tanh end)
recurrent("GRU", 3,
  {"input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"},
  {}, "A gated recurrent unit: module(x, h) -> y, h.", function() return torch.gru end)
recurrent("LSTM", 4,
  {"input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
   "proj_size"}, {proj_size = 0},
  "Long short-term memory: module(x, {h, c}) -> y, {h, c}.", function() return torch.lstm end)

local function cell(class, gates, names, defaults, text, step)
  defaults.bias = true
  layer(class, {
    names = names, defaults = defaults,
    text = text .. " Parameters: weight_ih, weight_hh, bias_ih, bias_hh.",
    setup = function(self, o)
      check_nonlinearity(class, o.nonlinearity)
      rawset(self, "_flat", {})
      add_weights(self, o, gates, "", o.input_size)
    end,
    forward = function(self, x, state)
      state = state or torch.zeros({x:dim() == 2 and x:size(0) or 1, self.hidden_size}, {
        dtype = x.dtype, device = x.device,
      })
      return step(self, x, state)
    end,
    repr = function(self)
      return fill("{input_size}, {hidden_size}", self) .. (self.bias and "" or ", bias=False")
        .. (self.nonlinearity and self.nonlinearity ~= "tanh"
          and fill(", nonlinearity={nonlinearity}", self) or "")
    end,
  })
end

-- Calls `step` with a batch, even if x is a single sample.
local function in_batch(x, state, step)
  if x:dim() == 2 then return step(x, state) end
  return step(x:unsqueeze(0), state:dim() == 2 and state or state:unsqueeze(0)):squeeze(0)
end

cell("RNNCell", 1, {"input_size", "hidden_size", "bias", "nonlinearity"}, {nonlinearity = "tanh"},
  "One step of an RNN: module(x [N, input_size], h) -> h. nonlinearity: \"tanh\" or \"relu\".",
  function(self, x, h)
    local f = self.nonlinearity == "relu" and torch.rnn_relu_cell or torch.rnn_tanh_cell
    return in_batch(x, h, function(input, hidden)
      return f(input, hidden, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
    end)
  end)
cell("GRUCell", 3, {"input_size", "hidden_size", "bias"}, {},
  "One step of a GRU: module(x [N, input_size], h) -> h.", function(self, x, h)
    return in_batch(x, h, function(input, hidden)
      return torch.gru_cell(input, hidden, self.weight_ih, self.weight_hh, self.bias_ih,
                            self.bias_hh)
    end)
  end)
cell("LSTMCell", 4, {"input_size", "hidden_size", "bias"}, {},
  "One step of an LSTM: module(x [N, input_size], {h, c}) -> h, c.", function(self, x, state)
    if torch.is_tensor(state) then state = {state, state} end
    local single = x:dim() == 1
    local h, c = state[1], state[2]
    if single then
      x = x:unsqueeze(0)
      h, c = h:reshape(1, -1), c:reshape(1, -1)
    end
    h, c = torch.lstm_cell(x, {h, c}, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
    if single then return h:squeeze(0), c:squeeze(0) end
    return h, c
  end)
