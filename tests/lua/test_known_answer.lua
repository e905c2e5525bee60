-- The conclusions of the experiments on data whose answer is known: which frequencies carry the
-- label is set by options.
local lu = require "luaunit"

-- A network trained on images whose low and high patterns are the label's so often, and its
-- accuracies.
local function train(settings)
  settings.classes, settings.train, settings.test, settings.seed, settings.noise =
    4, 160, 100, 0, .1
  local data = hfc.data("synthetic", settings)
  local model = hfc.model("preact_resnet8", {classes = 4, batch_norm = true})
  hfc.train(model, data.train,
    {epochs = 6, batch_size = 10, optimizer = {"adam", lr = 3e-3}, quiet = true})
  return data, model
end

local function accuracies(settings)
  local data, model = train(settings)
  local result = {whole = hfc.accuracy(model, data.test)}
  for _, radius in ipairs {4, 8, 12} do
    result["low " .. radius], result["high " .. radius] =
      hfc.accuracy(model, data.test:low_pass(radius)),
      hfc.accuracy(model, data.test:high_pass(radius))
  end
  return result, data, model
end

-- With a hundred images of four classes, three standard deviations of guessing are .13.
local function assert_chance(accuracy, name)
  lu.assertTrue(math.abs(accuracy - .25) <= .13, ("%s: %g is not chance"):format(name, accuracy))
end

TestKnownAnswer = {}

function TestKnownAnswer:test_only_high_frequencies_carry_the_label()
  local accuracy = accuracies {low = .1, high = .25, low_correlation = 0, high_correlation = 1}
  lu.assertTrue(accuracy.whole > .95, accuracy.whole)
  for _, radius in ipairs {4, 8, 12} do
    assert_chance(accuracy["low " .. radius], "x_l, r = " .. radius)
  end
end

function TestKnownAnswer:test_only_low_frequencies_carry_the_label()
  local accuracy = accuracies {low = .25, high = .1, low_correlation = 1, high_correlation = 0}
  lu.assertTrue(accuracy.whole > .95, accuracy.whole)
  for _, radius in ipairs {4, 8, 12} do
    assert_chance(accuracy["high " .. radius], "x_h, r = " .. radius)
  end
end

function TestKnownAnswer:test_images_read_by_their_high_frequencies_are_found_there_alone()
  local function samples(settings)
    local data, model = train(settings)
    local class, y = {}, data.test:labels()
    for k, part in ipairs {data.test, data.test:low_pass(12), data.test:high_pass(12)} do
      class[k] = hfc.predict(model, part)
    end
    return class[1]:eq(y):logical_and(class[3]:eq(y)):logical_and(class[2]:ne(y))
      :double():mean():item()
  end
  local by_high = samples {low = .1, high = .25, low_correlation = 0, high_correlation = 1}
  local by_low = samples {low = .25, high = .1, low_correlation = 1, high_correlation = 0}
  lu.assertTrue(by_high > .15, by_high)
  lu.assertTrue(by_low < .03, by_low)
end

function TestKnownAnswer:test_corollary_1_a_bound_of_the_distance_is_enough_to_fool()
  local _, data, model =
    accuracies {low = .1, high = .25, low_correlation = 0, high_correlation = 1}
  local low = data.test:low_pass(12)
  local y, distance = data.test:labels(), hfc.distances(data.test, low)
  local bites = hfc.predict(model, data.test):eq(y):logical_and(hfc.predict(model, low):ne(y))
    :nonzero():flatten()
  lu.assertTrue(#bites > 20)
  -- x_l itself is within the bound and is taken for another class: the robust accuracy at that
  -- bound counts none of them.
  local x = data.test:batch(0, #data.test)
  local gap = (x - (low:batch(0, #data.test))):abs():amax({1, 2, 3})
  lu.assertTrue(gap:equal(distance.linf))
  local robust = hfc.robust_accuracy(model, data.test,
    hfc.attack.pgd {epsilon = distance.linf:max():item(), relative_alpha = .25})
  lu.assertTrue(robust <= 1 - #bites / #data.test, robust)
end

require("support").run()
