#include "train/stored_result.h"

#include "base/utf8.h"

#include <string>

namespace hfc::train {

using checkpoint::Json;

Json to_json(const EpochResult& result) {
    Json accuracy = Json::array();
    for (const auto& [name, value] : result.accuracy) {
        accuracy.push_back({name, value});
    }
    Json terms = Json::array();
    for (const auto& [name, value] : result.terms) {
        terms.push_back({to_utf8(name), value});
    }
    return {{"epoch", result.epoch},
            {"step", result.step},
            {"loss", result.loss},
            {"terms", terms},
            {"train_seconds", result.train_seconds},
            {"probe_seconds", result.probe_seconds},
            {"images_per_second", result.images_per_second},
            {"timers", result.timers},
            {"accuracy", accuracy}};
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
    for (const auto& pair : json.value("terms", Json::array())) {
        result.terms.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<double>());
    }
    for (const auto& pair : json.at("accuracy")) {
        result.accuracy.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<double>());
    }
    return result;
}

}  // namespace hfc::train
