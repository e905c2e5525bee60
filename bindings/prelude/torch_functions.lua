-- Functions of torch that PyTorch builds from operators in Python.
local host = ...
local Tensor = host.methods "Tensor"
local repeated = host.repeated

-- Declares torch.NAME, and also Tensor:NAME if `method` is true.
local function define(name, signature, text, f, method)
  torch[name] = host.define("torch." .. name, signature, text, f)
  if method then Tensor[name] = torch[name] end
end

local einsum = host.operator "einsum"

-- {0, 1} becomes "AB"; torch.none and "..." become "...".
local function subscripts(list)
  local letters = {}
  for i, number in ipairs(list) do
    letters[i] = type(number) ~= "number" and "..."
      or string.char(number < 26 and 65 + number or 97 + number - 26)
  end
  return table.concat(letters)
end

-- x, {0, 1}, y, {1, 2}, {0, 2}: PyTorch's alternative form of the arguments.
local function einsum_of_lists(...)
  local given, tensors, equations = {...}, {}, {}
  for i = 1, #given - 1, 2 do
    tensors[#tensors + 1] = given[i]
    equations[#equations + 1] = subscripts(given[i + 1])
  end
  local result = #given % 2 == 1 and "->" .. subscripts(given[#given]) or ""
  return einsum(table.concat(equations, ",") .. result, tensors)
end

torch.einsum = host.declare("torch.einsum", [[
torch.einsum(equation, x, ...) or torch.einsum(equation, {x, ...}) -> Tensor

Computes sums of products in Einstein notation: torch.einsum("bij,bjk->bik", a, b), or with
lists of numbers instead of letters: torch.einsum(a, {0, 1}, b, {1, 2}, {0, 2}).]],
  function(equation, first, ...)
    if torch.is_tensor(equation) then return einsum_of_lists(equation, first, ...) end
    return einsum(equation, torch.is_tensor(first) and {first, ...} or first)
  end)

-- values [, inverse] [, counts], depending on the options
local function chosen(values, inverse, counts, with_inverse, with_counts)
  if with_inverse and with_counts then return values, inverse, counts end
  if with_inverse then return values, inverse end
  if with_counts then return values, counts end
  return values
end

local unique2, unique_dim = host.operator "_unique2", host.operator "unique_dim"
define("unique", "input, sorted = true, return_inverse = false, return_counts = false, dim = nil",
  "\z
  -> Tensor [, inverse] [, counts]\n\n\z
  Returns the distinct values of input, or its distinct slices along dim.",
  function(input, sorted, with_inverse, with_counts, dim)
    local values, inverse, counts
    if dim then
      values, inverse, counts = unique_dim(input, dim, sorted, with_inverse, with_counts)
    else
      values, inverse, counts = unique2(input, sorted, with_inverse, with_counts)
    end
    return chosen(values, inverse, counts, with_inverse, with_counts)
  end, true)

local unique_consecutive = host.operator "unique_consecutive"
define("unique_consecutive", "input, return_inverse = false, return_counts = false, dim = nil",
  "\z
    -> Tensor [, inverse] [, counts]\n\n\z
    Returns the values of input, with each run of equal consecutive values reduced to one.",
  function(input, with_inverse, with_counts, dim)
    local values, inverse, counts = unique_consecutive(input, with_inverse, with_counts, dim)
    return chosen(values, inverse, counts, with_inverse, with_counts)
  end, true)

local nonzero, nonzero_numpy = host.operator "nonzero", host.operator "nonzero_numpy"
define("nonzero", "input, as_tuple = false, out = nil",
  "\z
  -> Tensor, or a list of Tensors with as_tuple\n\n\z
  Returns the indices of the elements that are not 0, as a Tensor [count, dimensions]. as_tuple: \z
  if true, returns a list with one Tensor per dimension, which you can use in x[...].",
  function(input, as_tuple, out)
    if as_tuple then return nonzero_numpy(input) end
    if out then return nonzero(input, {out = out}) end
    return nonzero(input)
  end, true)

local plain_norm = host.operator "norm"
local function all_dimensions(input)
  local dims = {}
  for i = 1, input.ndim do dims[i] = i - 1 end
  return dims
end

define("norm", "input, p = \"fro\", dim = nil, keepdim = false, out = nil, dtype = nil",
  '\z
  -> Tensor\n\n\z
  Returns the p-norm over all elements, or along dim (a number or a list). p: a number, "fro" or \z
  "nuc".', function(input, p, dim, keepdim, out, dtype)
    if input.layout ~= "strided" then
      return plain_norm(input, p == "fro" and 2 or p, dim and repeated(dim, 1)
        or all_dimensions(input), keepdim)
    end
    local dims = dim and repeated(dim, 1)
    if p == "fro" and not (dims and #dims > 2) then p = 2 end
    local operator = torch.linalg_vector_norm
    if type(p) == "string" then
      operator, dims = torch.linalg_matrix_norm, dims or all_dimensions(input)
    end
    if dtype or out then return operator(input, p, dims, keepdim, {dtype = dtype, out = out}) end
    return operator(input, p, dims, keepdim)
  end, true)

local tensordot = host.operator "tensordot"
-- Converts dims (a number, {list, list}, or a tensor of either) to two lists of dimensions.
local function two_lists(dims, more)
  if torch.is_tensor(dims) then dims = dims:tolist() end
  if type(dims) == "table" then
    if type(dims[1]) == "table" then return dims[1], dims[2] end
    return dims, more
  end
  local left, right = {}, {}
  for i = 1, dims do left[i], right[i] = i - 1 - dims, i - 1 end
  return left, right
end

define("tensordot", "a, b, dims = 2, dims_other = nil, out = nil, dims_self = nil",
  "\z
  -> Tensor\n\n\z
  Multiplies a and b, and sums the products over some of their dimensions. dims: the number of \z
  dimensions to sum over (the last ones of a and the first ones of b), or two lists, {{dimensions \z
  of a}, {dimensions of b}}.",
  function(a, b, dims, other, out, dims_self)
    if type(dims) == "number" and (dims < 0 or dims > math.min(a.ndim, b.ndim)) then
      error(string.format("torch.tensordot: dims must be between 0 and %d, got %g",
        math.min(a.ndim, b.ndim), dims), 2)
    end
    local left, right = two_lists(dims_self or dims, other)
    if out then return tensordot(a, b, left, right, {out = out}) end
    return tensordot(a, b, left, right)
  end)

local cdist = host.operator "cdist"
local compute_modes = {use_mm_for_euclid_dist = 1, donot_use_mm_for_euclid_dist = 2}
define("cdist", "x1, x2, p = 2, compute_mode = \"use_mm_for_euclid_dist_if_necessary\"",
  "\z
    -> Tensor\n\n\z
    Returns the p-distance between each row of x1 [..., P, M] and each row of x2 [..., R, M].",
  function(x1, x2, p, mode)
    local number = type(mode) == "number" and mode or compute_modes[mode]
    if not number and mode ~= "use_mm_for_euclid_dist_if_necessary" then
      error(string.format("torch.cdist: unknown compute_mode '%s'", tostring(mode)), 2)
    end
    return cdist(x1, x2, p, number)
  end)

local split, split_sizes = host.operator "split", host.operator "split_with_sizes"
define("split", "tensor, split_size_or_sections = nil, dim = 0, split_size = nil",
  "\z
  -> list of Tensors\n\n\z
  Splits a tensor along dim into parts of the given size, the last of which may be smaller, or \z
  into parts with the sizes in a list.", function(x, size, dim, named)
    local sizes = size or named
    if type(sizes) == "table" then return split_sizes(x, sizes, dim) end
    return split(x, sizes, dim)
  end, true)

-- The shape that results from broadcasting a list of shapes.
local function broadcast(shapes)
  local result, longest = {}, 0
  for _, shape in ipairs(shapes) do longest = math.max(longest, #shape) end
  for i = 1, longest do result[i] = 1 end
  for _, shape in ipairs(shapes) do
    for i, length in ipairs(shape) do
      local at = longest - #shape + i
      if length < 0 or (length ~= 1 and result[at] ~= 1 and result[at] ~= length) then
        error(string.format("torch.broadcast_shapes: sizes %d and %d do not match at dimension %d",
          result[at], length, at - 1), 3)
      end
      if length ~= 1 then result[at] = length end
    end
  end
  return result
end

torch.broadcast_shapes = host.declare("torch.broadcast_shapes", [[
torch.broadcast_shapes(shape, ...) -> list

Returns the shape that results from broadcasting these shapes. A number is a shape with one
dimension.]],
  function(...)
    local shapes = {...}
    for i, shape in ipairs(shapes) do shapes[i] = repeated(shape, 1) end
    return broadcast(shapes)
  end)

define("unravel_index", "indices, shape", "\z
  -> list of Tensors\n\n\z
  Converts indices, which are positions in a flattened tensor of the given shape, to one index \z
  per dimension.",
  function(indices, shape)
    if indices:is_floating_point() or indices:is_complex() or indices.dtype == "bool" then
      error("torch.unravel_index: expected integers, got " .. indices.dtype, 2)
    end
    shape = repeated(shape, 1)
    for _, length in ipairs(shape) do
      if length < 0 or (length == 0 and indices:numel() > 0) then
        error("torch.unravel_index: all sizes in shape must be above 0", 2)
      end
    end
    local result, step = {}, 1
    for i = #shape, 1, -1 do
      result[i] = indices:div(step, {rounding_mode = "floor"}):remainder(shape[i])
      step = step * shape[i]
    end
    return result
  end)

-- Algorithm 4.4 of Halko et al., "Finding structure with randomness", SIAM Review 53 (2011).
local function approximate_basis(A, q, niter, M)
  local function times(matrix, other, x)
    local product = torch.matmul(matrix, x)
    return other and product - torch.matmul(other, x) or product
  end
  local start = torch.randn(A:size(-1), q, {dtype = A.dtype, device = A.device})
  local Q = torch.linalg_qr(times(A, M, start))
  for _ = 1, niter do
    Q = torch.linalg_qr(times(A.mH, M and M.mH, Q))
    Q = torch.linalg_qr(times(A, M, Q))
  end
  return Q
end

local function svd_lowrank(A, q, niter, M)
  local wide = A:size(-2) < A:size(-1)
  M = M and M:broadcast_to(A.shape)
  if wide then A, M = A.mH, M and M.mH end
  local Q = approximate_basis(A, q, niter, M)
  local B = torch.matmul(Q.mH, A)
  if M then B = B - torch.matmul(Q.mH, M) end
  local U, S, Vh = torch.linalg_svd(B, {full_matrices = false})
  U = torch.matmul(Q, U)
  if wide then return Vh.mH, S, U end
  return U, S, Vh.mH
end

define("svd_lowrank", "A, q = 6, niter = 2, M = nil", "\z
  -> U, S, V\n\n\z
  Returns an approximate singular value decomposition of A - M with q singular values, computed \z
  by a randomised method (algorithm 5.1 of Halko et al., SIAM Review 53, 2011).", svd_lowrank)

define("pca_lowrank", "A, q = nil, center = true, niter = 2", "\z
  -> U, S, V\n\n\z
  Returns the principal components of the rows of A: subtracts the mean row (unless center is \z
  false), then calls svd_lowrank.",
  function(A, q, center, niter)
    local smaller = math.min(A:size(-2), A:size(-1))
    q = q or math.min(6, smaller)
    if q < 0 or q > smaller then
      error(string.format("torch.pca_lowrank: q must be between 0 and %d, got %g", smaller, q), 2)
    end
    if niter < 0 then error("torch.pca_lowrank: niter must not be negative, got " .. niter, 2) end
    if center then A = A - A:mean({-2}, true) end
    return svd_lowrank(A, q, niter)
  end)

local function lu(A, pivot, get_infos)
  local factors, pivots, infos = torch.linalg_lu_factor_ex(A, {pivot = pivot})
  if get_infos then return factors, pivots, infos end
  return factors, pivots
end
define("lu", "A, pivot = true, get_infos = false, out = nil", "\z
  -> LU, pivots [, infos]\n\n\z
  Returns the LU decomposition in the compact form that torch.lu_unpack accepts.", lu)
Tensor.lu = host.define("Tensor:lu", "A, pivot = true, get_infos = false",
  "-> LU, pivots [, infos]\n\nThe same as torch.lu.", lu)

define("as_tensor", "data, dtype = nil, device = nil", "\z
  -> Tensor\n\n\z
  Returns the data as a tensor. If data is already a Tensor with this dtype and device, returns \z
  that Tensor itself; otherwise, converts the data as torch.tensor does.",
  function(data, dtype, device)
    if torch.is_tensor(data) then return data:to {dtype = dtype, device = device} end
    return torch.tensor(data, {dtype = dtype, device = device})
  end)

define("asarray", "data, dtype = nil, device = nil, copy = false, requires_grad = false",
  "\z
    -> Tensor\n\n\z
    Works like torch.as_tensor.", function(data, dtype, device, copy, requires_grad)
    local result = torch.as_tensor(data, dtype, device)
    if copy and rawequal(result, data) then result = result:clone() end
    return requires_grad and result:detach():requires_grad_() or result
  end)

-- The matrix products of all groups. f computes one of them; group g ends at offs[g].
local function in_groups(offs, length, f)
  local parts, begin = {}, 0
  for g, stop in ipairs(offs:tolist()) do
    if stop < begin or stop > length then
      error(string.format(
        "torch.nn.functional.grouped_mm: offs must be in ascending order and at most %d, got %g",
        length, stop), 4)
    end
    parts[g] = f(g - 1, begin, stop - begin)
    begin = stop
  end
  return parts
end

host.define_functional("grouped_mm", "mat_a, mat_b, offs = nil, bias = nil, out_dtype = nil",
  "-> Tensor\n\nReturns one matrix product per group. offs[g]: the position at which group g \z
  ends. The shapes of mat_a and mat_b determine which parts are multiplied for group g. [G, M, K] \z
  and [G, K, N]: mat_a[g] and mat_b[g], without offs. [M, K] and [G, K, N]: the group's rows of \z
  mat_a, and mat_b[g]. [G, M, K] and [K, N]: mat_a[g], and the group's columns of mat_b. [M, K] \z
  and [K, N]: the group's columns of mat_a and rows of mat_b.",
  function(a, b, offs, bias, out_dtype)
    local two_a, two_b = a.ndim == 2, b.ndim == 2
    local result
    if (two_a or two_b) and not offs then
      error("torch.nn.functional.grouped_mm: offs is missing", 2)
    end
    if not two_a and not two_b then
      result = torch.bmm(a, b)
    elseif two_a and two_b then
      result = torch.stack(in_groups(offs, a:size(1), function(_, from, length)
        return torch.mm(a:narrow(1, from, length), b:narrow(0, from, length))
      end))
    elseif two_a then
      result = torch.cat(in_groups(offs, a:size(0), function(g, from, length)
        return torch.mm(a:narrow(0, from, length), b[g])
      end))
    else
      result = torch.cat(in_groups(offs, b:size(1), function(g, from, length)
        return torch.mm(a[g], b:narrow(1, from, length))
      end), 1)
    end
    if bias then result = result + bias end
    return out_dtype and result:to(out_dtype) or result
  end)
