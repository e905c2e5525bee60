-- help(): the registry's documentation, printed.
local host = ...

local function overview()
  local lines = {"hfc-host: image frequencies and what networks make of them. help(f) or help(\"name\") explains one of these:", ""}
  for _, name in ipairs(host.names()) do lines[#lines + 1] = "  " .. host.documentation(name):match("[^\n]*") end
  lines[#lines + 1] = "\ntorch.NAME and tensor:NAME are PyTorch's operators; help(torch.conv2d) prints their forms."
  return table.concat(lines, "\n")
end

help = host.declare("help", [[
help(), help(f), help("hfc.train")

Prints what is documented: an overview, or one function given by itself or by name. Operators print their forms.]], function(what)
  if what == nil then return print(overview()) end
  local name = type(what) == "string" and what or host.function_name(what)
  local text = name and host.documentation(name)
  if text then return print(text) end
  local guess = type(what) == "string" and host.nearest(what, host.names()) or ""
  print(("nothing is documented under %s%s"):format(tostring(what), guess ~= "" and (" (did you mean %s?)"):format(guess) or ""))
end)

hfc.memory = host.declare("hfc.memory", [[
hfc.memory() -> {tensors = count, bytes = number}

The tensors that Lua holds now, those not yet collected included, and the bytes behind them: memory that several share counts once
(below 64 KB: each time). What a graph keeps for its backward pass is not counted.]], function()
  local tensors, bytes = host.memory()
  return {tensors = tensors, bytes = bytes}
end)

apropos = host.declare("apropos", [[
apropos(word)

Prints the first line of each function whose documentation holds the word, in any case of letters.]], function(word)
  if type(word) ~= "string" then error("apropos: expected a text, got " .. type(word), 2) end
  local found = 0
  for _, name in ipairs(host.names()) do
    local text = host.documentation(name)
    if (name .. "\n" .. text):lower():find(word:lower(), 1, true) then
      print("  " .. text:match "[^\n]*")
      found = found + 1
    end
  end
  if found == 0 then print(("nothing that is documented holds '%s'"):format(word)) end
end)
