-- Lua code is loaded only from text: bytecode can crash the process, so it is refused everywhere.
local plain_load, plain_loadfile = load, loadfile

-- For the rest of the prelude and for scripts.
function load(chunk, name, _, ...)
  return plain_load(chunk, name, "t", ...)
end

function loadstring(text, name)
  return plain_load(text, name or text, "t")
end

function loadfile(path, _, ...)
  return plain_loadfile(path, "t", ...)
end

function dofile(path)
  local chunk, message = loadfile(path)
  if not chunk then error(message, 0) end
  return chunk()
end

_G.load, _G.loadstring, _G.loadfile, _G.dofile = load, loadstring, loadfile, dofile

-- require: searches package.path as usual, but loads only text.
package.loaders[2] = function(name)
  local tried = {}
  for pattern in string.gmatch(package.path, "[^;]+") do
    local path = string.gsub(pattern, "?", (string.gsub(name, "%.", "/")))
    local file = io.open(path)
    if file then
      file:close()
      local chunk, message = loadfile(path)
      if not chunk then
        error(string.format("error loading module '%s' from file '%s':\n\t%s",
                            name, path, message), 0)
      end
      return chunk
    end
    tried[#tried + 1] = string.format("\n\tno file '%s'", path)
  end
  return table.concat(tried)
end

package.loaded.torch, package.loaded.hfc = _G.torch, _G.hfc
