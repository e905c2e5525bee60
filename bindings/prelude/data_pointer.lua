-- x:data(): the elements of a tensor as memory.
local host = ...
local ffi = require "ffi"
local cast, istype = ffi.cast, ffi.istype

-- pointer -> the object that keeps its memory alive. Arithmetic makes a new pointer, which keeps
-- the same object alive.
local memory = setmetatable({}, {__mode = "k"})

-- A struct that contains a C pointer, because only structs can have metamethods. Compiled loops
-- access the C pointer directly, so p[i] is as fast as with a plain C pointer.
local function pointer_type(element)
  local new
  local function moved(p, elements)
    local there = new(p.pointer + elements)
    memory[there] = memory[p]
    return there
  end
  local function plain(value) return istype(new, value) and value.pointer or value end
  ffi.cdef(string.format("struct pointer_to_%s { %s *const pointer; };", element, element))
  new = ffi.metatype("struct pointer_to_" .. element, {
    __index = function(p, i) return p.pointer[i] end,
    __newindex = function(p, i, value) p.pointer[i] = value end,
    __add = function(a, b)
      if istype(new, a) then return moved(a, b) end
      return moved(b, a)
    end,
    __sub = function(a, b)
      if istype(new, b) then return plain(a) - b.pointer end
      return moved(a, -b)
    end,
    __eq = function(a, b) return plain(a) == plain(b) end,
    __lt = function(a, b) return plain(a) < plain(b) end,
    __le = function(a, b) return plain(a) <= plain(b) end,
    __tostring = function(p) return tostring(p.pointer) end,
  })
  return {new = new, pointer = ffi.typeof(element .. "*")}
end

local types = {}
for dtype, element in pairs {
  float32 = "float", float64 = "double", int64 = "int64_t", int32 = "int32_t", int16 = "int16_t",
  int8 = "int8_t", uint8 = "uint8_t", bool = "bool",
} do
  types[dtype] = pointer_type(element)
end

host.methods("Tensor").data = host.declare("Tensor:data", "\z
  x:data() -> pointer, count\n\n\z
  Returns a pointer p to the elements of a contiguous CPU tensor: p[0] to p[count - 1] in \z
  row-major order. A Lua loop over them runs at the speed of C. Indices are not checked.\n\z
  p + n points to the element n places further on. In a compiled loop, p[n + i] is faster than \z
  q[i] with q = p + n.\n\z
  The memory exists as long as there is a pointer into it, including pointers made by arithmetic. \z
  While a pointer exists, enlarging x with x:resize_(n) is an error. After x:set_data(y), the \z
  pointer still points to the old elements. Autograd does not track writes through pointers.\n\n\z
  p.pointer is the plain FFI pointer, for C functions. It is valid as long as p is alive. \z
  ffi.copy, ffi.fill, ffi.string and ffi.cast accept p itself.\n\n\z
  Errors: a tensor that is not on the CPU, a tensor that is not contiguous, a dtype that does not \z
  exist in C.",
  function(tensor)
    local address, dtype, count, kept = host.data_pointer(tensor)
    local kind = types[dtype]
    if not kind then error("Tensor:data: C has no type for elements of dtype " .. dtype, 2) end
    local p = kind.new(cast(kind.pointer, address))
    memory[p] = kept
    return p, count
  end)

-- Without this, FFI would use the struct itself instead of the memory that it points to.
local f32, f64, i64, i32 = types.float32.new, types.float64.new, types.int64.new, types.int32.new
local i16, i8, u8, b8 = types.int16.new, types.int8.new, types.uint8.new, types.bool.new

local function plain(value)
  if type(value) ~= "cdata" then return value end
  local ours = istype(f32, value) or istype(f64, value) or istype(i64, value)
    or istype(i32, value) or istype(i16, value) or istype(i8, value) or istype(u8, value)
    or istype(b8, value)
  return ours and value.pointer or value
end

local ffi_copy, ffi_fill, ffi_string = ffi.copy, ffi.fill, ffi.string
function ffi.copy(to, from, ...) return ffi_copy(plain(to), plain(from), ...) end
function ffi.fill(to, ...) return ffi_fill(plain(to), ...) end
function ffi.string(from, ...) return ffi_string(plain(from), ...) end
function ffi.cast(kind, value) return cast(kind, plain(value)) end
