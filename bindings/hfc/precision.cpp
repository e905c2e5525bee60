#include "bindings/hfc/precision.h"

#include "base/error.h"
#include "base/machine.h"

#include <cstdio>
#include <cstdlib>

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

}  // namespace

bool read_bfloat16(Options& options, at::Device device) {
    if (!options.boolean("bfloat16", false)) {
        return false;
    }
    if (!device.is_cpu() || processor_is_fit()) {
        return true;
    }
    static bool said = false;
    if (!said) {
        said = true;
        std::fputs(
            "hfc-host: this processor does not compute in bfloat16 (no AVX512-BF16 or AMX): "
            "float32 is used; HFC_BFLOAT16=always forces bfloat16\n",
            stderr);
    }
    return false;
}

}  // namespace hfc::lua
