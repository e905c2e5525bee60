#include "train/adversarial.h"

#include "attack/settings.h"
#include "base/error.h"
#include "data/checksum.h"

#include <ATen/ATen.h>

namespace hfc::train {
namespace {

using checkpoint::Json;

Json describe_band(const attack::Band& band) {
    Json json = {static_cast<int>(band.part), band.radius, static_cast<int>(band.rule)};
    if (band.dct != 0) {
        json.push_back(band.dct);
    }
    if (band.mask.defined()) {
        json.push_back(data::checksum_of(band.mask));
    }
    return json;
}

class Adversarial : public Objective {
  public:
    Adversarial(ObjectivePtr objective, const attack::AttackOptions& attack)
        : objective_(std::move(objective)), attack_(attack), settings_(attack::resolve(attack)) {}

    void begin(const data::Dataset& dataset) override { objective_->begin(dataset); }

    Loss loss(model::Model& model, const TrainingBatch& batch) override {
        auto attack = attack_;
        attack.seed = data::seed_of(batch.draw);
        auto attacked = batch;
        attacked.images =
            attack::perturb(model, batch.images, batch.labels, attack, {}, batch.samples)
                .contiguous(at::MemoryFormat::ChannelsLast);
        return objective_->loss(model, attacked);
    }

    Json describe() const override {
        Json json = {{"objective", objective_->describe()},
                     {"method", attack_.method},
                     {"epsilon", settings_.epsilon},
                     {"alpha", settings_.alpha_for(settings_.epsilon)},
                     {"steps", settings_.steps},
                     {"decay", 1.0},
                     {"random_start", settings_.random_start},
                     {"restarts", settings_.restarts},
                     {"targeted", settings_.targeted},
                     {"loss", attack::name_of(settings_.loss)}};
        for (const auto& [name, value] : settings_.numbers) {
            json[name] = value;
        }
        if (const auto more = attack::identity_of(settings_); !more.empty()) {
            json["more"] = more;
        }
        if (settings_.band) {
            json["band"] = describe_band(*settings_.band);
        }
        return {{"adversarial", json}};
    }

    bool runs_script() const override { return objective_->runs_script(); }

  private:
    ObjectivePtr objective_;
    attack::AttackOptions attack_;
    attack::Settings settings_;
};

}  // namespace

ObjectivePtr make_adversarial(ObjectivePtr objective, const attack::AttackOptions& attack) {
    return std::make_shared<Adversarial>(std::move(objective), attack);
}

}  // namespace hfc::train
