-- Unknown names in hfc and in the tables of torch and hfc: an error that suggests the nearest name.
-- torch itself, torch.nn and torch.optim handle unknown names in their own files.
local host = ...

-- Names in earlier versions -> current names.
local renamed = {
  ["hfc.mask.power_spectrum"] = "hfc.spectrum.power",
  ["hfc.mask.radial"] = "hfc.spectrum.radial",
  ["hfc.mask.angular"] = "hfc.spectrum.angular",
  ["hfc.mask.heat_map"] = "hfc.sensitivity.heat_map",
  ["hfc.mask.dominant"] = "hfc.sensitivity.dominant",
  ["hfc.mask.input_gradients"] = "hfc.sensitivity.input_gradients",
  ["hfc.mask.linear_probe"] = "hfc.sensitivity.linear_probe",
}

local function unknown(path)
  return function(t, name)
    if type(name) ~= "string" then return nil end
    local now = renamed[path .. "." .. name]
    if now then error(string.format("%s.%s has been renamed to %s", path, name, now), 2) end
    if host.first_use(path, name) then return rawget(t, name) end
    local names = {}
    for known in next, t do
      if type(known) == "string" then names[#names + 1] = known end
    end
    host.add_later_names(path, names)
    host.unknown(path, name, names, 2)
  end
end

local function close(t, path, seen)
  if seen[t] then return end
  seen[t] = true
  for name, value in next, t do
    if type(name) == "string" and type(value) == "table" then
      close(value, path .. "." .. name, seen)
    end
  end
  if getmetatable(t) == nil then setmetatable(t, {__metatable = path, __index = unknown(path)}) end
end

local seen = {}
function host.close(t, path) close(t, path, seen) end
host.close(hfc, "hfc")
host.close(torch, "torch")
