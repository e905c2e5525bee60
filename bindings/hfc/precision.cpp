#include "bindings/hfc/precision.h"

#include "base/error.h"
#include "base/machine.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace hfc::lua {
namespace {

bool processor_is_fit() {
    const char* const variable = std::getenv("HFC_BFLOAT16");
    const std::string_view chosen = variable == nullptr ? "" : variable;
    require(chosen.empty() || chosen == "always" || chosen == "never",
            "the environment variable HFC_BFLOAT16 must be \"always\" or \"never\", got \"{}\"",
            chosen);
    return chosen.empty() ? processor_has_bfloat16() : chosen == "always";
}

void say_once(bool& said, const char* line) {
    if (!std::exchange(said, true)) {
        std::fputs(line, stderr);
    }
}

}  // namespace

bool read_bfloat16(Options& options, at::Device device) {
    if (!options.boolean("bfloat16", false)) {
        return false;
    }
    if (!device.is_cpu() || processor_is_fit()) {
        return true;
    }
    static bool said = false;
    say_once(said,
             "hfc-host: using float32, because this processor does not support bfloat16 (no "
             "AVX512-BF16 or AMX); HFC_BFLOAT16=always forces bfloat16\n");
    return false;
}

bool read_tf32(Options& options, at::Device device) {
    if (!options.boolean("tf32", false)) {
        return false;
    }
    if (!device.is_cpu()) {
        return true;
    }
    static bool said = false;
    say_once(said, "hfc-host: using float32, because CPUs do not support TF32\n");
    return false;
}

}  // namespace hfc::lua
