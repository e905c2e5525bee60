#include "attack/sequence.h"

#include "attack/settings.h"
#include "base/error.h"

#include <algorithm>

namespace hfc::attack {
namespace {

/// Creates the steps of one version.
class Version {
  public:
    Version(const AttackOptions& options, int64_t classes, std::vector<std::string>& notes)
        : options_(options), classes_(classes), notes_(notes) {
        require(classes >= 2, "an attack needs at least two classes, but the model has {}",
                classes);
        if (targets() < 9) {
            notes.push_back(fmt::format("with {} classes, the number of targets is {} instead of 9",
                                        classes, targets()));
        }
    }

    AttackOptions apgd(Loss loss, int64_t restarts, bool towards_targets, double passes = 1) const {
        auto step = named("apgd", restarts);
        step.loss = loss;
        if (loss == Loss::dlr && classes_ < (towards_targets ? 4 : 3)) {
            step.loss = Loss::margin;
            const auto note =
                fmt::format("with {} classes, the loss is margin instead of dlr", classes_);
            if (std::ranges::find(notes_, note) == notes_.end()) {
                notes_.push_back(note);
            }
        }
        step.numbers["targets"] = towards_targets ? static_cast<double>(targets()) : 0;
        step.numbers["passes"] = passes;
        return step;
    }

    AttackOptions fab(int64_t restarts, bool towards_targets) const {
        auto step = named("fab", restarts);
        step.numbers["targets"] = towards_targets ? static_cast<double>(targets()) : 0;
        return step;
    }

    AttackOptions square() const { return named("square", 1); }

  private:
    int64_t targets() const { return std::min<int64_t>(9, classes_ - 1); }

    AttackOptions named(const char* method, int64_t restarts) const {
        AttackOptions step;
        step.method = method;
        step.epsilon = options_.epsilon;
        step.norm = options_.norm;
        step.seed = options_.seed;
        step.range = options_.range;
        step.restarts = restarts;
        return step;
    }

    const AttackOptions& options_;
    int64_t classes_;
    std::vector<std::string>& notes_;
};

}  // namespace

void require_version(const std::string& version) {
    require(version == "standard" || version == "plus" || version == "rand",
            "version must be \"standard\", \"plus\", \"rand\" or a list of Attacks, got \"{}\"",
            version);
}

std::vector<AttackOptions> steps_of(const AttackOptions& options, int64_t classes,
                                    std::vector<std::string>& notes) {
    if (!options.sequence) {
        return {options};
    }
    const auto& sequence = *options.sequence;
    if (sequence.version.empty()) {
        auto steps = sequence.steps;
        for (auto& step : steps) {
            step.epsilon = options.epsilon;
        }
        return steps;
    }
    require_version(sequence.version);
    const Version make(options, classes, notes);
    if (sequence.version == "rand") {
        constexpr double passes = 20;
        return {make.apgd(Loss::cross_entropy, 1, false, passes),
                make.apgd(Loss::dlr, 1, false, passes)};
    }
    if (sequence.version == "plus") {
        return {make.apgd(Loss::cross_entropy, 5, false),
                make.apgd(Loss::dlr, 5, false),
                make.fab(5, false),
                make.square(),
                make.apgd(Loss::dlr, 1, true),
                make.fab(1, true)};
    }
    return {make.apgd(Loss::cross_entropy, 1, false), make.apgd(Loss::dlr, 1, true),
            make.fab(1, true), make.square()};
}

std::string name_of_step(const AttackOptions& step) {
    auto name = step.method;
    if (step.method != "fab" && step.method != "square") {
        name += fmt::format(" {}", name_of(step.loss));
    }
    const auto targets = step.numbers.find("targets");
    if (targets != step.numbers.end() && targets->second > 0) {
        name += fmt::format(", {} targets", targets->second);
    }
    return name;
}

}  // namespace hfc::attack
