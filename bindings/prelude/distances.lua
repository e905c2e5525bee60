-- hfc.distances: how far images lie apart.
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
