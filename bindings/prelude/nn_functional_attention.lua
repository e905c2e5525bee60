-- torch.nn.functional.multi_head_attention_forward, composed as in PyTorch.
local host = ...
local name = "multi_head_attention_forward"

local function fail(text, ...) error(name .. ": " .. string.format(text, ...), 4) end

-- A mask as numbers to add: true becomes minus infinity.
local function added(mask, what, dtype)
  if mask == nil then return nil end
  if mask.dtype == "bool" then
    return torch.zeros(mask.shape, {dtype = dtype, device = mask.device})
      :masked_fill_(mask, -math.huge)
  end
  if not mask:is_floating_point() then
    fail("%s must have a floating-point or bool dtype, got %s", what, mask.dtype)
  end
  return mask
end

local function project_together(query, key, value, weight, bias)
  local parts = weight:chunk(3)
  local biases = bias and bias:chunk(3) or {}
  return torch.linear(query, parts[1], biases[1]), torch.linear(key, parts[2], biases[2]),
    torch.linear(value, parts[3], biases[3])
end

local function project(query, key, value, o)
  if not o.use_separate_proj_weight then
    return project_together(query, key, value, o.in_proj_weight, o.in_proj_bias)
  end
  local biases = o.in_proj_bias and o.in_proj_bias:chunk(3) or {}
  return torch.linear(query, o.q_proj_weight, biases[1]),
    torch.linear(key, o.k_proj_weight, biases[2]), torch.linear(value, o.v_proj_weight, biases[3])
end

-- attn_mask as [1 or batch * heads, target, source].
local function with_heads(mask, target, source, all_heads)
  if mask == nil then return nil end
  if mask.ndim == 2 then mask = mask:unsqueeze(0) end
  local shape = mask.shape
  if #shape ~= 3 or (shape[1] ~= 1 and shape[1] ~= all_heads) or shape[2] ~= target
      or shape[3] ~= source then
    fail("attn_mask must have shape [%d, %d] or [%d, %d, %d], got %s", target, source, all_heads,
         target, source, host.shape_text(shape))
  end
  return mask
end

local function grow(mask) return mask and torch.pad(mask, {0, 1}) end

-- Returns the weights times the values, and the weights.
local function attend(q, k, v, mask, dropout_p)
  local scaled = q * math.sqrt(1 / q:size(-1))
  local weights = mask and torch.baddbmm(mask, scaled, k:transpose(-2, -1))
    or torch.bmm(scaled, k:transpose(-2, -1))
  weights = weights:softmax(-1)
  if dropout_p > 0 then weights = torch.dropout(weights, dropout_p, true) end
  return torch.bmm(weights, v), weights
end

local function attend_fused(q, k, v, mask, o, sizes)
  local batch, heads, target, source = sizes.batch, o.num_heads, sizes.target, k:size(1)
  if mask then
    mask = mask:size(0) == 1 and mask:unsqueeze(0) or mask:view {batch, heads, -1, source}
  end
  local width = q:size(-1)
  return torch.scaled_dot_product_attention(
    q:view {batch, heads, target, width}, k:view {batch, heads, source, width},
    v:view {batch, heads, source, width}, mask, o.dropout_p, o.is_causal)
    :reshape {batch * heads, target, width}
end

-- Appends bias_k and bias_v to the source.
local function extend(k, v, masks, o, batch)
  if (o.bias_k == nil) ~= (o.bias_v == nil) then fail "bias_k and bias_v must be given together" end
  if o.bias_k then
    if o.static_k or o.static_v then fail "bias_k cannot be combined with static_k or static_v" end
    k = torch.cat {k, o.bias_k:repeat_(1, batch, 1)}
    v = torch.cat {v, o.bias_v:repeat_(1, batch, 1)}
    masks.attention, masks.padding = grow(masks.attention), grow(masks.padding)
  end
  return k, v
end

local function split_heads(x, all_heads, width)
  return x:view {x:size(0), all_heads, width}:transpose(0, 1)
end

local function add_zeros(k, v, masks, all_heads, width)
  local zeros = torch.zeros({all_heads, 1, width}, {dtype = k.dtype, device = k.device})
  masks.attention, masks.padding = grow(masks.attention), grow(masks.padding)
  return torch.cat({k, zeros}, 1), torch.cat({v, zeros}, 1)
end

local function merged_mask(masks, sizes, heads, source)
  if not masks.padding then return masks.attention end
  local padding = masks.padding:view {sizes.batch, 1, 1, source}:expand {-1, heads, -1, -1}
    :reshape {sizes.batch * heads, 1, source}
  return masks.attention and masks.attention + padding or padding
end

local function forward(query, key, value, o)
  local sizes = {target = query:size(0), batch = query:size(1), width = query:size(2)}
  local heads, all_heads = o.num_heads, o.num_heads * sizes.batch
  local width = math.floor(sizes.width / heads)
  if sizes.width ~= o.embed_dim_to_check or width * heads ~= sizes.width then
    fail("the embedding size must be %d and divisible by the number of heads (%d), got %d",
         o.embed_dim_to_check, heads, sizes.width)
  end
  if o.is_causal and not o.attn_mask then fail "is_causal requires attn_mask" end
  local hint = o.is_causal and not o.key_padding_mask and not o.need_weights
  local masks = {padding = added(o.key_padding_mask, "key_padding_mask", query.dtype)}
  if not hint then
    masks.attention = with_heads(added(o.attn_mask, "attn_mask", query.dtype), sizes.target,
                                 key:size(0), all_heads)
  end
  if o.key_padding_mask then o.is_causal = false end
  local q, k, v = project(query, key, value, o)
  k, v = extend(k, v, masks, o, sizes.batch)
  q = split_heads(q, all_heads, width)
  k = o.static_k or split_heads(k, all_heads, width)
  v = o.static_v or split_heads(v, all_heads, width)
  if o.add_zero_attn then k, v = add_zeros(k, v, masks, all_heads, width) end
  local mask = merged_mask(masks, sizes, heads, k:size(1))
  if not o.training then o.dropout_p = 0 end
  local result, weights
  if o.need_weights then
    result, weights = attend(q, k, v, mask, o.dropout_p)
    weights = weights:view {sizes.batch, heads, sizes.target, k:size(1)}
    if o.average_attn_weights then weights = weights:mean(1) end
  else
    result = attend_fused(q, k, v, mask, o, sizes)
  end
  result = result:transpose(0, 1):reshape {sizes.target * sizes.batch, sizes.width}
  result = torch.linear(result, o.out_proj_weight, o.out_proj_bias)
  return result:view {sizes.target, sizes.batch, result:size(1)}, weights
end

local signature = "query, key, value, embed_dim_to_check, num_heads, in_proj_weight = nil, \z
  in_proj_bias = nil, bias_k = nil, bias_v = nil, add_zero_attn = false, dropout_p = 0, \z
  out_proj_weight = nil, out_proj_bias = nil, training = true, key_padding_mask = nil, \z
  need_weights = true, attn_mask = nil, use_separate_proj_weight = false, q_proj_weight = nil, \z
  k_proj_weight = nil, v_proj_weight = nil, static_k = nil, static_v = nil, average_attn_weights \z
  = true, is_causal = false"

local names = {}
for part in string.gmatch(signature .. ", ", "(.-), ") do
  names[#names + 1] = string.match(part, "^[%w_]+")
end

host.define_functional(name, signature, "-> Tensor, weights or nil\n\n\z
  Computes multi-head attention. query: [target, N, width]. key, value: [source, N, width]. The \z
  dimension N is optional. The result has the shape of query, and the weights have the shape \z
  [N, target, source].",
  function(query, key, value, ...)
    local o, given = {}, {query, key, value, ...}
    for i, option in ipairs(names) do o[option] = given[i] end
    if query.ndim == 3 then return forward(query, key, value, o) end
    if o.key_padding_mask then o.key_padding_mask = o.key_padding_mask:unsqueeze(0) end
    local result, weights = forward(query:unsqueeze(1), key:unsqueeze(1), value:unsqueeze(1), o)
    return result:squeeze(1), weights and weights:squeeze(0)
  end)

