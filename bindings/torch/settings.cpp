// Settings for the whole process: default dtype, threads, states of random generators,
// deterministic algorithms, precision of matrix products.
#include "base/device.h"
#include "base/dtype_name.h"
#include "base/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/print.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>

namespace hfc::lua {
namespace {

int get_default_dtype(Call& call) {
    return call.returns(dtype_name(c10::get_default_dtype_as_scalartype()));
}

int set_default_dtype(Call& call) {
    const std::string name = call.argument(1, "dtype").text();
    const auto dtype = find_dtype(name);
    require(dtype && c10::isFloatingType(*dtype), "expected a floating-point dtype, got '{}'",
            name);
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(*dtype));
    return 0;
}

/// dtype_limits(name) -> bits, whether it is an integer dtype, smallest, largest, smallest normal,
/// step at 1 (0 for an integer dtype), for torch.finfo and torch.iinfo.
template <typename T>
int push_limits(Call& call) {
    using Limits = std::numeric_limits<T>;
    const bool whole = Limits::is_integer;
    const double tiny = whole ? 0 : static_cast<double>(Limits::min());
    const double eps = whole ? 0 : static_cast<double>(Limits::epsilon());
    return call.returns(static_cast<int>(sizeof(T)) * 8, whole,
                        static_cast<double>(Limits::lowest()), static_cast<double>(Limits::max()),
                        tiny, eps);
}

int dtype_limits(Call& call) {
    const std::string name = call.argument(1, "dtype").text();
    const auto dtype = find_dtype(name);
    require(dtype.has_value(), "unknown dtype '{}'", name);
    switch (*dtype) {
        case at::kFloat:
        case at::kComplexFloat:
            return push_limits<float>(call);
        case at::kDouble:
        case at::kComplexDouble:
            return push_limits<double>(call);
        case at::kHalf:
            return push_limits<c10::Half>(call);
        case at::kBFloat16:
            return push_limits<c10::BFloat16>(call);
        case at::kLong:
            return push_limits<int64_t>(call);
        case at::kInt:
            return push_limits<int32_t>(call);
        case at::kShort:
            return push_limits<int16_t>(call);
        case at::kChar:
            return push_limits<int8_t>(call);
        case at::kByte:
            return push_limits<uint8_t>(call);
        default:
            fail("expected an integer or floating-point dtype, got '{}'", name);
    }
}

int get_num_threads(Call& call) {
    return call.returns(at::get_num_threads());
}

int set_num_threads(Call& call) {
    const int64_t threads = call.argument(1, "threads").integer();
    require(threads >= 1 && threads <= 1024, "threads must be between 1 and 1024, got {}", threads);
    at::set_num_threads(static_cast<int>(threads));
    return 0;
}

int get_rng_state(Call& call) {
    return call.returns(at::detail::getDefaultCPUGenerator().get_state());
}

int set_rng_state(Call& call) {
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(tensor_argument(call, 1, "state"));
    return 0;
}

int initial_seed(Call& call) {
    return call.returns(static_cast<double>(at::detail::getDefaultCPUGenerator().current_seed()));
}

/// Draws a seed that a double can represent exactly, and sets it.
int seed(Call& call) {
    const auto value = c10::detail::getNonDeterministicRandom() >> 12;
    cuda_status();
    at::manual_seed(value);
    return call.returns(static_cast<double>(value));
}

at::Generator& generator_argument(Call& call) {
    return call.argument(1, "generator").object<at::Generator>();
}

int generator_state(Call& call) {
    return call.returns(generator_argument(call).get_state());
}

int set_generator_state(Call& call) {
    generator_argument(call).set_state(tensor_argument(call, 2, "state"));
    lua_settop(call.L, 1);
    return 1;
}

int generator_seed(Call& call) {
    return call.returns(static_cast<double>(generator_argument(call).current_seed()));
}

int use_deterministic_algorithms(Call& call) {
    const bool mode = call.argument(1, "mode").boolean();
    auto options = call.options(2);
    const bool warn_only = options.boolean("warn_only", false);
    options.finish();
    at::globalContext().setDeterministicAlgorithms(mode, warn_only);
    return 0;
}

int are_deterministic_algorithms_enabled(Call& call) {
    return call.returns(at::globalContext().deterministicAlgorithms());
}

int get_matmul_precision(Call& call) {
    const auto precision = at::globalContext().float32MatmulPrecision();
    return call.returns(precision == at::Float32MatmulPrecision::HIGHEST ? "highest"
                        : precision == at::Float32MatmulPrecision::HIGH  ? "high"
                                                                         : "medium");
}

int set_matmul_precision(Call& call) {
    const std::string name = call.argument(1, "precision").text();
    require(name == "highest" || name == "high" || name == "medium",
            "expected 'highest', 'high' or 'medium', got '{}'", name);
    at::globalContext().setFloat32MatmulPrecision(name);
    return 0;
}

int set_flush_denormal(Call& call) {
    return call.returns(at::globalContext().setFlushDenormal(call.argument(1, "mode").boolean()));
}

/// One of PyTorch's predefined sets of print options.
PrintOptions find_profile(const std::string& profile) {
    require(profile == "default" || profile == "short" || profile == "full",
            "profile: expected 'default', 'short' or 'full', got '{}'", profile);
    PrintOptions options;
    if (profile == "short") {
        options.precision = 2;
        options.edge_items = 2;
    } else if (profile == "full") {
        options.threshold = std::numeric_limits<int64_t>::max();
    }
    return options;
}

int set_printoptions(Call& call) {
    auto options = call.options(1);
    const std::string profile = options.text("profile", "");
    PrintOptions wanted = profile.empty() ? print_options() : find_profile(profile);
    wanted.precision = options.integer("precision", wanted.precision);
    wanted.edge_items = options.integer("edgeitems", wanted.edge_items);
    wanted.line_width = options.integer("linewidth", wanted.line_width);
    options.with("threshold", [&](const Value& value) {
        const double threshold = value.number();
        wanted.threshold = threshold < 1e15 ? static_cast<int64_t>(threshold)
                                            : std::numeric_limits<int64_t>::max();
    });
    options.with("sci_mode", [&](const Value& value) { wanted.sci_mode = value.boolean(); });
    options.finish();
    require(wanted.precision >= 0 && wanted.precision <= 30,
            "precision must be between 0 and 30, got {}", wanted.precision);
    require(wanted.edge_items >= 1 && wanted.line_width >= 1 && wanted.threshold >= 0,
            "edgeitems and linewidth must be >= 1, and threshold must be >= 0");
    print_options() = wanted;
    return 0;
}

int is_inference_mode_enabled(Call& call) {
    return call.returns(c10::InferenceMode::is_enabled());
}

/// A switch of torch.backends.
struct Switch {
    std::string_view name;
    bool (*read)(const at::Context&);
    void (*set)(at::Context&, bool);
};

constexpr Switch switches[] = {
    {"cudnn.enabled", [](const at::Context& c) { return c.userEnabledCuDNN(); },
     [](at::Context& c, bool value) { c.setUserEnabledCuDNN(value); }},
    {"cudnn.benchmark", [](const at::Context& c) { return c.benchmarkCuDNN(); },
     [](at::Context& c, bool value) { c.setBenchmarkCuDNN(value); }},
    {"cudnn.deterministic", [](const at::Context& c) { return c.deterministicCuDNN(); },
     [](at::Context& c, bool value) { c.setDeterministicCuDNN(value); }},
    {"cudnn.allow_tf32", [](const at::Context& c) { return c.allowTF32CuDNN(); },
     [](at::Context& c, bool value) { c.setAllowTF32CuDNN(value); }},
    {"cuda.matmul.allow_tf32", [](const at::Context& c) { return c.allowTF32CuBLAS(); },
     [](at::Context& c, bool value) { c.setAllowTF32CuBLAS(value); }},
    {"mkldnn.enabled", [](const at::Context& c) { return c.userEnabledMkldnn(); },
     [](at::Context& c, bool value) { c.setUserEnabledMkldnn(value); }},
};

/// backend_switch(name) -> boolean; backend_switch(name, value) sets it.
int backend_switch(Call& call) {
    const std::string name = call.argument(1, "name").text();
    for (const auto& one : switches) {
        if (one.name == name && call.given(2)) {
            one.set(at::globalContext(), call.argument(2, "value").boolean());
            return 0;
        }
        if (one.name == name) {
            return call.returns(one.read(at::globalContext()));
        }
    }
    fail("there is no switch '{}'", name);
}

const Declaration switch_declaration = {"torch.backends", backend_switch, ""};
const Declaration limits_declaration = {"torch.finfo", dtype_limits, ""};

const std::vector<Declaration> setting_functions = {
    {"torch.get_default_dtype", get_default_dtype,
     "torch.get_default_dtype() -> string\n\n"
     "Returns the dtype of tensors that are created from numbers."},
    {"torch.set_default_dtype", set_default_dtype,
     "torch.set_default_dtype(dtype)\n\n"
     "Sets the floating-point dtype of tensors that are created from numbers (initially "
     "\"float32\")."},
    {"torch.get_num_threads", get_num_threads,
     "torch.get_num_threads() -> number\n\n"
     "Returns the number of threads that an operator may use on the CPU."},
    {"torch.set_num_threads", set_num_threads,
     "torch.set_num_threads(threads)\n\n"
     "Sets the number of threads that an operator may use on the CPU."},
    {"torch.get_rng_state", get_rng_state,
     "torch.get_rng_state() -> Tensor uint8\n\n"
     "Returns the state of the CPU's random generator."},
    {"torch.set_rng_state", set_rng_state,
     "torch.set_rng_state(state)\n\n"
     "Sets the CPU's random generator to a state from torch.get_rng_state."},
    {"torch.initial_seed", initial_seed,
     "torch.initial_seed() -> number\n\n"
     "Returns the seed of the CPU's random generator."},
    {"torch.seed", seed,
     "torch.seed() -> number\n\nSeeds the random generators of all devices with a random number "
     "and returns it."},
    {"Generator:get_state", generator_state,
     "generator:get_state() -> Tensor uint8\n\n"
     "Returns the state of the generator."},
    {"Generator:set_state", set_generator_state,
     "generator:set_state(state) -> generator\n\n"
     "Sets the generator to a state from get_state."},
    {"Generator:initial_seed", generator_seed,
     "generator:initial_seed() -> number\n\n"
     "Returns the seed of the generator."},
    {"torch.use_deterministic_algorithms", use_deterministic_algorithms,
     "torch.use_deterministic_algorithms(mode, {warn_only = false})\n\n"
     "If mode is true, operators use only algorithms that give the same results in each run."},
    {"torch.are_deterministic_algorithms_enabled", are_deterministic_algorithms_enabled,
     "torch.are_deterministic_algorithms_enabled() -> boolean\n\n"
     "Returns the mode set by torch.use_deterministic_algorithms."},
    {"torch.get_float32_matmul_precision", get_matmul_precision,
     "torch.get_float32_matmul_precision() -> string\n\n"
     "Returns the precision of float32 matrix products: \"highest\", \"high\" or \"medium\"."},
    {"torch.set_float32_matmul_precision", set_matmul_precision,
     "torch.set_float32_matmul_precision(precision)\n\n"
     "Sets the precision of float32 matrix products. \"highest\" computes them in float32; "
     "\"high\" and \"medium\" let the device use fewer bits."},
    {"torch.set_flush_denormal", set_flush_denormal,
     "torch.set_flush_denormal(mode) -> boolean\n\n"
     "Sets whether denormal numbers are replaced by 0. Returns false if the processor does not "
     "support this."},
    {"torch.set_printoptions", set_printoptions,
     "torch.set_printoptions {precision = 4, threshold = 1000, edgeitems = 3, linewidth = 80, "
     "profile, sci_mode}\n\n"
     "Sets how tensors are printed. threshold: the number of elements above which a tensor is "
     "shortened. profile: \"default\", \"short\" or \"full\". sci_mode: if true, prints numbers "
     "with an exponent (the default depends on their size). Options that you do not pass keep "
     "their values."},
    {"torch.is_inference_mode_enabled", is_inference_mode_enabled,
     "torch.is_inference_mode_enabled() -> boolean\n\n"
     "Returns true inside torch.inference_mode."},
};

}  // namespace

void push_dtype_limits(lua_State* L) {
    push_function(L, limits_declaration);
}

void push_backend_switch(lua_State* L) {
    push_function(L, switch_declaration);
}

namespace detail {

void register_settings(lua_State* L) {
    declare(L, setting_functions);
}

}  // namespace detail
}  // namespace hfc::lua
