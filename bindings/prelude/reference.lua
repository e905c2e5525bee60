-- hfc-host --write-docs DIR: the documentation in the registry as Markdown, with one file for each
-- table of functions and each type.
local host = ...
local open = io.open

function host.write_file(path, text)
  local file = assert(open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- A line break after one of the characters `.:;)` ends a paragraph. Escapes characters that have a
-- special meaning in Markdown.
local function paragraphs(text)
  text = string.gsub(string.gsub(text, "%*", "\\*"), "<(%a)", "&lt;%1")
  text = string.gsub(string.gsub(text, "([%.:;%)])\n", "%1\n\n"), "\n\n\n+", "\n\n")
  return text
end

local function section(name)
  local call, text = string.match(host.documentation(name), "^([^\n]*)\n*(.*)$")
  local example = host.examples[name] or {}
  local parts = {"## " .. name, "```text\n" .. call .. "\n```"}
  if text ~= "" then parts[#parts + 1] = paragraphs(text) end
  parts[#parts + 1] = host.paper_of(example)
  if example.code then parts[#parts + 1] = "```lua\n" .. example.code .. "\n```" end
  return table.concat(parts, "\n\n")
end

-- The file that describes a name: "hfc.mask" for hfc.mask.learn, "Dataset" for Dataset:low_pass,
-- "hfc" for help.
local function owner_of(name) return string.match(name, "^(.*)[.:][^.:]*$") or "hfc" end

local function anchor(name) return "#" .. string.gsub(string.lower(name), "[^%w_]", "") end

local titles = {
  hfc = "hfc: data, networks, training, runs",
  ["hfc.attack"] = "hfc.attack: adversarial images",
  AttackStep = "AttackStep: one iteration of an attack of your own",
  ["hfc.mask"] = "hfc.mask: Fourier masks and maps",
  ["hfc.stats"] = "hfc.stats: intervals over seeds and over images",
  ["hfc.decompose"] = "hfc.decompose: splitting images by singular values",
  ["hfc.detection"] = "hfc.detection: object detection",
  ["hfc.frequency"] = "hfc.frequency: splitting images by frequency",
  torch = "torch: tensors",
  ["torch.nn"] = "torch.nn: networks written in Lua",
  Detections = "Detections: the result of hfc.detection.detect",
  Dataset = "Dataset: a data set, and views of it",
  Model = "Model: a network from hfc.model",
  Module = "Module: a network written in Lua",
  Run = "Run: a run directory",
  Tensor = "Tensor: methods",
}

local function grouped()
  local owners, names_of = {}, {}
  for _, name in ipairs(host.names()) do
    local owner = owner_of(name)
    if not names_of[owner] then
      owners[#owners + 1] = owner
      names_of[owner] = {}
    end
    table.insert(names_of[owner], name)
  end
  table.sort(owners)
  return owners, names_of
end

local introduction = '\z
  # Reference\n\n\z
  These pages contain the text of `help()` for all functions that hfc-host adds to Lua. \z
  About 1 600 of PyTorch\'s operators are also available as `torch.NAME` and `tensor:NAME`, with \z
  PyTorch\'s arguments: `help(torch.conv2d)` prints the overloads of one operator, and `apropos \z
  "pool"` finds operators by name.\n\n\z
  The pages are written by `hfc-host --write-docs docs/reference`: do not edit them. Run this \z
  command after you change the documentation of a function; a test checks that the pages are up \z
  to date.\n\n\z
  `hfc-host --write-stubs DIR` writes the same text for editors (lua-language-server); \z
  `.luarc.json` in the source tree is set up for stubs in `build/stubs`.\n'

function host.write_docs(folder)
  local owners, names_of = grouped()
  local index = {introduction}
  for _, owner in ipairs(owners) do
    local title = titles[owner] or owner
    local parts, rows = {"# " .. title}, {string.format("## [%s](%s.md)\n", title, owner)}
    for _, name in ipairs(names_of[owner]) do
      parts[#parts + 1] = section(name)
      rows[#rows + 1] = string.format("- [%s](%s.md%s)", name, owner, anchor(name))
    end
    host.write_file(folder .. "/" .. owner .. ".md", table.concat(parts, "\n\n") .. "\n")
    index[#index + 1] = table.concat(rows, "\n") .. "\n"
  end
  host.write_file(folder .. "/README.md", table.concat(index, "\n"))
end
