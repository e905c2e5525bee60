-- Numbers of the papers, which scripts print beside their own.
local host = ...

local published = {
  -- Wang et al., CVPR 2020, table 1: accuracy on training and test images, by part and radius.
  ["wang2020 table1"] = {
    low = {
      [4] = {.9668, .6167}, [8] = {.9786, .7154}, [12] = {.9786, .7516}, [16] = {.9839, .7714},
    },
    high = {
      [4] = {.9885, .2002}, [8] = {.9768, .0920}, [12] = {.9797, .0997}, [16] = {.9384, .1281},
    },
  },
  -- Table 2: clean accuracy; under FGSM at .03, .06, .09; under PGD at the same; by training and
  -- rho.
  ["wang2020 table2"] = {
    natural = {
      [0] = {.856, .107, .069, .044, .003, .002, .002},
      [.1] = {.815, .149, .105, .073, .009, .002, .001},
      [.25] = {.743, .160, .110, .079, .021, .005, .005},
      [.5] = {.674, .170, .110, .083, .031, .016, .014},
      [1] = {.631, .171, .140, .127, .086, .078, .078},
    },
    adversarial = {
      [0] = {.707, .435, .232, .137, .403, .138, .038},
      [.1] = {.691, .412, .192, .109, .379, .130, .047},
      [.25] = {.667, .385, .176, .097, .352, .116, .040},
      [.5] = {.653, .365, .180, .106, .334, .121, .062},
      [1] = {.638, .356, .223, .186, .337, .175, .131},
    },
  },
}

hfc.published = host.declare("hfc.published", '\z
  hfc.published(table, ...) -> list of numbers\n\n\z
  A row of a table that a paper has printed; an empty list where it has no such row. "wang2020 \z
  table1": part ("low" or "high"), radius -> accuracy on training images, on test images. \z
  "wang2020 table2": training ("natural" or "adversarial"), rho -> clean accuracy, accuracy \z
  under FGSM at .03, .06, .09, under PGD at the same. The numbers are of CIFAR-10.\n\z
  Error: an unknown table.', function(name, ...)
  local row = published[name]
  if not row then
    error(string.format("hfc.published: there is no table '%s'; known: %s", tostring(name),
                        table.concat(host.option_values.sorted_keys(published), ", ")), 2)
  end
  for i = 1, select("#", ...) do
    local key = select(i, ...)
    row = row[key] or {}
  end
  local copy = {}
  for i, value in ipairs(row) do copy[i] = value end
  return copy
end)
