#include "train/stored_result.h"

#include "base/utf8.h"

#include <string>
#include <utility>
#include <vector>

namespace hfc::train {

using checkpoint::Json;

namespace {

using NamedNumbers = std::vector<std::pair<std::string, double>>;

Json named_numbers(const NamedNumbers& numbers) {
    Json json = Json::array();
    for (const auto& [name, value] : numbers) {
        json.push_back({to_utf8(name), value});
    }
    return json;
}

NamedNumbers to_numbers(const Json& json) {
    NamedNumbers numbers;
    for (const auto& pair : json) {
        numbers.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<double>());
    }
    return numbers;
}

}  // namespace

Json to_json(const EpochResult& result) {
    Json metrics = Json::array();
    for (const auto& metric : result.metrics) {
        metrics.push_back({to_utf8(metric.metric), named_numbers(metric.values)});
    }
    return {{"epoch", result.epoch},
            {"step", result.step},
            {"loss", result.loss},
            {"terms", named_numbers(result.terms)},
            {"train_seconds", result.train_seconds},
            {"probe_seconds", result.probe_seconds},
            {"images_per_second", result.images_per_second},
            {"timers", result.timers},
            {"accuracy", named_numbers(result.accuracy)},
            {"metrics", metrics}};
}

EpochResult to_result(const Json& json) {
    EpochResult result;
    result.epoch = json.at("epoch").get<int64_t>();
    result.step = json.at("step").get<int64_t>();
    result.loss = json.at("loss").get<double>();
    result.train_seconds = json.at("train_seconds").get<double>();
    result.probe_seconds = json.at("probe_seconds").get<double>();
    result.images_per_second = json.at("images_per_second").get<double>();
    result.timers = json.value("timers", result.timers);
    result.terms = to_numbers(json.value("terms", Json::array()));
    result.accuracy = to_numbers(json.at("accuracy"));
    for (const auto& pair : json.value("metrics", Json::array())) {
        result.metrics.push_back({pair.at(0).get<std::string>(), to_numbers(pair.at(1))});
    }
    return result;
}

}  // namespace hfc::train
