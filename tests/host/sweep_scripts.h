// A small script for sweeps, and what the tests of sweeps share.
#pragma once

#include "process.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace hfc::test {

/// Trains a network with checkpoints as often as they can be written, with a pause an epoch; its
/// table has rows whose key is a string. `fail`: this seed ends with an error.
inline constexpr const char* sweep_script = R"lua(
local opt = hfc.options {
  seed = 0, lr = 1e-3, epochs = 4, pause = 0, fail = -1, kind = "a",
  layers = {{16}, "widths of the hidden layers"}, presets = {long = {epochs = 6}},
}
local data = hfc.data("synthetic", {train = 32, test = 16, seed = opt.seed})
local run = hfc.run("tiny", opt)
local nn = torch.nn
torch.manual_seed(opt.seed)
local net = nn.Sequential {
  nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.2),
  nn.Linear(16, 10),
}
local function pause()
  local until_then = os.clock() + opt.pause
  while os.clock() < until_then do end
end
if opt.seed == opt.fail then error("this seed fails") end
hfc.train(net, data.train, {
  epochs = opt.epochs, batch_size = 8, optimizer = {"adam", lr = opt.lr}, quiet = true,
  probes = {test = data.test}, on_epoch = pause, checkpoint_seconds = 0.01,
  log = run:series("net"),
})
local sum = 0
for i, p in ipairs(net:parameters()) do
  local norm = p:double():abs():sum():item()
  sum = sum + norm
  run:row("norms", {parameter = "p" .. i, norm = norm}, {"parameter"})
end
run:row("sums", {sum = sum})
)lua";

/// Some of `--jobs` and `--threads` that every machine has.
inline std::vector<std::string> two_jobs() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    return {"--threads", "1", "--jobs", CPU_COUNT(&allowed) > 1 ? "2" : "1"};
}

inline std::vector<std::string> operator+(std::vector<std::string> a,
                                          const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// What a sweep has summed up: name -> content of its tables, and of the finished runs' rows.
inline std::map<std::string, std::string> results_of(const std::filesystem::path& sweep) {
    std::map<std::string, std::string> results;
    for (const auto& folder : {sweep, sweep / "rows"}) {
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const auto extension = entry.path().extension();
            if (extension == ".csv" || extension == ".md" || extension == ".svg" ||
                extension == ".pdf") {
                results[entry.path().filename()] = read_text(entry.path());
            }
        }
    }
    return results;
}

/// The processes of a sweep's runs that have begun and not ended, by its log.
inline std::map<std::string, int> running_items(const std::filesystem::path& sweep) {
    std::map<std::string, int> running;
    std::istringstream lines(read_text(sweep / "sweep.jsonl"));
    for (std::string line; std::getline(lines, line);) {
        const auto event = nlohmann::json::parse(line, nullptr, false);
        if (!event.is_object()) {
            continue;
        }
        running.erase(event["item"].get<std::string>());
        if (event["event"] == "begun") {
            running[event["item"]] = event["pid"];
        }
    }
    return running;
}

}  // namespace hfc::test
