#include "bindings/hfc/loading.h"

#include "base/counted.h"
#include "base/error.h"

#include <algorithm>
#include <cstdio>

namespace hfc::lua {

std::optional<int64_t> read_threads(Options& options) {
    std::optional<int64_t> threads;
    options.with("threads", [&](const Value& value) { threads = value.integer(); });
    return threads;
}

data::Bad read_bad(Options& options) {
    const auto bad = options.text("bad", "stop");
    require(bad == "stop" || bad == "skip",
            "option 'bad': expected \"stop\" or \"skip\", got \"{}\"", bad);
    return bad == "skip" ? data::Bad::skip : data::Bad::stop;
}

void tell_skipped(const std::string& name, const std::vector<data::BadSample>& skipped) {
    constexpr size_t most = 10;
    if (skipped.empty()) {
        return;
    }
    std::fprintf(stderr, "hfc-host: %s of '%s' %s skipped:\n",
                 counted(skipped.size(), "sample").c_str(), name.c_str(),
                 skipped.size() == 1 ? "was" : "were");
    for (size_t i = 0; i < std::min(skipped.size(), most); ++i) {
        std::fprintf(stderr, "  %s\n", skipped[i].reason.c_str());
    }
    if (skipped.size() > most) {
        std::fprintf(stderr, "  and %zu more\n", skipped.size() - most);
    }
}

}  // namespace hfc::lua
