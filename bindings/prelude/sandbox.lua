-- What an untrusted script may use (--sandbox). The script may replace any global function later,
-- so the functions below do not call global ones.
local host = ...
local error, find, gsub, plain_load, type = error, string.find, string.gsub, load, type
local gc = _G.collectgarbage

local kept = {}
for name in string.gmatch("  \z
  _G _VERSION apropos assert bit coroutine error getmetatable help hfc ipairs math next nn pairs \z
  pcall print rawequal rawget rawset\n  \z
  select setmetatable string table tonumber torch tostring type unpack xpcall", "%S+") do
  kept[name] = true
end

local function sandbox_load(chunk, name, _, ...)
  if type(chunk) ~= "string" and type(chunk) ~= "function" then
    error("load: expected a string or a function", 2)
  end
  return plain_load(chunk, name, "t", ...)
end

local collector = {collect = true, count = true, step = true}

local function sandbox_collectgarbage(what, ...)
  what = what or "collect"
  if not collector[what] then
    error("collectgarbage: the sandbox allows only 'collect', 'count' and 'step'", 2)
  end
  return gc(what, ...)
end

-- read_module(file) -> text, or nil if the script's directory does not contain the file.
local function make_require(libraries, read_module)
  local loaded = {}
  return function(name)
    if type(name) ~= "string" then error("require: expected a string", 2) end
    if libraries[name] ~= nil then return libraries[name] end
    if loaded[name] ~= nil then return loaded[name] end
    if not find(name, "^[%w_%-]+[%w_%-%.]*$") or find(name, "..", 1, true) then
      error("require: the sandbox loads modules only from the script's directory, \z
        and their names may contain only letters, digits, '_', '-' and dots", 2)
    end
    local file = gsub(name, "%.", "/") .. ".lua"
    local text = read_module(file)
    if not text then
      error("require: the sandbox loads modules only from the script's directory, \z
        which does not contain '" .. file .. "'", 2)
    end
    local chunk, message = plain_load(text, "@" .. file, "t")
    if not chunk then error(message, 0) end
    local result = chunk(name)
    if result == nil then result = true end
    loaded[name] = result
    return result
  end
end

host.export("sandbox", function(read_module)
  local libraries = {}
  for _, name in ipairs {"string", "table", "math", "bit", "coroutine", "torch", "hfc"} do
    libraries[name] = _G[name]
  end
  for name in pairs(_G) do
    if not kept[name] then _G[name] = nil end
  end
  rawset(_G.string, "dump", nil)
  _G.load, _G.loadstring, _G.collectgarbage = sandbox_load, sandbox_load, sandbox_collectgarbage
  _G.require = make_require(libraries, read_module)
  host.methods("Tensor").data = function()
    error("Tensor:data: the sandbox does not provide pointers", 2)
  end
end)
