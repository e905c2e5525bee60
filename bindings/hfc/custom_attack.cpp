#include "bindings/hfc/custom_attack.h"

#include "attack/random_start.h"
#include "base/random.h"
#include "bindings/runtime/code.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

namespace hfc::lua {

/// One iteration of an attack while the script's function runs.
class AttackMoment {
  public:
    AttackMoment(attack::Evaluation& here, const attack::Constraint& constraint,
                 const at::Tensor& samples, std::string purpose, uint64_t seed, int64_t iteration)
        : here_(&here),
          constraint_(&constraint),
          samples_(samples),
          purpose_(std::move(purpose)),
          seed_(seed),
          iteration_(iteration) {}

    void end() { here_ = nullptr; }

    attack::Evaluation& here() const {
        require(here_ != nullptr,
                "this object can be used only during the iteration for which it was created");
        return *here_;
    }
    const attack::Constraint& constraint() const {
        here();
        return *constraint_;
    }
    int64_t iteration() const { return iteration_; }

    /// Uniform numbers in [0,1), one row per image. A row does not depend on the other images.
    at::Tensor draw() {
        const auto& images = here().images();
        const auto purpose = fmt::format("{} iteration {} draw {}", purpose_, iteration_, draws_++);
        return uniform_float_by_sample(samples_.cpu(), images.numel() / images.size(0), seed_,
                                       purpose)
            .view(images.sizes())
            .to(images.device());
    }

  private:
    attack::Evaluation* here_;
    const attack::Constraint* constraint_;
    at::Tensor samples_;
    std::string purpose_;
    uint64_t seed_;
    int64_t iteration_;
    int64_t draws_ = 0;
};

namespace {

class LuaAttack : public attack::Attack {
  public:
    LuaAttack(const attack::Settings& settings, Reference step)
        : Attack(settings), step_(std::move(step)) {}

    void begin(const attack::AttackedNetwork& network, const attack::AttackBatch& batch) override {
        Attack::begin(network, batch);
        const Turn turn(step_);
        lua_newtable(turn.state());
        state_ = Reference(turn.state());
    }

    void advance(attack::Evaluation& here) override {
        const Turn turn(step_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        require(lua_checkstack(L, 10) != 0, "calls to attack functions are nested too deeply");
        const auto moment = std::make_shared<AttackMoment>(
            here, constraint(), samples(), attack::random_purpose(settings(), restart()),
            settings().seed, iteration_++);
        const struct End {
            AttackMoment& moment;
            ~End() { moment.end(); }
        } end{*moment};
        step_.push(L);
        push(L, images().clone());
        push_object<AttackStep>(L, moment);
        state_.push(L);
        protected_call(L, 3, 1);
        const at::Tensor* result = to_tensor(L, top + 1);
        require(result != nullptr && result->defined() && result->sizes() == images().sizes() &&
                    result->scalar_type() == at::kFloat,
                "'step' must return images as a Tensor float32 [{}], got {}",
                fmt::join(images().sizes(), ", "),
                result == nullptr ? describe(L, top + 1) : describe_tensor(*result));
        const auto moved = result->detach().to(images().device());
        require(moved.isfinite().all().item<bool>(),
                "'step' must return images whose pixels are all finite");
        lua_settop(L, top);
        move_to(moved.contiguous(images().suggest_memory_format()));
    }

    /// Also selects these rows in each tensor of the state that has one row per image.
    void keep(const at::Tensor& rows) override {
        const auto before = images().size(0);
        Attack::keep(rows);
        const Turn turn(step_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        require(lua_checkstack(L, 8) != 0, "calls to attack functions are nested too deeply");
        state_.push(L);
        lua_pushnil(L);
        while (lua_next(L, top + 1) != 0) {
            const at::Tensor* tensor = to_tensor(L, -1);
            if (tensor != nullptr && tensor->dim() > 0 && tensor->size(0) == before) {
                const auto kept = tensor->index_select(0, rows.to(tensor->device()));
                lua_pushvalue(L, -2);
                push(L, kept);
                lua_rawset(L, top + 1);
            }
            lua_pop(L, 1);
        }
        lua_settop(L, top);
    }

  protected:
    std::vector<at::Tensor*> per_image() override { return {}; }

  private:
    Reference step_;
    Reference state_;
    int64_t iteration_ = 0;
};

AttackMoment& moment_of(Call& call, int arguments = 1) {
    call.at_most(arguments);
    return *call.argument(1, "step").object<AttackStep>();
}

int originals(Call& call) {
    return call.returns(moment_of(call).constraint().images().clone());
}

int labels(Call& call) {
    return call.returns(moment_of(call).here().labels().clone());
}

int epsilons(Call& call) {
    return call.returns(moment_of(call).constraint().float_epsilons());
}

int iteration(Call& call) {
    return call.returns(moment_of(call).iteration());
}

int logits(Call& call) {
    return call.returns(moment_of(call).here().logits().clone());
}

int losses(Call& call) {
    return call.returns(moment_of(call).here().losses());
}

int gradient(Call& call) {
    return call.returns(moment_of(call).here().gradient().clone());
}

int class_gradients(Call& call) {
    auto& moment = moment_of(call, 2);
    return call.returns(moment.here().class_gradients(
        call.given(2) ? tensor_argument(call, 2, "classes") : at::Tensor()));
}

int draw(Call& call) {
    return call.returns(moment_of(call).draw());
}

const std::vector<Declaration> step_declarations = {
    {"AttackStep:originals", originals,
     "AttackStep:originals() -> Tensor float32 [N, C, H, W]\n\n"
     "Returns the unperturbed images. The function passed to hfc.attack.custom gets a new "
     "AttackStep in each iteration. N is the number of images that are still being attacked. After "
     "the function has returned, all methods of this AttackStep raise an error."},
    {"AttackStep:labels", labels,
     "AttackStep:labels() -> Tensor int64 [N]\n\n"
     "Returns the labels."},
    {"AttackStep:epsilons", epsilons,
     "AttackStep:epsilons() -> Tensor float32 [N, 1, 1, 1]\n\n"
     "Returns the largest allowed perturbation of each image."},
    {"AttackStep:iteration", iteration,
     "AttackStep:iteration() -> number\n\n"
     "Returns the number of iterations before this one."},
    {"AttackStep:logits", logits,
     "AttackStep:logits() -> Tensor float32 [N, classes]\n\n"
     "Returns the logits at the perturbed images. The network runs only once, even if you call "
     "gradient() afterwards."},
    {"AttackStep:losses", losses,
     "AttackStep:losses() -> Tensor float32 [N]\n\n"
     "Returns the loss that the attack increases, computed at the perturbed images. The option "
     "`loss` selects this loss; its sign is reversed if the attack is targeted."},
    {"AttackStep:gradient", gradient,
     "AttackStep:gradient() -> Tensor float32 [N, C, H, W]\n\n"
     "Returns the gradient of the losses at the perturbed images."},
    {"AttackStep:class_gradients", class_gradients,
     "AttackStep:class_gradients(classes) -> Tensor float32 [N, K, C, H, W]\n\n"
     "Returns the gradient of each logit at the perturbed images. classes: a Tensor int64 [N, K] "
     "that selects K classes for each image (default all classes). The method runs K backward "
     "passes."},
    {"AttackStep:rand", draw,
     "AttackStep:rand() -> Tensor float32 [N, C, H, W]\n\n"
     "Returns random numbers, uniform in [0,1). The numbers for an image depend only on the "
     "seed, the name of the attack, the restart, the iteration and the index of the image in "
     "its source."},
};

}  // namespace

std::shared_ptr<const attack::Method> make_custom_method(lua_State* L, const Value& step,
                                                         const std::string& name,
                                                         attack::Norm norm) {
    if (!lua_isfunction(L, step.index())) {
        step.expected("a function(images, at, state) that returns images");
    }
    lua_pushvalue(L, step.index());
    auto method = std::make_shared<attack::Method>();
    method->name = name;
    method->norm = norm;
    method->random_start = true;
    method->draws = true;
    method->fingerprint = code_of(L) + name;
    const Reference function(L);
    method->make = [function](const attack::Settings& settings) {
        return std::make_unique<LuaAttack>(settings, function);
    };
    return method;
}

namespace detail {

void register_attack_step(lua_State* L) {
    register_type<AttackStep>(L);
    declare(L, step_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
