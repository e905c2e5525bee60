-- Pictures of masks and kernels in colour.
local host = ...

local function colours_of(palette)
  local values = {}
  for i, colour in ipairs(palette) do
    values[i] = {
      math.floor(colour / 65536) / 255, math.floor(colour / 256) % 256 / 255, colour % 256 / 255,
    }
  end
  return torch.tensor(values)
end

hfc.coloured = host.declare("hfc.coloured", '\z
  hfc.coloured(maps, {range = {0, 1}, palette = "viridis"}) -> Tensor float32 [N, 3, H, W]\n\n\z
  Returns maps as colour images for run:image. maps: a float Tensor [N, 1, H, W] or [N, H, W]. \z
  range: the values shown as the first and the last colour; values outside it are clipped. \z
  palette: "viridis", or "difference" (blue, white, red), in which white is the middle of the \z
  range.',
function(maps, options)
  options = options or {}
  local name = options.palette or "viridis"
  local palette = host.palette(tostring(name))
  if not palette then
    error(string.format('hfc.coloured: option \'palette\': expected "viridis" or "difference", \z
      got %q', tostring(name)), 2)
  end
  local low, high = unpack(options.range or {0, 1})
  if low >= high then
    error(string.format("hfc.coloured: option 'range': expected {low, high} with low < high, \z
      got {%s, %s}", tostring(low), tostring(high)), 2)
  end
  if #maps.shape == 4 then maps = maps:squeeze(1) end
  if #maps.shape ~= 3 then
    error("hfc.coloured: expected a Tensor [N, 1, H, W] or [N, H, W]", 2)
  end
  local colours = colours_of(palette):to(maps.device)
  local place = ((maps:float() - low) / (high - low)):clamp(0, 1) * (#colours - 1)
  local from = place:floor():clamp {max = #colours - 2}
  local weight = (place - from):unsqueeze(-1)
  from = from:long()
  local first = colours:index_select(0, from:flatten()):reshape {from.shape[1], from.shape[2],
                                                                 from.shape[3], 3}
  local second = colours:index_select(0, from:flatten() + 1):reshape(first.shape)
  return (first * (1 - weight) + second * weight):permute {0, 3, 1, 2}:contiguous()
end)

-- Images with their mean replaced by grey.
local function on_grey(images)
  return images - images:mean({1, 2, 3}, {keepdim = true}) + .5
end

-- Grey images with three channels, because the masks next to them are in colour.
local function in_colour(images)
  if images.shape[2] == 3 then return images end
  return images:expand {#images, 3, images.shape[3], images.shape[4]}:contiguous()
end

hfc.mask.gallery = host.declare("hfc.mask.gallery", '\z
  hfc.mask.gallery(images, attacked, masks) -> pictures, headings\n\n\z
  Returns seven rows of images for run:image, as in the figure of Karantzas et al. (2022). They \z
  show, for the first eight images: x, the attacked image x_A, the mask M in colour (zero \z
  frequency in the centre), M(x), M(x_A), the complement of its support M\' (the frequencies \z
  where M is 0) in colour, and M\'(x). Masked images are shifted so that their mean is grey. \z
  images, attacked: Tensors [N, C, H, W]. masks: Tensor [N, C or 1, H, W].',
function(images, attacked, masks)
  local x, x_a, mask = images:slice(0, 0, 8), attacked:slice(0, 0, 8), masks:slice(0, 0, 8):cpu()
  x, x_a = in_colour(x:cpu()), in_colour(x_a:cpu())
  local rest = mask:le(0):float()
  local function drawn(map)
    return hfc.coloured(torch.fft_fftshift(map, {-2, -1}):mean(1))
  end
  return {
    x, x_a, drawn(mask), on_grey(hfc.mask.apply(x, mask)), on_grey(hfc.mask.apply(x_a, mask)),
    drawn(rest), on_grey(hfc.mask.apply(x, rest)),
  }, {"x", "x_A", "M", "M(x)", "M(x_A)", "M'", "M'(x)"}
end)

hfc.mask.chart = host.declare("hfc.mask.chart", '\z
  hfc.mask.chart(run, figure, names, masks)\n\n\z
  Draws masks of networks as in Karantzas et al. (2022): each mask in colours from 0 to 1, and \z
  below it its difference from the first mask, with colour bars. The zero frequency is in the \z
  centre. names: a list of strings. masks: a list of Tensors [..., H, W]; leading dimensions are \z
  averaged.',
function(run, figure, names, masks)
  local panels, maps = {}, {}
  for i, mask in ipairs(masks) do
    local h, w = mask.shape[#mask.shape - 1], mask.shape[#mask.shape]
    maps[i] = torch.fft_fftshift(mask:reshape {-1, h, w}:mean(0))
    local edges = {x = {-math.floor(w / 2), math.ceil(w / 2) - 1},
                   y = {-math.floor(h / 2), math.ceil(h / 2) - 1}}
    panels[i] = {title = names[i], map = hfc.merge(edges, {
      values = maps[i], range = {0, 1}, name = "mask",
    })}
    if i > 1 then
      local gap = maps[i] - maps[1]
      local most = math.max(gap:abs():max():item(), 1e-3)
      panels[#masks + i - 1] = {title = names[i] .. " - " .. names[1], map = hfc.merge(edges, {
        values = gap, range = {-most, most}, name = "difference",
      })}
    end
  end
  return run:chart(figure, {panels = panels, columns = math.max(1, math.min(5, #masks))})
end)
