-- What the tests of the API share.
local support = {}

local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
support.fixtures = here .. "/../fixtures"

-- A tensor of a fixture: tensor(dtype, shape, values in row order; complex ones as pairs of
-- values).
function support.tensor(dtype, shape, values)
  local complex = dtype:find("^complex") ~= nil
  local flat = torch.tensor(values, {
    dtype = complex and (dtype == "complex64" and "float32" or "float64")
      or (dtype == "bool" and "bool" or "float64"),
  })
  if complex then return torch.view_as_complex(flat:reshape {-1, 2}):reshape(shape) end
  return flat:reshape(shape):to(dtype)
end

-- What a file holds.
function support.text_of(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- The table that tests/fixtures/torch/NAME.lua returns.
function support.fixture(name)
  return assert(loadfile(support.fixtures .. "/torch/" .. name .. ".lua"))(support.tensor)
end

-- A JSON file without brackets in its strings, as tables; null is nil.
function support.json(path)
  local file = assert(io.open(support.fixtures .. "/" .. path))
  local text = file:read("*a")
  file:close()
  text = text:gsub("%[", "{"):gsub("%]", "}"):gsub('("[^"]*"):', "[%1]="):gsub("null", "nil")
  return assert(loadstring("return " .. text))()
end

-- The largest difference of two tensors, relative to values above 1; infinite where dtype or shape
-- differ.
function support.difference(a, b)
  if a.dtype ~= b.dtype or table.concat(a.shape, ",") ~= table.concat(b.shape, ",") then
    return math.huge
  end
  if a:numel() == 0 then return 0 end
  if a.dtype:find("complex") then
    a, b = torch.view_as_real(a:resolve_conj()), torch.view_as_real(b:resolve_conj())
  end
  a, b = a:detach():double(), b:detach():double()
  local same = torch.logical_or(a:eq(b), torch.logical_and(a:isnan(), b:isnan()))
  local gap = (a - b):abs() / torch.clamp_min(b:abs(), 1)
  return torch.where(same, torch.zeros_like(gap), gap):nan_to_num(math.huge):max():item()
end

local function live_tensors()
  jit.flush()  -- compiled traces keep the closures they were made for
  collectgarbage()
  collectgarbage()
  return hfc.memory().tensors
end

-- Runs the test classes. A test that passes must leave no more tensors alive than it found, but
-- for those its class keeps in fields.
function support.run()
  local lu = require "luaunit"
  for name, class in pairs(_G) do
    if type(name) == "string" and name:find "^Test" and type(class) == "table" then
      for method, test in pairs(class) do
        if method:find "^test" then
          class[method] = function(self)
            local before = live_tensors()
            test(self)
            local left = live_tensors() - before
            if left > 0 then lu.fail(("%d tensors are still alive after the test"):format(left)) end
          end
        end
      end
    end
  end
  os.exit(lu.LuaUnit.run(), true)
end

-- Makes a folder of this test's own the working directory, for what writes below it; it goes with
-- the end of the tests. A run copies its script, whose path is relative: it is copied there.
function support.use_own_folder()
  local ffi = require "ffi"
  ffi.cdef "int chdir(const char* path); int mkdir(const char* path, unsigned mode);"
  local folder, exit = os.tmpname(), os.exit
  os.remove(folder)
  assert(ffi.C.mkdir(folder, 448) == 0)
  os.execute(("cp '%s' '%s'"):format(arg[0], folder))
  assert(ffi.C.chdir(folder) == 0)
  os.exit = function(...)  -- luacheck: ignore 122
    os.execute("rm -r '" .. folder .. "'")
    exit(...)
  end
end

return support
