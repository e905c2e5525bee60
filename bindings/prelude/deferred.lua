-- Files of the prelude that run only when a name that they define is first used. A program that
-- does not use LSTMs never loads them, so the garbage collector has less to visit.
local host = ...

-- file -> path of a table -> names that the file defines there
local files = {
  ["examples.lua"] = {
    host = "examples",
  },
  ["examples_runs.lua"] = {
    host = "run_examples",
  },
  ["examples_presets.lua"] = {
    host = "preset_examples",
  },
  ["examples_recipes.lua"] = {
    host = "recipe_examples",
  },
  ["examples_attack.lua"] = {
    host = "attack_examples",
  },
  ["check.lua"] = {
    host = "check",
  },
  ["complete.lua"] = {
    host = "complete",
  },
  ["reference.lua"] = {
    host = "write_file write_docs",
  },
  ["repl.lua"] = {
    host = "run_line",
  },
  ["stubs.lua"] = {
    host = "write_stubs",
  },
  ["nn_functional_activation.lua"] = {
    ["torch.nn.functional"] = [[
      alpha_dropout celu dropout dropout1d dropout2d dropout3d elu feature_alpha_dropout
      gumbel_softmax hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish relu
      relu6 rrelu selu silu softmax softmin softsign tanhshrink threshold]],
  },
  ["nn_functional_attention.lua"] = {
    ["torch.nn.functional"] = "multi_head_attention_forward",
  },
  ["nn_functional_loss.lua"] = {
    ["torch.nn.functional"] = [[
      binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy
      ctc_loss gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss
      margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss
      multilabel_soft_margin_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss
      triplet_margin_loss triplet_margin_with_distance_loss]],
  },
  ["nn_functional_pool.lua"] = {
    ["torch.nn.functional"] = [[
      adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
      adaptive_max_pool2d adaptive_max_pool3d fractional_max_pool2d fractional_max_pool3d
      grid_sample interpolate lp_pool1d lp_pool2d lp_pool3d max_pool1d max_pool2d max_pool3d
      max_unpool1d max_unpool2d max_unpool3d upsample upsample_bilinear upsample_nearest]],
  },
  ["nn_init.lua"] = {
    ["torch.nn"] = "init",
  },
  ["nn_layers.lua"] = {
    host = "layers",
    ["torch.nn"] = [[
      Bilinear ChannelShuffle CosineSimilarity Flatten Fold Identity Linear PairwiseDistance
      PixelShuffle PixelUnshuffle Unflatten Unfold Upsample UpsamplingBilinear2d
      UpsamplingNearest2d]],
  },
  ["nn_layers_activation.lua"] = {
    ["torch.nn"] = [[
      AlphaDropout CELU Dropout Dropout1d Dropout2d Dropout3d ELU FeatureAlphaDropout GELU GLU
      Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU RReLU
      ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh
      Tanhshrink Threshold]],
  },
  ["nn_layers_conv.lua"] = {
    ["torch.nn"] = "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
  },
  ["nn_layers_norm.lua"] = {
    ["torch.nn"] = [[
      BatchNorm1d BatchNorm2d BatchNorm3d GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d
      LayerNorm LocalResponseNorm RMSNorm]],
  },
  ["nn_layers_pool.lua"] = {
    ["torch.nn"] = [[
      AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d
      AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d CircularPad1d CircularPad2d CircularPad3d
      ConstantPad1d ConstantPad2d ConstantPad3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d
      LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d
      ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
      ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d]],
  },
  ["nn_layers_recurrent.lua"] = {
    ["torch.nn"] = "Embedding EmbeddingBag GRU GRUCell LSTM LSTMCell RNN RNNCell",
  },
  ["nn_losses.lua"] = {
    ["torch.nn"] = [[
      BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss
      HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss
      MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss
      TripletMarginLoss TripletMarginWithDistanceLoss]],
  },
  ["nn_utils.lua"] = {
    ["torch.nn.utils"] = [[
      parameters_to_vector vector_to_parameters weight_norm remove_weight_norm spectral_norm
      remove_spectral_norm fuse_conv_bn_eval fuse_linear_bn_eval rnn]],
  },
  ["torch_transforms.lua"] = {
    torch = "func vmap",
    ["torch.autograd"] = "functional",
  },
  ["torch_windows.lua"] = {
    torch = "signal",
  },
  ["nn_transformer.lua"] = {
    ["torch.nn"] = [[
      MultiheadAttention Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder
      TransformerEncoderLayer]],
  },
}

local file_of = {}  -- path of a table -> name -> file

-- Calls visit(names of a table, name) for each name of a file.
local function each_name(entry, visit)
  for owner, names in next, entry do
    file_of[owner] = file_of[owner] or {}
    for name in string.gmatch(names, "%S+") do visit(file_of[owner], name) end
  end
end

local function expect(file, entry)
  files[file] = entry
  each_name(entry, function(names, name) names[name] = file end)
end
for file, entry in next, files do expect(file, entry) end

function host.is_for_later(file) return files[file] ~= nil end

-- The table of a path: "torch.nn".
local function table_of(path)
  local t = {torch = torch}
  for name in string.gmatch(path, "[^.]+") do t = t[name] end
  return t
end

-- In the tables that a file defines, unknown names are errors too.
local function close_tables(entry)
  for owner, names in next, entry do
    local t = owner == "host" and {} or table_of(owner)
    for name in string.gmatch(names, "%S+") do
      local value = rawget(t, name)
      if type(value) == "table" and getmetatable(value) == nil then
        host.close(value, owner .. "." .. name)
      end
    end
  end
end

local function run(file)
  local entry = files[file]
  files[file] = nil
  each_name(entry, function(names, name) names[name] = nil end)
  local ok, message = pcall(host.run_file, file)
  if not ok then
    expect(file, entry)  -- it was interrupted or memory ran out; the next use tries again
    error(message, 0)
  end
  close_tables(entry)
end

-- Runs the file that defines the name in the table `owner`. Returns whether there is such a file.
function host.first_use(owner, name)
  local file = file_of[owner] and file_of[owner][name]
  if file then run(file) end
  return file ~= nil
end

host.export("first_use_in_torch", function(name) return host.first_use("torch", name) end)

-- The name under which C++ calls a function of the prelude -> its name in `host`.
for name, own in next, {
  check = "check", write_docs = "write_docs", write_stubs = "write_stubs",
  ["repl.complete"] = "complete", ["repl.run"] = "run_line",
} do
  host.export(name, function(...) return host[own](...) end)
end

-- Adds the names that are still to be defined in the table `owner` to a list.
function host.add_later_names(owner, names)
  for name in next, file_of[owner] or {} do names[#names + 1] = name end
end

-- For callers that need all names: documentation and the prompt.
function host.run_all_files()
  local file = next(files)
  while file do
    run(file)
    file = next(files)
  end
end

local names, documentation = host.names, host.documentation
function host.names()
  host.run_all_files()
  return names()
end
function host.documentation(name)
  local text = documentation(name)
  if text or not next(files) then return text end
  host.run_all_files()
  return documentation(name)
end
setmetatable(host, {__index = function(_, name)
  return host.first_use("host", name) and rawget(host, name) or nil
end})
