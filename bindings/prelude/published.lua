-- Numbers from the papers, which scripts print next to their own.
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
  -- Table 3: the same as table 1, for nine classes of ImageNet.
  ["wang2020 table3"] = {
    low = {
      [25] = {.9315, .5477}, [50] = {.9681, .6477}, [100] = {.9759, .8300}, [150] = {.9717, .8415},
    },
    high = {
      [25] = {.8730, .1908}, [50] = {.7655, .1515}, [100] = {.6476, .1531}, [150] = {.2416, .1123},
    },
  },
  -- Table 2, by training method and rho: accuracy on clean images, under FGSM at .03, .06 and .09,
  -- and under PGD at the same epsilons.
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
  -- Table 4: the same as table 2, for nine classes of ImageNet.
  ["wang2020 table4"] = {
    natural = {
      [0] = {.821, .004, .002, .002, .010, .011, .013},
      [.1] = {.813, .009, .005, .003, .015, .010, .007},
      [.25] = {.786, .016, .010, .008, .020, .016, .012},
      [.5] = {.767, .119, .119, .118, .127, .127, .125},
      [1] = {.760, .370, .368, .368, .382, .382, .378},
    },
    adversarial = {
      [0] = {.684, .122, .033, .012, .034, .038, .029},
      [.1] = {.651, .134, .050, .030, .043, .037, .033},
      [.25] = {.613, .15, .08, .07, .032, .031, .019},
      [.5] = {.603, .189, .126, .114, .060, .047, .036},
      [1] = {.590, .241, .184, .164, .086, .084, .081},
    },
  },
}

hfc.published = host.declare("hfc.published", '\z
  hfc.published(table, ...) -> list of numbers\n\n\z
  Returns a row of a table from a paper, or an empty list if the table has no such row. For \z
  "wang2020 table1", pass the part ("low" or "high") and the radius; the row contains the \z
  accuracy on training images and on test images. For "wang2020 table2", pass the kind of \z
  training ("natural" or "adversarial") and rho; the row contains the clean accuracy, the \z
  accuracy under FGSM at .03, .06 and .09, and the accuracy under PGD at the same epsilons. Both \z
  tables are for CIFAR-10. "wang2020 table3" and "wang2020 table4" are the same tables for nine \z
  classes of ImageNet.\n\z
  Error: an unknown table.', function(name, ...)
  local row = published[name]
  if not row then
    error(string.format("hfc.published: there is no table '%s'; known tables: %s", tostring(name),
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
