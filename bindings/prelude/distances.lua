-- hfc.distances and hfc.ssim: how much images differ.
local host = ...

hfc.distances = host.declare("hfc.distances", "\z
  hfc.distances(a, b) -> {linf = Tensor [N], l2 = Tensor [N]}\n\n\z
  Returns the distance between each image of `a` and the image of `b` at the same position, in \z
  the L-infinity and the L2 norm. a, b: Datasets of the same size.",
function(a, b)
  if #a ~= #b then
    error(string.format("hfc.distances: expected Datasets of the same size, got %d and %d images",
      #a, #b), 2)
  end
  local linf, l2 = {}, {}
  for begin = 0, #a - 1, 500 do
    local stop = math.min(begin + 500, #a)
    local gap = (a:batch(begin, stop) - b:batch(begin, stop)):flatten(1)
    linf[#linf + 1], l2[#l2 + 1] = gap:abs():amax(1), gap:norm(2, 1)
  end
  return {linf = torch.cat(linf), l2 = torch.cat(l2)}
end)

-- The weights of the window of 11 x 11 pixels, [channels, 1, 11, 11].
local function gaussian_window(channels)
  local x = torch.arange(11):double() - 5
  local line = (-x:square() / (2 * 1.5 ^ 2)):exp()
  local window = torch.outer(line, line)
  return (window / window:sum()):expand {channels, 1, 11, 11}
end

local function ssim(a, b, window)
  local function mean(x) return torch.conv2d(x, window, {groups = a.shape[2]}) end
  local mean_a, mean_b = mean(a), mean(b)
  local variance_a = mean(a:square()) - mean_a:square()
  local variance_b = mean(b:square()) - mean_b:square()
  local covariance = mean(a * b) - mean_a * mean_b
  local brightness = (mean_a * mean_b * 2 + 1e-4) / (mean_a:square() + mean_b:square() + 1e-4)
  local structure = (covariance * 2 + 9e-4) / (variance_a + variance_b + 9e-4)
  return (brightness * structure):flatten(1):mean(1)
end

hfc.ssim = host.declare("hfc.ssim", "\z
  hfc.ssim(a, b) -> Tensor float64 [N]\n\n\z
  Returns the structural similarity between each image of `a` and the image of `b` at the same \z
  position (Wang, Bovik, Sheikh and Simoncelli, 2004): 1 for equal images, lower for images that \z
  differ visibly. The window is a Gaussian of 11 x 11 pixels with sigma 1.5, the constants are \z
  .01 and .03, and the range of the pixels is 1. The result is the mean over all windows that lie \z
  within the image, and over the channels. a, b: Tensors [N, C, H, W] of at least 11 x 11 pixels.",
function(a, b)
  if not torch.is_tensor(a) or not torch.is_tensor(b) or #a.shape ~= 4 or #b.shape ~= 4
     or table.concat(a.shape, ",") ~= table.concat(b.shape, ",") then
    error("hfc.ssim: expected two Tensors [N, C, H, W] of the same shape", 2)
  end
  if math.min(a.shape[3], a.shape[4]) < 11 then
    error(string.format("hfc.ssim: expected images of at least 11 x 11 pixels, got %d x %d",
      a.shape[3], a.shape[4]), 2)
  end
  local window, parts = gaussian_window(a.shape[2]), {}
  for begin = 0, #a - 1, 100 do  -- a few at a time, because the sums need much memory
    local stop = math.min(begin + 100, #a)
    parts[#parts + 1] = ssim(a[{{begin, stop}}]:double(), b[{{begin, stop}}]:double(), window)
  end
  return torch.cat(parts)
end)
