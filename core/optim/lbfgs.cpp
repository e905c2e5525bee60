// L-BFGS: Nocedal, Wright, "Numerical Optimization", chapters 3 and 7, computed in the same order
// as PyTorch's torch.optim.LBFGS.
#include "optim/optimizers.h"

#include "base/error.h"
#include "optim/wolfe.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace hfc::optim {
namespace {

double dot_product(const at::Tensor& a, const at::Tensor& b) {
    return a.dot(b).item<double>();
}

double largest_of(const at::Tensor& values) {
    return values.abs().max().item<double>();
}

at::Tensor number_tensor(double value) {
    return at::scalar_tensor(value, at::kDouble);
}

/// The data kept from one step to the next. It is stored in the state of the first parameter, under
/// PyTorch's names.
struct Memory {
    double evaluations = 0, iterations = 0;
    at::Tensor direction, previous_gradient;
    double length = 0, scale = 1, previous_loss = 0;
    std::vector<at::Tensor> gradient_changes, moves;
    std::vector<double> inverse_products;

    explicit Memory(const Optimizer::State& state) {
        if (!state.contains("n_iter")) {
            return;
        }
        const auto number = [&](const std::string& name) {
            const auto found = state.find(name);
            return found == state.end() ? 0 : found->second.item<double>();
        };
        evaluations = number("func_evals");
        iterations = number("n_iter");
        length = number("t");
        scale = number("H_diag");
        previous_loss = number("prev_loss");
        if (iterations > 0) {
            const bool whole = state.contains("d") && state.contains("prev_flat_grad");
            require(whole, "optimizer lbfgs: the state lacks 'd' or 'prev_flat_grad'");
            direction = state.at("d");
            previous_gradient = state.at("prev_flat_grad").clone();
        }
        for (size_t i = 0; state.contains(fmt::format("old_dirs.{}", i)); ++i) {
            gradient_changes.push_back(state.at(fmt::format("old_dirs.{}", i)));
            moves.push_back(state.at(fmt::format("old_stps.{}", i)));
            inverse_products.push_back(number(fmt::format("ro.{}", i)));
        }
    }

    Optimizer::State to_state() const {
        Optimizer::State state = {{"func_evals", number_tensor(evaluations)},
                                  {"n_iter", number_tensor(iterations)},
                                  {"d", direction},
                                  {"t", number_tensor(length)},
                                  {"H_diag", number_tensor(scale)},
                                  {"prev_flat_grad", previous_gradient},
                                  {"prev_loss", number_tensor(previous_loss)}};
        for (size_t i = 0; i < moves.size(); ++i) {
            state[fmt::format("old_dirs.{}", i)] = gradient_changes[i];
            state[fmt::format("old_stps.{}", i)] = moves[i];
            state[fmt::format("ro.{}", i)] = number_tensor(inverse_products[i]);
        }
        return state;
    }

    /// Adds the last move, during which the gradient changed by `change`.
    void remember(const at::Tensor& change, size_t history) {
        const auto move = direction.mul(length);
        const double product = dot_product(change, move);
        if (product <= 1e-10) {
            return;
        }
        if (moves.size() == history) {
            gradient_changes.erase(gradient_changes.begin());
            moves.erase(moves.begin());
            inverse_products.erase(inverse_products.begin());
        }
        gradient_changes.push_back(change);
        moves.push_back(move);
        inverse_products.push_back(1 / product);
        scale = product / dot_product(change, change);
    }

    /// Minus the approximate inverse Hessian times the gradient, by the two-loop recursion.
    at::Tensor downhill(const at::Tensor& gradient) const {
        auto result = gradient.neg();
        std::vector<double> weights(moves.size());
        for (size_t i = moves.size(); i-- > 0;) {
            weights[i] = dot_product(moves[i], result) * inverse_products[i];
            result.add_(gradient_changes[i], -weights[i]);
        }
        result = result.mul(scale);
        for (size_t i = 0; i < moves.size(); ++i) {
            const double back = dot_product(gradient_changes[i], result) * inverse_products[i];
            result.add_(moves[i], weights[i] - back);
        }
        return result;
    }
};

class Lbfgs : public Optimizer {
  public:
    explicit Lbfgs(Groups given) : Optimizer(std::move(given)) {
        require(groups().size() == 1,
                "optimizer lbfgs accepts only one group of parameters, got {}", groups().size());
        auto& options = groups()[0].options;
        if (options.max_eval == 0) {
            options.max_eval = std::max(1.0, std::floor(options.max_iter * 5 / 4));
        }
        defaults = options;
    }
    bool needs_closure() const override { return true; }
    void add_group(ParameterGroup /*group*/) override {
        fail("optimizer lbfgs accepts only one group of parameters");
    }

    void step_with(const Closure& closure) override {
        const at::NoGradGuard no_grad;
        const auto options = groups()[0].options;
        Point now = evaluate(closure);
        int evaluations = 1;
        Memory memory(states()[0]);
        ++memory.evaluations;
        if (largest_of(now.gradient) <= options.tolerance_grad) {
            states()[0] = memory.iterations == 0 ? State() : memory.to_state();
            return;
        }
        for (int iteration = 1; iteration <= options.max_iter; ++iteration) {
            ++memory.iterations;
            turn(memory, now.gradient, options);
            memory.previous_gradient = now.gradient.clone();
            memory.previous_loss = now.loss;
            memory.length =
                memory.iterations > 1
                    ? options.lr
                    : std::min(1.0, 1 / now.gradient.abs().sum().item<double>()) * options.lr;
            const double slope = dot_product(now.gradient, memory.direction);
            if (slope > -options.tolerance_change) {
                break;
            }
            const int used = move(closure, memory, now, slope, options, iteration, evaluations);
            evaluations += used;
            memory.evaluations += used;
            if (iteration >= options.max_iter || evaluations >= options.max_eval ||
                largest_of(now.gradient) <= options.tolerance_grad ||
                largest_of(memory.direction.mul(memory.length)) <= options.tolerance_change ||
                std::abs(now.loss - memory.previous_loss) < options.tolerance_change) {
                break;
            }
        }
        states()[0] = memory.to_state();
    }

  protected:
    void update(const Batch& /*batch*/, const OptimizerOptions& /*options*/) override {}
    std::vector<int64_t> state_shape(const at::Tensor& /*parameter*/) const override {
        int64_t all = 0;
        for (const auto& parameter : groups()[0].parameters) {
            all += parameter.numel();
        }
        return {all};
    }

  private:
    std::vector<at::Tensor>& parameters() { return groups()[0].parameters; }

    static void turn(Memory& memory, const at::Tensor& gradient, const OptimizerOptions& options) {
        if (memory.iterations == 1) {
            memory.direction = gradient.neg();
            memory.scale = 1;
            return;
        }
        memory.remember(gradient.sub(memory.previous_gradient),
                        static_cast<size_t>(options.history_size));
        memory.direction = memory.downhill(gradient);
    }

    /// Moves the parameters along the direction and updates `now`. Returns the number of
    /// evaluations.
    int move(const Closure& closure, Memory& memory, Point& now, double slope,
             const OptimizerOptions& options, int iteration, int evaluations) {
        if (options.line_search_fn.empty()) {
            add(memory.direction, memory.length);
            if (iteration >= options.max_iter) {
                return 0;  // the new gradient would not be used
            }
            now = evaluate(closure);
            return 1;
        }
        const auto start = copies();
        const auto probe = [&](double length) {
            add(memory.direction, length);
            Point there = evaluate(closure);
            restore(start);
            return there;
        };
        const auto found = search_strong_wolfe(probe, memory.length, memory.direction, now, slope,
                                               options.max_eval - evaluations);
        now = found.point;
        memory.length = found.length;
        add(memory.direction, memory.length);
        return found.evaluations;
    }

    Point evaluate(const Closure& closure) {
        double loss = 0;
        {
            const at::AutoGradMode with_gradients(true);
            loss = closure();
        }
        std::vector<at::Tensor> flat;
        for (const auto& parameter : parameters()) {
            flat.push_back(parameter.grad().defined()
                               ? parameter.grad().reshape({-1})
                               : at::zeros({parameter.numel()}, parameter.options()));
        }
        auto gradient = at::cat(flat).detach();
        const bool maximize = groups()[0].options.maximize;
        return {maximize ? -loss : loss, maximize ? gradient.neg() : gradient};
    }

    void add(const at::Tensor& direction, double length) {
        int64_t begin = 0;
        for (auto& parameter : parameters()) {
            const int64_t end = begin + parameter.numel();
            parameter.add_(direction.slice(0, begin, end).view(parameter.sizes()), length);
            begin = end;
        }
    }

    std::vector<at::Tensor> copies() {
        std::vector<at::Tensor> all;
        for (const auto& parameter : parameters()) {
            all.push_back(parameter.clone());
        }
        return all;
    }

    void restore(const std::vector<at::Tensor>& values) {
        for (size_t i = 0; i < values.size(); ++i) {
            parameters()[i].copy_(values[i]);
        }
    }
};

}  // namespace

std::unique_ptr<Optimizer> make_lbfgs(Groups groups) {
    return std::make_unique<Lbfgs>(std::move(groups));
}

}  // namespace hfc::optim
