-- torch.nn: attention and transformers.
local host = ...
local nn, shared = torch.nn, host.layers
local layer, none, check = shared.layer, shared.none, shared.check

-- A Linear with the class name that PyTorch prints here.
local OutputLinear = nn.module("NonDynamicallyQuantizableLinear", nn.Linear)

local function set_projections(self, o, kdim, vdim)
  local width = o.embed_dim
  self._same = kdim == width and vdim == width
  if self._same then
    self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
    for _, name in ipairs {"q", "k", "v"} do
      self:register_parameter(name .. "_proj_weight", nil)
    end
  else
    self.q_proj_weight = nn.Parameter(torch.empty(width, width))
    self.k_proj_weight = nn.Parameter(torch.empty(width, kdim))
    self.v_proj_weight = nn.Parameter(torch.empty(width, vdim))
    self:register_parameter("in_proj_weight", nil)
  end
  if o.bias then
    self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
  else
    self:register_parameter("in_proj_bias", nil)
  end
  self.out_proj = OutputLinear(width, width, o.bias)
  for _, name in ipairs {"in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"} do
    if self[name] then nn.init.xavier_uniform_(self[name]) end
  end
  if o.bias then nn.init.constant_(self.out_proj.bias, 0) end
  if o.add_bias_kv then
    self.bias_k = nn.init.xavier_normal_(nn.Parameter(torch.empty(1, 1, width)))
    self.bias_v = nn.init.xavier_normal_(nn.Parameter(torch.empty(1, 1, width)))
  end
end

-- The projected query, key and value, each [length, batch, width].
local function projected(self, query, key, value)
  local width, bias = self.embed_dim, self.in_proj_bias
  if self._same and rawequal(query, key) and rawequal(key, value) then
    return unpack(torch.linear(query, self.in_proj_weight, bias):split(width, -1))
  end
  local result = {}
  for i, x in ipairs {query, key, value} do
    local part = self._same and self.in_proj_weight:narrow(0, (i - 1) * width, width)
      or self[({"q", "k", "v"})[i] .. "_proj_weight"]
    result[i] = torch.linear(x, part, bias and bias:narrow(0, (i - 1) * width, width))
  end
  return unpack(result)
end

-- [length, batch, width] as [batch, heads, length, width / heads].
local function split_heads(x, heads)
  return x:reshape(x:size(0), x:size(1), heads, -1):permute(1, 2, 0, 3)
end

-- A mask as numbers to add. A boolean mask is true where attention is forbidden.
local function as_bias(mask, like)
  if mask == nil or mask.dtype ~= "bool" then return mask end
  return torch.zeros_like(mask, {dtype = like.dtype}):masked_fill_(mask, -math.huge)
end

-- Combines both masks into one that broadcasts over [batch, heads, target, source]; may be nil.
local function merged_mask(self, attn_mask, key_padding_mask, like, batch)
  local mask, padding = as_bias(attn_mask, like), as_bias(key_padding_mask, like)
  if mask and mask:dim() == 3 then
    mask = mask:reshape(batch, self.num_heads, mask:size(1), mask:size(2))
  end
  if not padding then return mask end
  padding = padding:reshape(batch, 1, 1, -1)
  return mask and mask + padding or padding
end

-- The mask with one more column, for an added key to which attention is always allowed.
local function wider(mask)
  return mask and torch.pad(mask, {0, 1})
end

local function extend(self, k, v, attn_mask, key_padding_mask)
  local batch = k:size(1)
  if self.bias_k then
    k = torch.cat({k, self.bias_k:expand(1, batch, -1)}, 0)
    v = torch.cat({v, self.bias_v:expand(1, batch, -1)}, 0)
    attn_mask, key_padding_mask = wider(attn_mask), wider(key_padding_mask)
  end
  if self.add_zero_attn then
    k = torch.cat({k, torch.zeros_like(k:narrow(0, 0, 1))}, 0)
    v = torch.cat({v, torch.zeros_like(v:narrow(0, 0, 1))}, 0)
    attn_mask, key_padding_mask = wider(attn_mask), wider(key_padding_mask)
  end
  return k, v, attn_mask, key_padding_mask
end

-- Attention for [length, batch, width] tensors. Returns the result in this layout, and the weights.
local function attend(self, query, key, value, o)
  local length, batch, width = query:size(0), query:size(1), self.embed_dim
  local q, k, v = projected(self, query, key, value)
  local attn_mask, padding = o.attn_mask, o.key_padding_mask
  k, v, attn_mask, padding = extend(self, k, v, attn_mask, padding)
  local mask = merged_mask(self, attn_mask, padding, q, batch)
  q, k, v = split_heads(q, self.num_heads), split_heads(k, self.num_heads),
    split_heads(v, self.num_heads)
  local drop, y, weights = self.training and self.dropout or 0
  if o.need_weights then
    local scores = torch.matmul(q * math.sqrt(1 / q:size(-1)), k:transpose(-2, -1))
    weights = torch.softmax(mask and scores + mask or scores, -1)
    if drop > 0 then weights = torch.dropout(weights, drop, true) end
    y = torch.matmul(weights, v)
    if o.average_attn_weights then weights = weights:mean(1) end
  else
    y = torch.scaled_dot_product_attention(q, k, v, mask, drop, false)
  end
  y = self.out_proj(y:permute(2, 0, 1, 3):reshape(length, batch, width))
  return y, weights
end

layer("MultiheadAttention", {
  names = {"embed_dim", "num_heads", "dropout", "bias", "add_bias_kv", "add_zero_attn", "kdim",
           "vdim", "batch_first"},
  defaults = {dropout = 0, bias = true, add_bias_kv = false, add_zero_attn = false, kdim = none,
              vdim = none, batch_first = false},
  text = "\z
    Multi-head attention: module(query, key, value, {key_padding_mask, need_weights = true, \z
    attn_mask, average_attn_weights = true}) -> result, weights. The tensors have the shape [L, \z
    N, embed_dim], or [N, L, embed_dim] with batch_first. Masks are true or -inf at the positions \z
    to ignore. Parameters: in_proj_weight, in_proj_bias, out_proj.weight, out_proj.bias.",
  setup = function(self, o)
    check(o.embed_dim % o.num_heads == 0, "MultiheadAttention",
          "embed_dim must be divisible by num_heads, got %d and %d", o.embed_dim, o.num_heads)
    rawset(self, "head_dim", o.embed_dim / o.num_heads)
    set_projections(self, o, o.kdim or o.embed_dim, o.vdim or o.embed_dim)
  end,
  forward = function(self, query, key, value, ...)
    local o = host.arguments(
      "torch.nn.MultiheadAttention",
      {"key_padding_mask", "need_weights", "attn_mask", "average_attn_weights", "is_causal"},
      {key_padding_mask = none, need_weights = true, attn_mask = none,
       average_attn_weights = true, is_causal = false}, 4, ...)
    local same = rawequal(query, key) and rawequal(key, value)
    local function prepare(x)
      if x:dim() == 2 then return x:unsqueeze(1) end
      return self.batch_first and x:transpose(0, 1) or x
    end
    local single = query:dim() == 2
    local q = prepare(query)
    local k = same and q or prepare(key)
    local v = (same or rawequal(key, value)) and k or prepare(value)
    if single and o.key_padding_mask then o.key_padding_mask = o.key_padding_mask:unsqueeze(0) end
    local y, weights = attend(self, q, k, v, o)
    if single then return y:squeeze(1), weights and weights:squeeze(0) end
    return self.batch_first and y:transpose(0, 1) or y, weights
  end,
  repr = "",
})

local activations = {relu = "relu", gelu = "gelu"}
local function activation_of(class, name)
  if type(name) == "function" or nn.is_module(name) then return name end
  check(activations[name], class, "activation must be 'relu', 'gelu' or a function, got %s",
        tostring(name))
  return torch[name]
end

local layer_names = {"d_model", "nhead", "dim_feedforward", "dropout", "activation",
                     "layer_norm_eps", "batch_first", "norm_first", "bias"}
local function layer_defaults()
  return {dim_feedforward = 2048, dropout = 0.1, activation = "relu", layer_norm_eps = 1e-5,
          batch_first = false, norm_first = false, bias = true}
end

-- Sets the parts of an encoder layer or, with two attentions, of a decoder layer.
local function set_parts(self, o, class, attentions)
  self._activation = {activation_of(class, o.activation)}
  for _, name in ipairs {"dropout", "bias", "activation"} do rawset(self, name, nil) end
  local function attention()
    return nn.MultiheadAttention(o.d_model, o.nhead, {
      dropout = o.dropout, bias = o.bias, batch_first = o.batch_first,
    })
  end
  self.self_attn = attention()
  if attentions == 2 then self.multihead_attn = attention() end
  self.linear1 = nn.Linear(o.d_model, o.dim_feedforward, o.bias)
  self.dropout = nn.Dropout(o.dropout)
  self.linear2 = nn.Linear(o.dim_feedforward, o.d_model, o.bias)
  for i = 1, attentions + 1 do
    self["norm" .. i] = nn.LayerNorm(o.d_model, {eps = o.layer_norm_eps, bias = o.bias})
  end
  for i = 1, attentions + 1 do self["dropout" .. i] = nn.Dropout(o.dropout) end
end

local function feed_forward(self, x, drop)
  return drop(self.linear2(self.dropout(self._activation[1](self.linear1(x)))))
end

-- x plus a branch, with the norm before the branch or after the sum.
local function residual(self, x, norm, branch)
  if self.norm_first then return x + branch(norm(x)) end
  return norm(x + branch(x))
end

layer("TransformerEncoderLayer", {
  names = layer_names, defaults = layer_defaults(),
  text = "Applies self-attention and a feed-forward network: module(x, {src_mask, \z
    src_key_padding_mask}).",
  setup = function(self, o) set_parts(self, o, "TransformerEncoderLayer", 1) end,
  forward = function(self, x, ...)
    local o = host.arguments(
      "torch.nn.TransformerEncoderLayer", {"src_mask", "src_key_padding_mask", "is_causal"},
      {src_mask = none, src_key_padding_mask = none, is_causal = false}, 4, ...)
    x = residual(self, x, self.norm1, function(y)
      return self.dropout1((self.self_attn(y, y, y, {
        attn_mask = o.src_mask, key_padding_mask = o.src_key_padding_mask, need_weights = false,
      })))
    end)
    return residual(self, x, self.norm2, function(y)
      return feed_forward(self, y, self.dropout2)
    end)
  end,
})

layer("TransformerDecoderLayer", {
  names = layer_names, defaults = layer_defaults(),
  text = "Applies self-attention, cross-attention to the encoder's output (memory) and a \z
    feed-forward network: module(x, memory, {tgt_mask, memory_mask, tgt_key_padding_mask, \z
    memory_key_padding_mask}).",
  setup = function(self, o) set_parts(self, o, "TransformerDecoderLayer", 2) end,
  forward = function(self, x, memory, ...)
    local names = {"tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask"}
    local o = host.arguments("torch.nn.TransformerDecoderLayer", names, {
      tgt_mask = none, memory_mask = none, tgt_key_padding_mask = none,
      memory_key_padding_mask = none,
    }, 4, ...)
    x = residual(self, x, self.norm1, function(y)
      return self.dropout1((self.self_attn(y, y, y, {
        attn_mask = o.tgt_mask, key_padding_mask = o.tgt_key_padding_mask, need_weights = false,
      })))
    end)
    x = residual(self, x, self.norm2, function(y)
      return self.dropout2((self.multihead_attn(y, memory, memory, {
        attn_mask = o.memory_mask, key_padding_mask = o.memory_key_padding_mask,
        need_weights = false,
      })))
    end)
    return residual(self, x, self.norm3, function(y)
      return feed_forward(self, y, self.dropout3)
    end)
  end,
})

-- Applies copies of a layer one after the other, then the norm, if there is one.
local function stack(class, of, text, run)
  layer(class, {
    names = {of, "num_layers", "norm"}, defaults = {norm = none},
    text = text,
    setup = function(self, o)
      rawset(self, of, nil)
      rawset(self, "norm", nil)
      local list = {}
      for i = 1, o.num_layers do list[i] = o[of]:clone() end
      self.layers = nn.ModuleList(list)
      if o.norm then self.norm = o.norm end
    end,
    forward = function(self, x, ...)
      for _, part in ipairs(self.layers:children()) do x = run(part, x, ...) end
      return self.norm and self.norm(x) or x
    end,
  })
end
stack("TransformerEncoder", "encoder_layer",
  "Applies num_layers copies of a layer in sequence: module(x, {mask, src_key_padding_mask}).",
  function(part, x, mask, padding)
    if type(mask) == "table" then
      mask, padding = mask.mask or mask.src_mask, mask.src_key_padding_mask
    end
    return part(x, {src_mask = mask, src_key_padding_mask = padding})
  end)
stack("TransformerDecoder", "decoder_layer",
  "Applies num_layers copies of a layer in sequence: module(x, memory, {tgt_mask, memory_mask, \z
  tgt_key_padding_mask, memory_key_padding_mask}).",
  function(part, x, memory, ...) return part(x, memory, ...) end)

layer("Transformer", {
  names = {"d_model", "nhead", "num_encoder_layers", "num_decoder_layers", "dim_feedforward",
           "dropout", "activation", "layer_norm_eps", "batch_first", "norm_first", "bias"},
  defaults = {d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6,
              dim_feedforward = 2048, dropout = 0.1, activation = "relu", layer_norm_eps = 1e-5,
              batch_first = false, norm_first = false, bias = true},
  text = "An encoder and a decoder: module(src, tgt, {src_mask, tgt_mask, memory_mask, \z
    src_key_padding_mask, tgt_key_padding_mask, memory_key_padding_mask}).",
  setup = function(self, o)
    local settings = {}
    for _, name in ipairs(layer_names) do settings[name] = o[name] end
    local function norm()
      return nn.LayerNorm(o.d_model, {eps = o.layer_norm_eps, bias = o.bias})
    end
    self.encoder = nn.TransformerEncoder(
      nn.TransformerEncoderLayer(settings), o.num_encoder_layers, norm())
    self.decoder = nn.TransformerDecoder(
      nn.TransformerDecoderLayer(settings), o.num_decoder_layers, norm())
    for _, parameter in ipairs(self:parameters()) do
      if parameter.ndim > 1 then nn.init.xavier_uniform_(parameter) end
    end
  end,
  forward = function(self, source, target, ...)
    local names = {"src_mask", "tgt_mask", "memory_mask", "src_key_padding_mask",
                   "tgt_key_padding_mask", "memory_key_padding_mask"}
    local defaults = {}
    for _, name in ipairs(names) do defaults[name] = none end
    local o = host.arguments("torch.nn.Transformer", names, defaults, 4, ...)
    local memory = self.encoder(source, o.src_mask, o.src_key_padding_mask)
    return self.decoder(target, memory, o.tgt_mask, o.memory_mask, o.tgt_key_padding_mask,
                        o.memory_key_padding_mask)
  end,
  methods = {
    generate_square_subsequent_mask = function(_, size)
      return torch.triu(torch.full({size, size}, -math.huge, {dtype = "float32"}), 1)
    end,
  },
})
